import EvidenceBundle
import EvidenceModel
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

  @Test func countsMediaInsideOfTheConnection() throws {
    let result = try DuplicateTests.Run([EditedCapture("rtsp-interleaved.pcap").bytes])
    let finding = try #require(result.records("finding").first { $0["code"] == "rtsp/interleaved" })
    #expect(finding.text("severity") == "warning")
    #expect(result.records("rtsp-call").first?["outcome"] == "answered")
    #expect(result.records("rtsp-call").first?.objects("streams").isEmpty == true)
  }
}
