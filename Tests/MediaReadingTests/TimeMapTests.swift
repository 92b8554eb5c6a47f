import EvidenceModel
import Testing

@testable import MediaReading

/// What the time map says of each sample.
@Suite struct TimeMapTests {
  @Test func tellsWhatWasReceived() {
    #expect(map(audio(packets(10))) == ["received 0-1600 1-10"])
  }

  @Test func tellsLossFromSilence() {
    var lost = packets(10)
    lost.removeSubrange(4..<6)
    #expect(map(audio(lost)) == ["received 0-640 1-4", "lost 640-960", "received 960-1600 7-10"])
    let silent = (0..<10).map {
      packet($0, timestamp: UInt32($0 * 160 + ($0 < 5 ? 0 : 8_000)), at: Int64($0 * 20 + ($0 < 5 ? 0 : 1_000)))
    }
    #expect(map(audio(silent)) == ["received 0-800 1-5", "silenceSuppressed 800-8800", "received 8800-9600 6-10"])
  }

  @Test func takesComfortNoiseForSilence() {
    let list =
      packets(3) + [packet(3, type: 13, length: 1)]
      + (4..<6).map { packet($0, timestamp: 7_000 + UInt32($0 * 160 + 8_000), at: Int64($0 * 20 + 1_000)) }
    #expect(
      map(audio(list, kinds: [8: .aLaw, 13: .comfortNoise])) == [
        "received 0-480 1-3", "silenceSuppressed 480-8640 4", "received 8640-8960 5-6",
      ])
  }

  @Test func tellsHowLongAnEventLasted() {
    let event = (3..<9).map { packet($0, timestamp: 7_480, type: 101, length: 4) }
    let list = packets(3) + event + [packet(9)]
    #expect(
      map(audio(list, kinds: [8: .aLaw, 101: .event])) == [
        "received 0-480 1-3", "event 480-1280 4-9", "silenceSuppressed 1280-1440", "received 1440-1600 10",
      ])
  }

  @Test func callsMediaThatIsNotDecodedNoSilence() {
    let list = (0..<50).map { packet($0, timestamp: UInt32($0 * 960)) }
    #expect(
      map(audio(list, rate: 48_000, kinds: [8: .other("OPUS")])) == ["notDecoded 0-7840 1-50"],
      "in samples of the audio, not of the stream's clock")
  }

  @Test func tellsALatePacket() {
    var list = packets(20)
    list[10].time = CaptureTime(nanoseconds: 700_000_000)
    list.append(list.remove(at: 10))
    #expect(map(audio(list)) == ["received 0-1600 1-10", "late 1600-1760 11", "received 1760-3200 12-20"])
  }

  @Test func tellsWhereTheSenderBeganAnew() {
    let list = packets(5) + (5..<10).map { packet($0 + 50, sequence: 30_000 + UInt16($0)) }
    #expect(map(audio(list)) == ["received 0-800 1-5", "restarted 800-8800", "received 8800-9600 56-60"])
  }

  /// Clock rates and times that no product survives unchecked.
  @Test(arguments: [0, 1, 7, 8_000, .max] as [UInt32]) func survivesAnyClockAndTime(rate: UInt32) {
    var list = packets(4)
    list[1].time = CaptureTime(nanoseconds: .min + 1)
    list[2].time = CaptureTime(nanoseconds: .max)
    list[3].timestamp = 0x8000_0000
    for first in [CaptureTime(nanoseconds: .min + 1), CaptureTime(nanoseconds: .max), .unknown] {
      var call = CallAudio(start: list[0].time)
      call.add(analyse(list, rate: rate), track: 0, first: first, kinds: [8: .aLaw], description: [:])
      call.add(analyse(list.reversed(), rate: rate), track: 1, first: list[0].time, kinds: [8: .aLaw], description: [:])
      call.settle()
      #expect(call.sampleCount <= call.tracks[0].maximumSamples)
      #expect(!call.timeMapBytes().isEmpty)
    }
  }

  @Test func writesCanonicalFacts() {
    let text = String(decoding: audio(packets(2)).timeMapBytes(), as: UTF8.self)
    #expect(
      text
        == #"{"audioStartsAt":"1970-01-01T00:00:00.000000000Z","sampleCount":320,"sampleRate":8000,"streams":[{"firstSample":0,"ranges":[{"from":0,"kind":"received","provenance":[{"original":"O-0001","packets":"1-2"}],"to":320}],"track":"left"}],"version":1}"#
    )
  }
}
