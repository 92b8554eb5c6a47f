import EvidenceBundle
import Foundation
import TestSupport
import Testing

/// Decoders that crash, hang, eat memory and reach outside: each loses its own conversation, and nothing else changes.
@Suite struct SandboxTests {
  static let deeds = [
    "trap", "claim", "loop", "memory", "stack", "write", "read", "connect", "spawn", "thread", "kill", "finish",
  ]

  /// A capture of one conversation for each deed, with an innocent datagram before and after it.
  static func capture(_ deeds: [String]) -> [UInt8] {
    var file: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0]
    for (place, deed) in deeds.enumerated() {
      for text in ["innocent", "hostile:\(deed)", "innocent"] {
        let payload = Array(text.utf8)
        let length = UInt16(28 + payload.count)
        let port = UInt16(20_000 + place)
        var packet: [UInt8] = [0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 0, 0, 0, 64, 17, 0, 0]
        packet += [192, 0, 2, UInt8(place), 198, 51, 100, 7, UInt8(port >> 8), UInt8(port & 0xff), 0x75, 0x30]
        packet += [0, UInt8(8 + payload.count), 0, 0] + payload
        for value in [UInt32(1_700_000_000), UInt32(place), UInt32(packet.count), UInt32(packet.count)] {
          file += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
        }
        file += packet
      }
    }
    return file
  }

  static var hostileProgram: String? {
    guard let program = exhibitProgram else { return nil }
    let path = URL(fileURLWithPath: program).deletingLastPathComponent().appending(path: "HostileExhibit").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  static func files(_ bundle: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    let data = URL(fileURLWithPath: bundle).appending(path: "data").path
    for name in try FileManager.default.subpathsOfDirectory(atPath: data) {
      guard isRegularFile("\(data)/\(name)"), name != "records/finding.ndjson" else { continue }
      files[name] = FileManager.default.contents(atPath: "\(data)/\(name)")
    }
    return files
  }

  @Test func eachDeedLosesItsConversationAndNothingElse() throws {
    let hostile = try #require(Self.hostileProgram)
    let scratch = try TemporaryFolder()
    let capture = try scratch.write(Self.capture(Self.deeds), "hostile.pcap")
    let sample = repository.appending(path: "evidence-samples/first-case/input").path
    let inputs = ["\(sample)/1-calls.pcapng", "\(sample)/2-web-and-names.pcapng", capture]
    let plain = try exhibit("process", inputs[0], inputs[1], inputs[2], "-o", scratch.path("plain"), "--quiet")
    #expect(plain.status == 0, "\(plain.text)")
    let expected = try Self.files(scratch.path("plain"))
    for jobs in ["1", "2"] {
      let bundle = scratch.path("hostile-\(jobs)")
      let result = try run(hostile, [bundle, jobs] + inputs)
      #expect(result.status == 0, "\(result.text)")
      let found = try Self.files(bundle)
      #expect(found.keys.sorted() == expected.keys.sorted())
      for (name, bytes) in expected { #expect(found[name] == bytes, "\(name) with \(jobs) workers") }
      let findings = try String(contentsOfFile: bundle + "/data/records/finding.ndjson", encoding: .utf8)
        .split(separator: "\n").filter { $0.contains("\"host/crash\"") }
      #expect(findings.count == Self.deeds.count)
      for (place, deed) in Self.deeds.enumerated() {
        let first = "\"packets\":\"\(place * 3 + 1)\""
        let own = findings.filter { $0.contains(first) && $0.contains("\"crashedPart\":\"hostile\"") }
        #expect(own.count == 1, "\(deed)")
        #expect(own.first?.contains("O-0003 packet \(place * 3 + 2))") == true, "\(deed): \(own)")
      }
      let verdict = try exhibit("verify", bundle)
      #expect(verdict.status == 0, "\(verdict.text)")
    }
    #expect(!FileManager.default.fileExists(atPath: "/tmp/hostile-was-here"))
  }

  /// A set that crashes its reader is a bad input like one that cannot be read.
  @Test func aSetThatCrashesItsReaderIsNamed() throws {
    let hostile = try #require(Self.hostileProgram)
    let scratch = try TemporaryFolder()
    let capture = try scratch.write(Self.capture(["finish"]), "in.pcap")
    let set = try scratch.write(Array("d41d8cd98f00b204e9800998ecf8427e  a\n".utf8), "hostile-set.set")
    let result = try run(hostile, [scratch.path("bundle"), "1", capture, set])
    #expect(result.status == 4 && result.errors.contains(set), "\(result.status) \(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("bundle")))
  }

  @Test func aDecoderThatCrashesOnManyConversationsIsOffForTheRun() throws {
    let hostile = try #require(Self.hostileProgram)
    let scratch = try TemporaryFolder()
    let deeds = [String](repeating: "trap", count: 70)
    let capture = try scratch.write(Self.capture(deeds), "hostile.pcap")
    let plain = try exhibit("process", capture, "-o", scratch.path("plain"), "--quiet")
    #expect(plain.status == 0, "\(plain.text)")
    let expected = try Self.files(scratch.path("plain"))
    var findings: [Data?] = []
    for jobs in ["1", "3"] {
      let bundle = scratch.path("hostile-\(jobs)")
      let result = try run(hostile, [bundle, jobs, capture])
      #expect(result.status == 0, "\(result.text)")
      #expect(try Self.files(bundle) == expected)
      findings.append(FileManager.default.contents(atPath: bundle + "/data/records/finding.ndjson"))
    }
    #expect(findings[0] == findings[1])
    let text = String(decoding: try #require(findings[0]), as: UTF8.self)
    #expect(text.contains("kept from the whole run (it crashed on 64 conversations)"))
    #expect(text.split(separator: "\n").count { $0.contains("host/crash") } == 1)
  }
}
