import DecoderKit
import DecoderTesting
import RTPDecoder
import Testing

@Suite struct SampleTests {
  @Test func survivesEveryCutAndChange() throws {
    let sample = try datagrams("short")
    #expect(sample.count == 4)
    let outcome = decode(sample)
    #expect(outcome.streams.map(\.packets.count) == [2, 1])
    #expect(outcome.records.map(\.kind) == ["rtp/control"])
    checkTotality(of: RTPDecoder(), on: sent(sample), over: carrier)
  }

  @Test func survivesOneDamagedPacketInAnAcceptedStream() {
    let packets = speech(12, size: 8)
    checkTotality(of: RTPDecoder(), on: sent([packets[0]]) + sent(Array(packets.dropFirst())), over: carrier)
  }
}
