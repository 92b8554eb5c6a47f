import EvidenceModel
import Glibc
import MediaReading

/// Puts any payloads together as video of each coding, with any numbers and times.
@Sendable func fuzzVideo(_ input: RawSpan) {
  var source = FuzzInput(input)
  let control = source.byte()
  let names = ["H264", "H265", "VP8", "VP9", "H263", "H263-1998", "AV1"]
  let parameters = "sprop-parameter-sets=Z0LQC9oINoQAAAMABAAAAwBSPEiagAA=,aM4yyA=="
  guard
    let format = VideoFormat(
      .init(type: 96, encoding: names[Int(control) % names.count], clockRate: 90_000, parameters: parameters))
  else { return }
  var packets: [MediaPacket] = []
  var repeats: [MediaPacket] = []
  var sequence: UInt16 = 0
  var timestamp: UInt32 = 0
  var offset: UInt64 = 0
  while !source.isEmpty, packets.count + repeats.count < 4_096 {
    let kind = source.byte()
    let length = source.byte()
    sequence = kind & 1 != 0 ? source.half() : sequence &+ 1
    timestamp = kind & 2 != 0 ? source.word() : timestamp &+ (kind & 4 != 0 ? 3_000 : 0)
    let packet = MediaPacket(
      time: .unknown, position: PacketPosition(original: 1, packet: UInt64(packets.count + repeats.count + 1)),
      payloadOffset: offset, payloadLength: UInt16(length), sequence: sequence, timestamp: timestamp,
      payloadType: kind & 64 != 0 ? 97 : 96, marker: kind & 128 != 0)
    if kind & 32 != 0, !packets.isEmpty { repeats.append(packet) } else { packets.append(packet) }
    offset += UInt64(length)
  }
  withFile(input) { descriptor in
    for descriptor in [frameFile, containerFile] { ftruncate(descriptor, 0) }
    let store = FrameStore(descriptor: frameFile)
    var analysis = StreamAnalysis(packets, clockRate: VideoFormat.clockRate)
    let again = Retransmission(repeats, types: [97: 96], originals: [1: descriptor])
    analysis.restore(again.packets + repeats.filter { $0.payloadType == 96 })
    let track = VideoTrack(analysis, format: format, types: [96], originals: [1: descriptor], store: store)
    demand(track.frames.allSatisfy { ($0.state == .leftOut) == ($0.reason != nil) }, "what is left out has a reason")
    demand(track.missingPackets == analysis.lost - analysis.retransmitted, "every missing packet is in a gap")
    VideoFrameList.write(track) { _ in }
    guard let header = CodecHeader(track) else { return }
    _ = VideoFile.write(track, header, store: store, output: containerFile)
    var budget = PictureBudget()
    var pictures = VideoPictures()
    pictures.decode(track, header, store: store, budget: &budget) { _ in }
  }
}

private let frameFile = makeMemoryFile("frames")
private let containerFile = makeMemoryFile("container")
