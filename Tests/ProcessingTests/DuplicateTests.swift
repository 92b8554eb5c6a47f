import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Packets that were captured twice, and originals that are one timeline, through the whole program.
@Suite struct DuplicateTests {
  typealias Packet = (time: UInt32, bytes: [UInt8])

  static func big16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }
  static func big32(_ value: Int) -> [UInt8] { big16(value >> 16) + big16(value) }

  static func ip(_ number: UInt8, _ content: [UInt8], id: Int, fromA: Bool = true, timeToLive: UInt8 = 64) -> [UInt8] {
    var bytes: [UInt8] = [0x45, 0] + big16(20 + content.count) + big16(id) + [0x40, 0, timeToLive, number, 0, 0]
    bytes += fromA ? [192, 0, 2, 1, 192, 0, 2, 2] : [192, 0, 2, 2, 192, 0, 2, 1]
    return bytes + content
  }

  static func ethernet(_ packet: [UInt8], vlan: Bool = false) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + (vlan ? [0x81, 0, 0, 9] : []) + [8, 0] + packet
  }

  /// A question for `a.example`.
  static func query(_ transaction: Int, id: Int, timeToLive: UInt8 = 64) -> [UInt8] {
    let message =
      big16(transaction) + [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 7] + Array("example".utf8) + [0, 0, 1, 0, 1]
    return ip(
      17, big16(40_000) + big16(53) + big16(8 + message.count) + [0, 0] + message, id: id, timeToLive: timeToLive)
  }

  static func tcp(
    _ flags: UInt8, _ sequence: Int, _ acknowledgement: Int, _ text: String = "", id: Int, fromA: Bool = true
  ) -> [UInt8] {
    let ports = fromA ? big16(40_001) + big16(80) : big16(80) + big16(40_001)
    let header = ports + big32(sequence) + big32(acknowledgement) + [0x50, flags, 1, 0, 0, 0, 0, 0]
    return ip(6, header + Array(text.utf8), id: id, fromA: fromA)
  }

  /// A capture of Ethernet frames, their times in milliseconds.
  static func capture(_ packets: [Packet]) -> [UInt8] {
    var file: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0]
    for (time, bytes) in packets {
      for value in [1_700_000_000 + time / 1_000, time % 1_000 * 1_000, UInt32(bytes.count), UInt32(bytes.count)] {
        file += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
      }
      file += bytes
    }
    return file
  }

  final class Run {
    let scratch: TemporaryFolder
    let bundle: String
    init(_ captures: [[UInt8]], jobs: Int = 2) throws {
      scratch = try TemporaryFolder()
      var paths: [String] = []
      for (place, bytes) in captures.enumerated() { paths.append(try scratch.write(bytes, "\(place).pcap")) }
      bundle = scratch.path("bundle")
      let result = try run(
        try #require(exhibitProgram), ["process"] + paths + ["-o", bundle, "--quiet", "--jobs", "\(jobs)"])
      try #require(result.status == 0, "\(result.errors)")
      let verdict = try run(try #require(exhibitProgram), ["verify", bundle])
      try #require(verdict.status == 0, "\(verdict.text)")
    }

    func records(_ kind: String) -> [Fields] {
      RecordFile(path: "\(bundle)/data/records/\(kind).ndjson").compactMap { ValueReader.fields($0) }
    }
    func findings(_ code: String) -> [Fields] { records("finding").filter { $0["code"] == .text(code) } }

    /// Packets by row, as `row detail`, for each original.
    func rows() throws -> [[String: Int]] {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(bundle)/data/ledger.json"))
      let ledger = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      return try #require(ledger["originals"] as? [[String: Any]]).map { original in
        let packets = original["packets"] as? [String: Any]
        var sums: [String: Int] = [:]
        for row in packets?["rows"] as? [[String: Any]] ?? [] {
          let name = [row["row"], row["detail"]].compactMap { $0 as? String }.joined(separator: " ")
          sums[name] = row["packets"] as? Int
        }
        #expect(sums.values.reduce(0, +) == packets?["total"] as? Int)
        return sums
      }
    }

    var files: [String: Data] {
      get throws {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: bundle + "/data")
        where isRegularFile("\(bundle)/data/\(name)") {
          files[name] = FileManager.default.contents(atPath: "\(bundle)/data/\(name)")
        }
        return files
      }
    }
  }

  @Test func aMirroredQuestionIsAskedOnce() throws {
    let packets: [Packet] = [
      (0, Self.ethernet(Self.query(1, id: 100))),
      (1, Self.ethernet(Self.query(1, id: 100, timeToLive: 63), vlan: true)),
      (2, Self.ethernet(Self.query(2, id: 0))), (2, Self.ethernet(Self.query(2, id: 0))),
      (500, Self.ethernet(Self.query(1, id: 101))),
    ]
    let result = try Run([Self.capture(packets)])
    #expect(result.records("dns-query").count == 4, "what cannot be told apart from a repetition is delivered")
    #expect(try result.rows() == [["decoded dns": 4, "duplicate": 1]])
    #expect(result.findings("capture/sameTraffic").isEmpty)
  }

  private static let conversation: [Packet] = [
    (0, ethernet(tcp(2, 100, 0, id: 1))), (10, ethernet(tcp(0x12, 500, 101, id: 1, fromA: false))),
    (20, ethernet(tcp(0x18, 101, 501, "GET /a HTTP/1.1\r\nHost: h", id: 2))),
    (30, ethernet(tcp(0x18, 125, 501, "ost\r\n\r\n", id: 3))),
    (40, ethernet(tcp(0x18, 501, 132, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", id: 2, fromA: false))),
    (50, ethernet(tcp(0x18, 541, 132, "llo", id: 3, fromA: false))),
    (60, ethernet(tcp(0x11, 544, 132, id: 4, fromA: false))), (70, ethernet(tcp(0x11, 132, 545, id: 4))),
  ]

  @Test func aMirroredSegmentIsNoRetransmission() throws {
    let doubled = Self.conversation.flatMap { [$0, ($0.time + 1, $0.bytes)] }
    let result = try Run([Self.capture(doubled)])
    #expect(try result.rows() == [["decoded http": 4, "noPayload": 4, "duplicate": 8]])
    #expect(result.records("http-transfer").count == 1 && result.records("artefact").count == 1)
  }

  /// Conversations go on over the ends of rotated files, in whichever order these are named.
  @Test func rotatedFilesAreOneTimeline() throws {
    let parts = [Array(Self.conversation.prefix(3)), Array(Self.conversation[3..<5]), Array(Self.conversation[5...])]
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
      let result = try Run(order.map { Self.capture(parts[$0]) })
      let transfers = result.records("http-transfer")
      #expect(transfers.count == 1 && transfers.first?["status"] == .integer(200), "\(order)")
      #expect(result.records("artefact").first?["isComplete"] == .boolean(true))
      #expect(result.records("finding").isEmpty)
    }
    // Two recorders at once, each with every other packet.
    let odd = Self.conversation.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    let even = Self.conversation.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    let result = try Run([Self.capture(odd), Self.capture(even)])
    #expect(result.records("http-transfer").count == 1 && result.records("finding").isEmpty)
  }

  @Test func theSameTrafficTwiceIsUsedOnce() throws {
    var first: [Packet] = Array(Self.conversation.prefix(6))
    first.append((55, Self.ethernet(Self.query(9, id: 0))))
    var second: [Packet] = [(35, [UInt8](repeating: 7, count: 30))]
    second += Self.conversation[4...]
    second.append(first[6])
    second.sort { $0.time < $1.time }
    var files: [[String: Data]] = []
    for jobs in [1, 3] {
      let result = try Run([Self.capture(first), Self.capture(second)], jobs: jobs)
      #expect(result.records("http-transfer").count == 1 && result.records("dns-query").count == 1)
      let rows: [String: Int] = ["duplicate O-0001": 3, "noPayload": 2, "otherProtocol ethertype 0x707": 1]
      #expect(try result.rows()[1] == rows)
      let findings = result.findings("capture/sameTraffic")
      #expect(findings.count == 1)
      #expect(findings.first?["count"] == Value.integer(3))
      #expect(findings.first?["otherOriginal"] == Value.text("O-0001"))
      files.append(try result.files)
    }
    #expect(files[0] == files[1], "whatever the number of workers")
  }

  @Test func bothVersionsOfASegmentAreKept() throws {
    let long = String(repeating: "A", count: 100)
    var packets = Array(Self.conversation.prefix(2))
    packets.append((20, Self.ethernet(Self.tcp(0x18, 101, 501, "GET /" + long, id: 2))))
    packets.append((30, Self.ethernet(Self.tcp(0x18, 101, 501, "GET /" + long.replacing("A", with: "B"), id: 3))))
    packets.append((40, Self.ethernet(Self.tcp(0x18, 101, 501, "PUT", id: 4))))
    packets.append((50, Self.ethernet(Self.tcp(0x18, 101, 501, "GET", id: 5))))
    let result = try Run([Self.capture(packets)])
    let findings = result.findings("tcp/conflict")
    #expect(findings.count == 2)
    #expect(findings.first?["byteCount"] == .integer(100) && findings.first?["usedPacket"] == .text("O-0001:3"))
    let artefacts = result.records("artefact").filter { $0["byteCount"] == .integer(100) }
    #expect(Set(artefacts.map { $0["sha256"] }) == [findings.first?["usedSha256"], findings.first?["otherSha256"]])
    #expect(findings.last?["usedHex"] == .text("4745") && findings.last?["otherHex"] == .text("5055"))
    let rows = try result.rows()[0]
    #expect(rows["retransmission different"] == 2 && rows["retransmission"] == 1)
  }
}
