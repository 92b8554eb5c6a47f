import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// What others say of public captures of chats, against our records; skipped where the captures are not there.
@Suite struct ChatAnswerTests {
  private let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  private typealias Record = [String: Any]

  /// The records of a kind that a capture gives; nil when it is not there. Captures that repeat each other cannot share a bundle.
  private func records(_ capture: String) throws -> ((String) throws -> [Record])? {
    guard exhibitProgram != nil, let folder = captureFolder else { return nil }
    let path = folder.appending(path: capture).path
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let bundle = scratch.path("bundle")
    let result = try exhibit("process", path, "--output", bundle, "--quiet", "--jobs", "1")
    try #require(result.status == 0, "\(result.errors)")
    return { kind in
      try RecordFile(path: "\(bundle)/data/records/\(kind).ndjson").map { line in
        try #require(JSONSerialization.jsonObject(with: Data(line)) as? Record)
      }
    }
  }

  // MARK: MQTT, Suricata

  private static let mqtt: [String] = {
    guard let folder = captureFolder?.appending(path: "suricata-verify/tests") else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasPrefix("mqtt5") || $0.hasPrefix("mqtt3") || $0 == "mqtt-pub-rules" }.sorted()
  }()

  /// Every fact that test.yaml beside Suricata's captures states of a control packet.
  @Test(arguments: mqtt) func agreesWithSuricata(_ name: String) throws {
    let folder = try #require(captureFolder).appending(path: "suricata-verify/tests/\(name)")
    let capture = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).first { $0.hasSuffix(".pcap") })
    guard let records = try records("suricata-verify/tests/\(name)/\(capture)") else { return }
    let facts = try Self.facts(records)
    // There the packet says 4, disconnect with will message, as tshark shows it; Suricata's answer says 0.
    let isOther = name == "mqtt5-unsub-userpass"
    let yaml = try String(contentsOf: folder.appending(path: "test.yaml"), encoding: .utf8)
    var tried = 0
    for filter in yaml.split(separator: "filter:") {
      let wanted = filter.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }.filter {
        $0.hasPrefix("mqtt.")
      }
      .map { line in
        let colon = line.firstIndex(of: ":") ?? line.endIndex
        return (String(line[..<colon].dropFirst(5)), Self.plain(line[colon...].dropFirst()))
      }
      .filter { !isOther || $0.0 != "disconnect.reason_code" }
      // A rule on one packet of an otherwise unspecified kind states nothing.
      guard !wanted.isEmpty else { continue }
      for kind in Set(wanted.map { $0.0.prefix { $0 != "." } }) {
        let own = wanted.filter { $0.0.hasPrefix(kind + ".") }
        tried += own.count
        #expect(
          facts.contains { fact in own.allSatisfy { fact[$0.0] == Self.expected($0.0, $0.1) } },
          "\(own) in \(facts.filter { $0.keys.contains { $0.hasPrefix(kind + ".") } })")
      }
    }
    print("\(name): \(tried) facts")
  }

  private static func plain(_ text: Substring) -> String {
    text.filter { $0 != "\"" && $0 != " " }
  }

  private static func expected(_ key: String, _ value: String) -> String {
    key.hasSuffix("password") && !key.contains("flags") || key.hasSuffix("authentication_data") ? "[withheld]" : value
  }

  private static func facts(_ records: (String) throws -> [Record]) throws -> [[String: String]] {
    var facts: [[String: String]] = []
    func text(_ value: Any?) -> String { value.map { "\($0)" } ?? "" }
    func flag(_ value: Any?) -> String { (value as? Bool) == true ? "true" : "false" }
    func begin(_ kind: String, qos: String = "0") -> [String: String] {
      ["\(kind).qos": qos, "\(kind).retain": "false", "\(kind).dup": "false"]
    }
    func place(_ list: Any?, _ prefix: String, _ fact: inout [String: String]) {
      for entry in list as? [Record] ?? [] {
        let name =
          entry["key"].map { text($0) }
          ?? text(entry["name"]).reduce(into: "") { out, letter in
            out += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
          }
        fact["\(prefix).properties.\(name)"] = text(entry["value"])
      }
    }
    for record in try records("mqtt-session") {
      var fact = begin("connect")
      let version = text(record["version"])
      fact["connect.protocol_string"] = version == "3.1" ? "MQIsdp" : "MQTT"
      fact["connect.protocol_version"] = ["3.1": "3", "3.1.1": "4", "5.0": "5"][version]
      fact["connect.flags.username"] = record["user"] == nil ? "false" : "true"
      fact["connect.flags.password"] = record["password"] == nil ? "false" : "true"
      fact["connect.flags.will"] = record["willTopic"] == nil ? "false" : "true"
      fact["connect.flags.will_retain"] = flag(record["isWillRetained"])
      fact["connect.flags.clean_session"] = flag(record["isClean"])
      fact["connect.client_id"] = text(record["clientID"])
      fact["connect.username"] = text(record["user"])
      fact["connect.password"] = text(record["password"])
      fact["connect.will.topic"] = text(record["willTopic"])
      fact["connect.will.message"] = text(record["willText"])
      place(record["willProperties"], "connect.will", &fact)
      place(record["properties"], "connect", &fact)
      facts.append(fact)
      var answer = begin("connack")
      answer["connack.session_present"] = flag(record["isSessionPresent"])
      answer["connack.return_code"] = text(record["status"])
      place(record["serverProperties"], "connack", &answer)
      facts.append(answer)
    }
    for record in try records("mqtt-message") {
      var fact = ["publish.qos": text(record["qualityOfService"])]
      fact["publish.retain"] = flag(record["isRetained"])
      fact["publish.dup"] = flag(record["isRetransmission"])
      fact["publish.topic"] = text(record["topic"])
      fact["publish.message"] = text(record["text"])
      fact["publish.message_id"] = text(record["transactionID"])
      place(record["properties"], "publish", &fact)
      facts.append(fact)
    }
    for record in try records("mqtt-command") {
      let kind = text(record["command"]).lowercased()
      var fact = begin(kind, qos: kind == "pubrel" ? "1" : "0")
      fact["\(kind).message_id"] = text(record["transactionID"])
      fact["\(kind).reason_code"] = record["status"].map { text($0) } ?? "0"
      place(record["properties"], kind, &fact)
      facts.append(fact)
    }
    for record in try records("mqtt-subscription") {
      let kind = text(record["command"]).lowercased()
      let topics = record["topics"] as? [Record] ?? []
      let answer = kind == "subscribe" ? "suback" : "unsuback"
      var fact = begin(kind, qos: "1")
      fact["\(kind).message_id"] = text(record["transactionID"])
      fact["\(kind).topics"] =
        "["
        + topics.map { topic in
          kind == "subscribe"
            ? "{topic:\(text(topic["topic"])),qos:\(text(topic["qualityOfService"]))}" : text(topic["topic"])
        }.joined(separator: ",") + "]"
      facts.append(fact)
      guard flag(record["isAnswered"]) == "true" else { continue }
      let codes = "[" + topics.compactMap { $0["status"].map { text($0) } }.joined(separator: ",") + "]"
      var reply = begin(answer)
      reply["\(answer).message_id"] = text(record["transactionID"])
      reply["\(answer).qos_granted"] = codes
      reply["\(answer).reason_codes"] = codes
      facts.append(reply)
    }
    return facts
  }

  @Test func saysThatAQualityOfServiceIsInvalid() throws {
    guard let records = try records("suricata-verify/tests/mqtt-events-invalid-qos/input.pcap") else { return }
    #expect(try records("finding").contains { $0["code"] as? String == "mqtt/malformed" })
  }

  // MARK: IRC, Arkime; Telnet, Suricata

  /// tests/pcap/irc.test: the nick and the channel.
  @Test func agreesWithArkimeOnIRC() throws {
    guard let records = try records("arkime/tests/pcap/irc.pcap") else { return }
    let session = try #require(try records("irc-session").first)
    #expect(session["nick"] as? String == "molochtest")
    #expect(session["channels"] as? [String] == ["#moloch-fpc"])
  }

  /// README.md and rules beside Suricata's capture: a login with a name and a password, and what the server then shows.
  @Test func readsSuricatasLoginByTelnet() throws {
    guard let records = try records("suricata-verify/tests/telnet/telnet-01/telnet.pcap") else { return }
    let session = try #require(try records("telnet-session").first)
    #expect(session["user"] as? String == "fake")
    #expect(session["withheldCount"] as? Int == 1)
    let typed = try records("telnet-line").filter { $0["speaker"] as? String == "client" }.compactMap {
      $0["text"] as? String
    }
    #expect(typed == ["fake", "[withheld]", "/sbin/ping www.yahoo.com", "ls", "ls -a", "exit"])
  }
}
