import DecoderKit
import DecoderTesting
import RTPDecoder
import Testing

@Suite struct ControlTests {
  static let report: [UInt8] =
    word(0x0b0c_0d0e) + [0x40, 0xff, 0xff, 0xfe] + word(70_000) + word(33) + word(0x1111) + word(0x2222)
  static let senderReport: [UInt8] =
    [0x81, 200, 0, 12] + word(7) + word(3_976_214_400) + word(0x8000_0000) + word(160) + word(10) + word(1_600) + report
  static let receiverReport: [UInt8] = [0x80, 201, 0, 1] + word(7)
  static let bye: [UInt8] = [0x81, 203, 0, 2] + word(7) + [3] + Array("bye".utf8)

  private func list(_ outcome: DecodingOutcome) -> [Fields] {
    guard case .list(let values) = outcome.records.first?.fields["packets"] else { return [] }
    return values.compactMap { if case .object(let fields) = $0 { fields } else { nil } }
  }

  @Test func readsACompound() throws {
    let bytes = Self.senderReport + [0x81, 202, 0, 3] + word(7) + [1, 3] + Array("a@b".utf8) + [0, 0, 0] + Self.bye
    #expect(claims(bytes) == .content)
    let outcome = decode([bytes])
    let packets = list(outcome)
    #expect(packets.map { $0["type"] } == ["SR", "SDES", "BYE"])
    #expect(outcome.records.map(\.kind) == ["rtp/control"])
    #expect(outcome.records.first?.fields["cname"] == "a@b")
    let sender = try #require(packets.first)
    #expect(sender["identifier"] == 7)
    // 2026-01-01T00:00:00Z is 3,976,214,400 s after 1900.
    #expect(sender["sentAt"] == .time(CaptureTime(nanoseconds: 1_767_225_600_500_000_000)))
    #expect(sender["timestamp"] == 160)
    #expect(sender["packetCount"] == 10)
    #expect(sender["octetCount"] == 1_600)
    #expect(
      sender["reports"]
        == .list([
          .object([
            "identifier": 0x0b0c_0d0e, "fractionLost": 64, "cumulativeLost": -2, "highestSequence": 70_000,
            "jitter": 33,
            "lastReport": 0x1111, "delaySinceLastReport": 0x2222,
          ])
        ]))
    #expect(packets.last?["reason"] == "bye")
    #expect(packets.last?["identifiers"] == .list([7]))
    #expect(outcome.streams.isEmpty && outcome.findings.isEmpty)
  }

  @Test func handsReportsOn() throws {
    let outcome = decode([Self.senderReport + Self.receiverReport, Self.receiverReport])
    #expect(outcome.reports.map(\.identifier) == [7, 7, 7])
    let report = try #require(outcome.reports.first)
    #expect(report.sending?.timestamp == 160)
    #expect(report.sending?.sentAt == CaptureTime(nanoseconds: 1_767_225_600_500_000_000))
    #expect(report.sending?.packetCount == 10)
    #expect(report.receptions.map(\.identifier) == [0x0b0c_0d0e])
    #expect(report.receptions.map(\.cumulativeLost) == [-2])
    #expect(report.receptions.map(\.fractionLost) == [64])
    #expect(outcome.reports.map { $0.sending == nil } == [false, true, true])
  }

  @Test func limitsTheReportsOfAConversation() {
    let outcome = decode(Array(repeating: Self.receiverReport, count: 8_003))
    #expect(outcome.reports.count == 8_000)
    #expect(outcome.records.count == 8_003)
  }

  @Test func readsReducedSizeFeedbackAndOtherTypes() {
    let feedback: [UInt8] = [0x81, 205, 0, 3] + word(7) + word(8) + word(9)
    #expect(claims(feedback) == .content)
    #expect(list(decode([feedback])).first?["mediaIdentifier"] == 8)
    let named: [UInt8] = [0x83, 204, 0, 2] + word(7) + Array("name".utf8)
    #expect(list(decode([named])).first?["name"] == "name")
    let extended: [UInt8] = [0x80, 207, 0, 1] + word(7)
    #expect(list(decode([extended])).first?["type"] == "XR")
  }

  @Test func claimsOnlyWhatAddsUp() {
    #expect(claims(Self.receiverReport) == .content)
    #expect(claims(Self.receiverReport + Self.bye) == .content)
    for count in 1..<Self.senderReport.count { #expect(claims(Array(Self.senderReport.prefix(count))) == .none) }
    #expect(claims(Self.receiverReport + [0, 0, 0, 0]) == .none, "bytes behind")
    #expect(claims([0x81] + Self.receiverReport.dropFirst()) == .none, "a report that has no room")
    #expect(claims([0x80, 208, 0, 1] + word(7)) == .none, "an unknown type")
    #expect(claims([0xa0] + Self.receiverReport.dropFirst() + Self.bye) == .none, "padding that is not last")
    #expect(claims(Self.receiverReport + word(0x8000_0001) + [UInt8](repeating: 7, count: 10)) == .none, "SRTCP")
    #expect(claims((0..<65).flatMap { _ in Self.receiverReport }) == .none, "too many packets")
  }

  @Test func leavesOutTheTimeOfASenderWithoutAClock() {
    let silent: [UInt8] = [0x80, 200, 0, 6] + word(7) + word(0) + word(0) + word(1) + word(2) + word(3)
    #expect(list(decode([silent])).first?["sentAt"] == nil)
  }

  @Test func keepsStreamsWhenAReportIsDamaged() {
    let damaged = Self.receiverReport + [0x81, 202, 0, 2] + word(7) + [1, 200, 0x61, 0]
    #expect(claims(damaged) == .content)
    let outcome = decode(Array(speech(20).prefix(10)) + [damaged] + Array(speech(20).suffix(10)))
    #expect(outcome.failure == nil)
    #expect(outcome.streams.map(\.packets.count) == [20])
    #expect(outcome.streams.map(\.verdict) == [.accepted])
    #expect(outcome.findings.map(\.code) == ["rtp/malformedReport"])
    #expect(outcome.findings.first?.fields["byteOffset"] == 18)
    #expect(list(outcome).map { $0["type"] } == ["RR", "SDES"])
  }
}
