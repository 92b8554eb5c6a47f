import EvidenceModel
import Foundation
import TestSupport
import Testing

/// A recording session (SIPREC) of three people, through the whole program.
@Suite struct RecordingSessionTests {
  private static let people = ["sip:kim@pier.example", "sip:robin@pier.example", "sip:lee@pier.example"]

  @Test func joinsEachStreamWithWhoIsHeardInIt() throws {
    let result = try DuplicateTests.Run([EditedCapture("recording-session.pcap").bytes])
    let recording = try #require(result.records("sip-recording").first)
    #expect(recording["isComplete"] == true)
    #expect(recording.objects("participants").count == 3)
    #expect(recording.objects("sessions").map { $0["startedAt"] } == ["2026-11-27T09:00:00.000000000Z"])
    #expect(Set(recording.objects("streams").compactMap { $0.text("mediaLabel") }) == ["96", "97", "98"])
    let call = try #require(result.records("sip-call").first)
    let streams = call.objects("streams").sorted { $0.text("mediaLabel") ?? "" < $1.text("mediaLabel") ?? "" }
    #expect(streams.map { $0["mediaLabel"] } == ["96", "97", "98"])
    #expect(streams.map { $0.objects("participants").compactMap { $0.text("address") } } == Self.people.map { [$0] })
    #expect(streams.map { $0["packetsLost"] } == [0, 0, 0])
    #expect(streams.allSatisfy { $0["attachedBy"] == "signalling" })
    // Each stream has a file of its own, with the tone that was sent in it.
    #expect(Set(streams.compactMap { $0.text("audioSha256") }).count == 3)
    for (stream, frequency) in zip(streams, [440, 660, 880]) {
      #expect(try Self.tone(result, stream) == frequency)
    }
    #expect(result.records("finding").isEmpty)
    let page = try String(contentsOfFile: "\(result.bundle)/report/calls.html", encoding: .utf8)
    for person in ["Kim (sip:kim@pier.example)", "Robin (sip:robin@pier.example)", "sip:lee@pier.example"] {
      #expect(page.contains("Recorded stream of \(person)"))
    }
    #expect(!page.contains("caller left, called party right"))
  }

  /// The frequency of a file's sound, by its crossings of zero, to the nearest 20 Hz.
  private static func tone(_ result: DuplicateTests.Run, _ stream: Fields) throws -> Int {
    let hash = try #require(stream.text("audioSha256"))
    let bytes = try [UInt8](
      Data(contentsOf: URL(filePath: "\(result.bundle)/data/artefacts/\(hash.prefix(2))/\(hash).wav")))
    let samples = stride(from: 44, to: bytes.count - 1, by: 2).map {
      Int16(truncatingIfNeeded: Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8)
    }
    let second = samples.dropFirst(4_000).prefix(8_000)
    let crossings = zip(second, second.dropFirst()).filter { $0 < 0 && $1 >= 0 }.count
    return (crossings + 10) / 20 * 20
  }
}
