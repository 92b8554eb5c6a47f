import EvidenceModel
import Foundation

/// Makes a small bundle for tests: calls with losses, transfers, files, and text that attacks its reader.
struct FixtureBundle {
  static let script = "<script>alert(1)</script>"
  static let turned = "invoice\u{202E}gpj.exe"
  static let long = String(repeating: "0123456789", count: 1_000)

  let path: String
  var records: [String: [Fields]] = [:]
  private var next = 0

  init(path: String) throws {
    self.path = path
    try? FileManager.default.removeItem(atPath: path)
    for folder in ["data/records", "data/artefacts", "data/originals", "meta", "custody"] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
    }
  }

  /// A whole bundle with everything that pages show.
  static func complete(path: String) throws -> FixtureBundle {
    var bundle = try FixtureBundle(path: path)
    try bundle.addDocuments()
    try bundle.addFiles()
    try bundle.addCalls()
    bundle.addTraffic()
    bundle.addFindings()
    try bundle.addChats()
    try bundle.writeRecords()
    return bundle
  }

  static func hash(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits + String(repeating: "9a3c", count: 15)
  }

  mutating func add(_ kind: String, packets: String, second: Int, _ fields: Fields, prefix: String = "R") {
    next += 1
    let digits = String(next)
    var record = fields
    record.set("kind", kind)
    record.set("id", "\(prefix)-" + String(repeating: "0", count: 6 - digits.count) + digits)
    if record["decoder"] == nil { record.set("decoder", "\(kind.prefix { $0 != "/" }) 1.0") }
    record.set("provenance", .list([.object(["original": "O-0001", "packets": .text(packets)])]))
    record.set("capturedAt", Self.time(second))
    records[String(kind.map { $0 == "/" ? "-" : $0 }), default: []].append(record)
  }

  static func time(_ second: Int) -> String {
    let two = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
    return "2026-01-02T03:\(two(second / 60)):\(two(second % 60)).123456789Z"
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(filePath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func writeRecords() throws {
    for (kind, list) in records {
      try write("data/records/\(kind).ndjson", list.flatMap { CanonicalJSON.bytes($0) + [0x0a] })
    }
  }

  // MARK: Parts

  mutating func addDocuments() throws {
    let item: Fields = [
      "item": "O-0001", "name": .text("/media/usb/\(Self.turned)"), "bytes": 4_194_304, "sha256": .text(Self.hash(1)),
      "path": "data/originals/O-0001.pcapng", "modifiedAt": .text(Self.time(0)),
    ]
    let tool: Fields = ["name": "exhibit", "version": "0.1.0", "sha256": .text(Self.hash(2)), "os": "Linux 6.1 x86_64"]
    try write(
      "meta/bundle.json",
      CanonicalJSON.bytes([
        "version": 1, "id": "urn:uuid:00000000-0000-4000-8000-000000000001", "createdAt": .text(Self.time(3_000)),
        "case": "2026-LI-0042", "examiner": "A. Examiner", "mode": "copy", "tool": .object(tool),
        "authority": .object([
          "reference": "Order 17/2026, District Court", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z",
        ]), "originals": .list([.object(item)]), "configuration": .object(["decoders": .list(["dns 1.0", "sip 1.0"])]),
      ]))
    let rows: [(String, String, Int64, Int64)] = [
      ("malformed", "udp", 3, 120), ("otherProtocol", "STP", 40, 0), ("control", "", 22, 0), ("truncated", "", 12, 0),
      ("retransmission", "", 31, 9_000), ("noPayload", "", 820, 0), ("decoded", "dns", 44, 4_000),
      ("decoded", "http", 900, 900_000), ("decoded", "rtp", 2_100, 336_000), ("decoded", "sip", 28, 19_000),
      ("unclaimed", "tcp", 1_000, 700_000),
    ]
    let list = rows.map { row -> Value in
      var fields: Fields = ["row": .text(row.0), "packets": .integer(row.2), "payloadBytes": .integer(row.3)]
      fields.set("headerBytes", row.2 * 54)
      if !row.1.isEmpty { fields.set("detail", row.1) }
      return .object(fields)
    }
    let packetData = rows.reduce(Int64(0)) { $0 + $1.2 * 54 + $1.3 }
    let unclaimed: [Fields] = [
      [
        "transport": "tcp", "port": 443, "guess": "TLS", "basis": "firstBytes",
        "evidence": "the first bytes are those of a TLS client hello", "packets": 900, "headerBytes": 48_600,
        "payloadBytes": 690_000,
      ],
      [
        "transport": "tcp", "port": 22, "guess": "SSH", "basis": "port", "evidence": "the port only", "packets": 60,
        "headerBytes": 3_240, "payloadBytes": 9_000,
      ],
      ["transport": "tcp", "others": 12, "packets": 40, "headerBytes": 2_160, "payloadBytes": 1_000],
    ]
    try write(
      "data/ledger.json",
      CanonicalJSON.bytes([
        "version": 1,
        "originals": .list([
          .object([
            "original": "O-0001", "firstPacketAt": .text(Self.time(0)), "lastPacketAt": .text(Self.time(1_800)),
            "bytes": .object([
              "total": 4_194_304, "packetData": .integer(packetData),
              "framing": .integer(4_194_304 - packetData), "unreadable": 0,
            ]),
            "packets": .object(["total": .integer(rows.reduce(0) { $0 + $1.2 }), "rows": .list(list)]),
            "unclaimed": .list(unclaimed.map { .object($0) }),
            "witness": .object(["verdict": "agrees", "packets": 5_000, "bytes": .integer(packetData)]),
          ])
        ]),
      ]))
    for (index, type) in ["open", "ingest", "decode", "finish"].enumerated() {
      try write(
        "custody/00000\(index + 1).json",
        CanonicalJSON.bytes([
          "v": 1, "bundle": "urn:uuid:00000000-0000-4000-8000-000000000001", "seq": .integer(Int64(index + 1)),
          "type": .text(type), "time": .text(Self.time(3_000 + index)), "tool": .object(tool),
          "prev": .object([
            "sha256": .text(index == 0 ? String(repeating: "0", count: 64) : Self.hash(0x100 + index))
          ]), "actor": .object(["id": "A. Examiner", "role": "examiner"]),
          "argv": .list([.text("exhibit"), .text("process"), .text(Self.script)]),
        ]))
    }
  }

  private mutating func artefact(
    _ number: Int, _ ending: String, _ bytes: [UInt8], _ type: String, packets: String, second: Int, _ more: Fields
  ) throws {
    let sha256 = Self.hash(number)
    let place = "data/artefacts/\(sha256.prefix(2))/\(sha256).\(ending)"
    try write(place, bytes)
    var fields: Fields = [
      "sha256": .text(sha256), "sha1": .text(String(sha256.prefix(40))), "md5": .text(String(sha256.prefix(32))),
      "byteCount": .integer(Int64(bytes.count)), "path": .text(place), "mediaType": .text(type), "isComplete": true,
      "origin": "captured",
    ]
    for entry in more.entries { fields.set(entry.name, entry.value) }
    add("artefact", packets: packets, second: second, fields, prefix: "A")
  }

  private mutating func addFiles() throws {
    let client: Fields = ["source": "198.51.100.7:80", "destination": "192.0.2.1:50211", "decoder": "http 1.0"]
    try artefact(
      0x11, "png", Picture.png(width: 96, height: 64), "image/png", packets: "210-214", second: 200,
      client.with([
        "name": .text("\"><img src=x onerror=alert(2)>.png"), "declaredMediaType": "image/png", "role": "response body",
        "typeDescription": "PNG image data, 96 x 64, 8-bit/color RGB, non-interlaced",
      ]))
    try artefact(
      0x12, "svg", Array("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(3)'/>".utf8), "image/svg+xml",
      packets: "230", second: 210, client.with(["name": "logo.svg", "declaredMediaType": "image/png"]))
    try artefact(
      0x13, "html", Array("<script>alert(4)</script>".utf8), "text/html", packets: "250-300,310", second: 220,
      client.with([
        "name": .text(Self.turned), "declaredMediaType": "image/jpeg", "isComplete": false,
        "holes": .list([.object(["at": 1_460, "byteCount": 2_920])]), "codings": .list(["chunked", "gzip"]),
      ]))
    for (number, role) in [
      (0x21, "audio of both sides"), (0x22, "audio of the caller"), (0x23, "audio of the called party"),
    ] {
      try artefact(
        number, "wav", Sound.wav(channels: number == 0x21 ? 2 : 1, seconds: 24), "audio/x-wav", packets: "20-2100",
        second: 20, ["role": .text(role), "origin": "computed", "decoder": "audio 1.0"])
    }
    try artefact(
      0x24, "json", Self.timeMap(unknown: false), "application/json", packets: "20-2100", second: 20,
      ["role": "time map of a call", "origin": "computed", "decoder": "audio 1.0"])
    try artefact(
      0x25, "json", Self.timeMap(unknown: true), "application/json", packets: "2200-2900", second: 900,
      ["role": "time map of a call", "origin": "computed", "decoder": "audio 1.0"])
  }

  private static func timeMap(unknown: Bool) -> [UInt8] {
    let range = { (from: Int64, to: Int64, kind: String) -> Value in
      var fields: Fields = ["from": .integer(from * 80), "to": .integer(to * 80), "kind": .text(kind)]
      if kind != "lost", kind != "silenceSuppressed" {
        fields.set("provenance", .list([.object(["original": "O-0001", "packets": .text("\(from + 20)-\(to + 20)")])]))
      }
      return .object(fields)
    }
    let first: [Value] = [
      range(0, 600, "received"), range(600, 720, "lost"), range(720, 1_100, "received"), range(1_100, 1_102, "late"),
      range(1_102, 1_500, "received"), range(1_500, 1_501, "lost"), range(1_501, 2_400, "received"),
    ]
    let second: [Value] = [
      range(200, 700, "received"), range(700, 1_300, "silenceSuppressed"), range(1_300, 1_340, "event"),
      range(1_340, 2_000, "received"), range(2_000, 2_200, "notDecoded"), range(2_200, 2_400, "received"),
    ]
    return CanonicalJSON.bytes([
      "version": 1, "sampleRate": 8_000, "sampleCount": 192_000, "audioStartsAt": .text(time(20)),
      "streams": .list([
        .object([
          "identifier": "0x1d2c3b4a", "party": unknown ? "unknown" : "caller", "track": "left", "firstSample": 0,
          "ranges": .list(first),
        ]),
        .object([
          "identifier": "0x0badcafe", "party": unknown ? "unknown" : "called", "track": "right", "firstSample": 16_000,
          "ranges": .list(second),
        ]),
      ]),
    ])
  }

  private func stream(_ party: String, _ attached: String, lost: Int64, audio: Int?, map: Int) -> Value {
    var fields: Fields = [
      "party": .text(party), "identifier": party == "called" ? "0x0badcafe" : "0x1d2c3b4a",
      "source": party == "called" ? "198.51.100.20:40000" : "192.0.2.1:30000",
      "destination": party == "called" ? "192.0.2.1:30000" : "198.51.100.20:40000", "codecs": .list(["PCMA/8000"]),
      "payloadTypes": .list([8]), "packetsExpected": 1_200, "packetsReceived": .integer(1_200 - lost),
      "packetsLost": .integer(lost), "packetsDuplicate": 0, "packetsReordered": 2, "packetsLate": 1,
      "jitterMax": "12.250", "jitterMean": "1.125", "attachedBy": .text(attached),
      "evidence": attached == "inferred"
        ? "same two hosts, begins 40 ms after the answer, nothing else fits" : "named by SDP",
      "timeMapSha256": .text(Self.hash(map)),
    ]
    if let audio { fields.set("audioSha256", Self.hash(audio)) }
    return .object(fields)
  }

  private mutating func addCalls() throws {
    add(
      "sip/call", packets: "12-14,17,20-2100", second: 12,
      [
        "callID": "a84b4c76e66710@192.0.2.1", "caller": "sip:alice@example.org", "callerName": .text(Self.script),
        "called": "sip:bob@example.net", "calledName": .text("Bob \(Self.turned)"),
        "invitedAt": .text(Self.time(12)), "ringingAt": .text(Self.time(14)), "answeredAt": .text(Self.time(20)),
        "hungUpAt": .text(Self.time(44)), "endedAt": .text(Self.time(44)), "outcome": "answered", "endedBy": "called",
        "status": 200, "reason": "OK", "duration": "24.000", "source": "192.0.2.1:5060",
        "destination": "198.51.100.20:5060",
        "streams": .list([
          stream("caller", "signalling", lost: 61, audio: 0x22, map: 0x24),
          stream("called", "inferred", lost: 0, audio: 0x23, map: 0x24),
        ]), "audioSha256": .text(Self.hash(0x21)), "timeMapSha256": .text(Self.hash(0x24)),
      ])
    add(
      "sip/call", packets: "2110-2118", second: 400,
      [
        "callID": "second@192.0.2.1", "caller": "sip:alice@example.org", "callerName": .text(Self.long),
        "called": "sip:carol@example.net", "invitedAt": .text(Self.time(400)), "outcome": "rejected", "status": 486,
        "reason": "Busy Here", "endedBy": "called", "source": "192.0.2.1:5060", "destination": "198.51.100.20:5060",
      ])
    add(
      "rtp/call", packets: "2200-2900", second: 900,
      [
        "outcome": "unknown", "endedAt": .text(Self.time(924)), "source": "192.0.2.1:30000",
        "destination": "198.51.100.20:40000",
        "streams": .list([stream("unknown", "none", lost: 61, audio: 0x22, map: 0x25)]),
        "audioSha256": .text(Self.hash(0x21)), "timeMapSha256": .text(Self.hash(0x25)),
      ])
  }

  private mutating func addTraffic() {
    for index in 0..<12 {
      let query: Fields = [
        "transactionID": .integer(Int64(index)), "operation": "QUERY", "protocol": "dns",
        "queryName": .text(index == 3 ? "xn--\u{200B}hidden.example" : "host\(index).example.org"), "queryType": "A",
        "source": "192.0.2.1:53124", "destination": "192.0.2.53:53", "transport": "udp",
        "communityID": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
      ]
      add("dns/query", packets: "\(2 * index + 1)", second: 60 + index, query)
      add(
        "dns/answer", packets: "\(2 * index + 2)", second: 60 + index,
        query.with([
          "responseCode": index == 5 ? "NXDOMAIN" : "NOERROR",
          "answers": .list(
            index == 5
              ? []
              : [.object(["name": query["queryName"] ?? "", "type": "A", "ttl": 300, "data": "203.0.113.9"])]),
        ]))
    }
    let web: Fields = [
      "method": "GET", "host": "www.example.org", "version": "HTTP/1.1", "source": "192.0.2.1:50211",
      "destination": "198.51.100.7:80", "requestComplete": true,
      "requestHeaders": .list([
        .object(["name": "Host", "value": "www.example.org"]),
        .object(["name": "X-Evil", "value": .text(Self.script)]),
      ]),
    ]
    add(
      "http/transfer", packets: "208-214", second: 200,
      web.with([
        "url": "http://www.example.org/picture.png", "status": 200, "reason": "OK", "fileName": "picture.png",
        "responseMediaType": "image/png", "responseSha256": .text(Self.hash(0x11)), "responseByteCount": 18_600,
        "responseComplete": true, "requestedAt": .text(Self.time(200)),
      ]))
    add(
      "http/transfer", packets: "220", second: 215,
      web.with(["url": .text("http://www.example.org/search?q=\"><script>alert(5)</script>&x=" + Self.long)]))
    add(
      "http/transfer", packets: "250-310", second: 220,
      [
        "status": 206, "reason": "Partial Content", "responseSha256": .text(Self.hash(0x13)),
        "responseByteCount": 4_380, "responseComplete": false, "source": "192.0.2.1:50212",
        "destination": "198.51.100.7:80", "fileName": .text(Self.turned),
      ])
    let sip: Fields = [
      "source": "192.0.2.1:5060", "destination": "198.51.100.20:5060", "from": "sip:alice@example.org",
      "to": "sip:bob@example.net", "callID": "a84b4c76e66710@192.0.2.1", "cseq": 1,
      "headers": .list([.object(["name": "User-Agent", "value": "SoftPhone 1.2"])]),
    ]
    let audio: Fields = [
      "kind": "audio", "address": "192.0.2.1", "port": 30_000,
      "payloads": .list([.object(["type": 8, "encoding": "PCMA"])]),
    ]
    add(
      "sip/message", packets: "12", second: 12,
      sip.with([
        "method": "INVITE", "requestURI": "sip:bob@example.net", "fromName": .text(Self.script),
        "sdp": .list([.object(audio)]),
      ]))
    add(
      "sip/message", packets: "14", second: 14, sip.with(["status": 180, "reason": "Ringing", "cseqMethod": "INVITE"]))
    add(
      "sip/message", packets: "350", second: 300,
      sip.with([
        "method": "MESSAGE", "requestURI": "sip:bob@example.net",
        "text": .text("Meet at 8\r\nbring \u{202E}lla\u{202C} of it\u{0007}\u{200B}. Žluťoučký kůň, 会議, مرحبا, עברית"),
      ]))
    add(
      "rtp/stream", packets: "20-2100", second: 20,
      [
        "source": "192.0.2.1:30000", "destination": "198.51.100.20:40000", "party": "caller", "packetsLost": 61,
        "codecs": .list(["PCMA/8000"]),
      ])
    add(
      "capture/section", packets: "1", second: 0,
      ["hardware": "probe", "application": "dumpcap", "kindOfTap": "mirror"])
    add(
      "capture/interface", packets: "1", second: 0,
      ["interface": 0, "linkType": 1, "linkTypeName": "EN10MB", "name": .text("eth0\u{0000}"), "snapLength": 262_144])
    add("capture/comment", packets: "17", second: 16, ["text": .text("see this " + Self.script)])
    add(
      "capture/secret", packets: "1", second: 0,
      ["secretType": "tlsKeyLog", "byteCount": 512, "sha256": .text(Self.hash(7))])
  }

  private mutating func addFindings() {
    add(
      "finding", packets: "600-720", second: 26,
      [
        "severity": "warning", "code": "rtp/loss", "message": "61 packets of a stream are missing.",
        "missingPackets": 61,
      ],
      prefix: "F")
    add(
      "finding", packets: "5000", second: 1_800,
      [
        "severity": "error", "code": "capture/truncated", "byteOffset": 4_194_000,
        "message": "The original ends in the middle of a packet.",
      ], prefix: "F")
    for index in 0..<9 {
      add(
        "finding", packets: "\(250 + index)", second: 220,
        [
          "severity": "notice", "code": "http/oddHeader",
          "message": .text("A header has the name \(Self.script) \(Self.turned)."), "field": "name",
        ], prefix: "F")
    }
  }
}

extension Fields {
  func with(_ more: Fields) -> Fields {
    var result = self
    for entry in more.entries { result.set(entry.name, entry.value) }
    return result
  }
}
