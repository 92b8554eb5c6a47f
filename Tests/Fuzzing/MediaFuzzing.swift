import EvidenceModel
import Glibc
import MediaReading

/// Every coding that has a decoder, by payload type.
private let fuzzedKinds: [UInt8: PayloadKind] = {
  let offers: [(UInt8, String, UInt32, String)] = [
    (0, "PCMU", 8_000, ""), (3, "GSM", 8_000, ""), (4, "G723", 8_000, ""), (8, "PCMA", 8_000, ""),
    (9, "G722", 8_000, ""), (18, "G729", 8_000, ""), (96, "AMR", 8_000, ""), (97, "AMR", 8_000, "octet-align=1"),
    (98, "AMR-WB", 16_000, "crc=1"), (99, "AMR-WB", 16_000, "interleaving=20"), (100, "OPUS", 48_000, ""),
    (102, "SPEEX", 16_000, ""), (103, "ILBC", 8_000, ""), (104, "G726-32", 8_000, ""), (105, "G726-24", 8_000, ""),
    (106, "L16", 11_025, ""), (107, "L24", 48_000, ""), (108, "AMR-WB", 16_000, ""),
  ]
  var kinds: [UInt8: PayloadKind] = [13: .comfortNoise, 101: .event, 110: .other("EVS")]
  for (type, encoding, rate, parameters) in offers {
    let payload = MediaOffer.Payload(type: type, encoding: encoding, clockRate: rate, parameters: parameters)
    kinds[type] = VoiceFormat(payload).map { .audio($0.settled(byPayloadOf: 50)) } ?? .other(encoding)
  }
  return kinds
}()

/// Places media packets with any numbers and times, and renders a little of them.
@Sendable func fuzzMedia(_ input: RawSpan) {
  var source = FuzzInput(input)
  let control = source.byte()
  let rate: UInt32 = control & 1 != 0 ? source.word() : 8_000
  var time: Int64 = control & 2 != 0 ? Int64(bitPattern: source.long()) : 1_700_000_000_000_000_000
  var lists: [[MediaPacket]] = [[], []]
  var sequence: UInt16 = 0
  var timestamp: UInt32 = 0
  var number: UInt64 = 0
  while !source.isEmpty, number < 4_096 {
    number += 1
    let kind = source.byte()
    let step = Int64(source.byte()) &* 1_000_000
    time = kind & 4 != 0 ? time &+ Int64(bitPattern: source.long()) : time &+ step
    sequence = kind & 8 != 0 ? source.half() : sequence &+ 1
    timestamp = kind & 16 != 0 ? source.word() : timestamp &+ 160
    lists[Int(kind & 1)].append(
      MediaPacket(
        time: kind & 32 != 0 ? .unknown : CaptureTime(nanoseconds: time),
        position: PacketPosition(original: 1, packet: number), payloadOffset: UInt64(kind),
        payloadLength: kind & 64 != 0 ? source.half() : 160, sequence: sequence, timestamp: timestamp,
        payloadType: kind >> 1 & 1 == 1 ? source.byte() & 0x7f : 8, marker: kind & 128 != 0))
  }
  let first = lists.compactMap(\.first).first { $0.time.isKnown }?.time ?? .unknown
  var audio = CallAudio(start: first)
  withFile(input) { descriptor in
    for (track, packets) in lists.enumerated() {
      var analysis = StreamAnalysis(packets, clockRate: rate, events: [101])
      demand(rate == 0 || analysis.received == Int64(packets.count), "every packet is counted")
      demand(analysis.lost >= 0 && analysis.duplicates >= 0, "no count is negative")
      _ = analysis.jitterMaximum + analysis.jitterMean
      _ = analysis.measure(fuzzedKinds, originals: [1: descriptor])
      let former = analysis.placed.count
      analysis.recoverInBand(fuzzedKinds, originals: [1: descriptor])
      demand(analysis.placed.count - former <= analysis.lost, "no more comes back than is missing")
      let kinds = fuzzedKinds.filter { kind in packets.contains { $0.payloadType == kind.key } }
      audio.add(analysis, track: track, first: packets.first?.time ?? .unknown, kinds: kinds, description: [:])
    }
  }
  audio.settle()
  _ = audio.timeMapBytes()
  demand(audio.sampleCount >= 0 && audio.sampleCount <= 24 * 3_600 * audio.sampleRate, "a track has its limit")
  guard audio.sampleCount < 1 << 16 else { return }
  var written = 0
  withFile(input) { descriptor in
    _ = audio.render(originals: [1: descriptor]) { _, bytes in written += bytes.byteCount }
  }
}
