import DecoderHosting
import DecoderKit
import Testing

struct HostedDatagramsTests {
  /// Shows datagrams, each a packet of its own.
  private func play(_ datagrams: [[UInt8]], cut: Set<Int> = []) -> Output {
    let output = Output()
    let host = DecoderHost(Stage.decoders, output: output)
    let hosted = HostedDatagrams(host, initiator: Stage.client, responder: Stage.server, at: Stage.packet(1))
    for (place, bytes) in datagrams.enumerated() {
      // Safe: the view ends with this call.
      unsafe hosted.take(
        bytes.span.bytes, from: .initiator, isCut: cut.contains(place), Stage.packet(UInt64(place) + 1),
        counted: LedgerSum(captured: UInt32(bytes.count + 42), payload: bytes.count))
    }
    hosted.finish()
    #expect(output.packets == UInt64(datagrams.count), "every packet is counted once")
    #expect(output.rows.values.reduce(0) { $0 + $1.bytes } == UInt64(datagrams.reduce(0) { $0 + $1.count }))
    return output
  }

  @Test func asksForEachDatagram() {
    let output = play([[4, 1], [0, 2], [1, 3], [3, 4], [2, 5], []])
    #expect(output.records.map { $0.fields["value"] } == [1, 4, 5])
    #expect(
      output.rows == ["decoded sure": .init(packets: 3, bytes: 6), "unclaimed udp/25": .init(packets: 3, bytes: 4)])
  }

  @Test func startsAnewAfterAnError() {
    let output = play([[4, 1], [4, 255], [4, 2], [0x80, 0], [4, 255], [0x80, 0]])
    #expect(output.findings == ["decoder/malformed", "decoder/malformed"])
    #expect(output.rows["afterFault sure"]?.packets == 2 && output.rows["decoded sure"]?.packets == 2)
    #expect(output.rows["candidate media"]?.packets == 2)
  }

  @Test func countsMediaByTheVerdict() {
    #expect(play([[0x80, 0], [0x80, 0]]).rows == ["candidate media": .init(packets: 2, bytes: 4)])
    #expect(play([[0x80, 0], [0x80, 1]]).rows == ["decoded media": .init(packets: 2, bytes: 4)])
    let closed = play([[0x80, 0], [0x80, 2], [0x80, 1]])
    #expect(closed.indexed == 3 && closed.streams.count == 2)
  }

  @Test func countsWhatTheRecorderCut() {
    let output = play([[4, 1], [4, 255], [0, 0]], cut: [0, 1, 2])
    #expect(output.rows == ["truncated ": .init(packets: 3, bytes: 6)])
  }

  @Test func staysWithASteadyDecoder() {
    let output = play((0..<100).map { _ in [4, 1] } + [[0x80, 0]] + (0..<100).map { _ in [4, 1] })
    #expect(output.records.count == 200 && output.rows["candidate media"]?.packets == 1)
  }
}
