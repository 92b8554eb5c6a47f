import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Sessions of RTSP between real programs, through the whole program.
@Suite struct StreamingTests {
  private static func check(_ sample: String, sender: String) throws {
    let result = try DuplicateTests.Run([EditedCapture(sample).bytes])
    #expect(result.records("rtsp-call").count == 1)
    let session = try #require(result.records("rtsp-call").first)
    #expect(session["outcome"] == "answered")
    #expect(session.text("called")?.hasPrefix("rtsp://192.0.2.20:8554/") == true)
    let streams = session.objects("streams")
    #expect(streams.map { $0.text("mediaKind") ?? "" }.sorted() == ["audio", "video"])
    #expect(streams.allSatisfy { $0["attachedBy"] == "signalling" && $0.text("party") == sender })
    #expect(streams.allSatisfy { $0["packetsLost"] == 0 })
    #expect(session.text("audioSha256") != nil)
    let video = try #require(streams.flatMap { $0.objects("video") }.first)
    #expect(video["codec"] == "H264" && video["framesLeftOut"] == 0 && video["packetsMissing"] == 0)
    #expect(video.integer("framesKept") ?? 0 > 10)
  }

  @Test func rendersWhatAServerPlays() throws { try Self.check("rtsp-play.pcap", sender: "called") }

  @Test func rendersWhatAClientSends() throws { try Self.check("rtsp-record.pcap", sender: "caller") }

  @Test func rendersWhatCameInsideOfTheConnection() throws {
    try Self.check("rtsp-interleaved.pcap", sender: "called")
    let result = try DuplicateTests.Run([EditedCapture("rtsp-interleaved.pcap").bytes])
    #expect(result.records("finding").isEmpty)
    #expect(!result.records("rtsp-control").isEmpty)
  }

  /// The same bytes in smaller segments: each one of the server's with more than 100 bytes becomes two.
  private static func split(_ capture: EditedCapture) -> EditedCapture {
    var capture = capture
    capture.packets = capture.packets.flatMap { packet -> [EditedCapture.Packet] in
      // 16 bytes of the record's header, 14 of Ethernet, 20 of IPv4.
      let start = 50 + Int(packet.bytes[50 + 12] >> 4) * 4
      let length = packet.bytes.count - start
      guard packet.bytes[16 + 23] == 6, packet.bytes[29 + 16] == 20, length > 100 else { return [packet] }
      let cut = start + length / 2
      var halves = [Array(packet.bytes[..<cut]), Array(packet.bytes[..<start] + packet.bytes[cut...])]
      let sequence = packet.bytes[54..<58].reduce(0) { $0 << 8 | UInt32($1) } &+ UInt32(length / 2)
      for place in 0..<4 { halves[1][54 + place] = UInt8(truncatingIfNeeded: sequence >> UInt32(24 - place * 8)) }
      // The network's identification, so that neither half is a duplicate of the other.
      halves[1][34] ^= 0x80
      for half in halves.indices {
        let captured = halves[half].count - 16
        for place in 0..<4 {
          halves[half][8 + place] = UInt8(truncatingIfNeeded: captured >> (place * 8))
          halves[half][12 + place] = UInt8(truncatingIfNeeded: captured >> (place * 8))
        }
        halves[half][32] = UInt8(truncatingIfNeeded: (captured - 14) >> 8)
        halves[half][33] = UInt8(truncatingIfNeeded: captured - 14)
      }
      return halves.map { EditedCapture.Packet(bytes: $0) }
    }
    return capture
  }

  /// Each media packet is traced to the packets that brought it; tshark names the last of them.
  @Test(arguments: [false, true]) func namesThePacketsThatBroughtEachMediaPacket(_ isSplit: Bool) throws {
    guard let tshark = program("tshark") else { return }
    let whole = try EditedCapture("rtsp-interleaved.pcap")
    let capture = isSplit ? Self.split(whole) : whole
    let folder = try TemporaryFolder()
    let path = try folder.write(capture.bytes, "session.pcap")
    let made = try run(tshark, ["-nr", path, "-Y", "rtp", "-T", "fields", "-e", "frame.number", "-e", "rtp.seq"])
    var theirs: [Int: Int] = [:]
    for line in String(decoding: made.output, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: "\t")
      for sequence in words[1].split(separator: ",") { theirs[Int(sequence) ?? -1] = Int(words[0]) }
    }
    let result = try DuplicateTests.Run([capture.bytes])
    var ours: [Int: Int] = [:]
    var severalCount = 0
    for stream in result.records("rtp-stream") {
      let hash = try #require(stream.text("segmentListSha256"))
      let files = "\(result.bundle)/data/artefacts/\(hash.prefix(2))"
      let name = try #require(try FileManager.default.contentsOfDirectory(atPath: files).first { $0.hasPrefix(hash) })
      for line in try String(contentsOfFile: "\(files)/\(name)", encoding: .utf8).split(separator: "\n").dropFirst() {
        let words = line.split(separator: " ")
        let numbers = words[3].split(whereSeparator: { ",-".contains($0) }).compactMap { Int($0) }
        ours[try #require(Int(words[0]))] = numbers.last
        if numbers.count > 1 { severalCount += 1 }
      }
    }
    #expect(theirs.count > 50 && ours == theirs)
    #expect((severalCount > 50) == isSplit)
    // However it was cut, the same is heard.
    let other = try DuplicateTests.Run([(isSplit ? whole : Self.split(whole)).bytes])
    let heard = { (run: DuplicateTests.Run) in run.records("rtsp-call").first?["audioSha256"] }
    #expect(heard(result) != nil && heard(result) == heard(other))
  }
}
