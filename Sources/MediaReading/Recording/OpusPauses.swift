import ByteReading
import CLibAV
import Glibc

/// The frames of Opus packets of a recording in which nothing was sent (RFC 6716, 3.2.1: no octet or one).
///
/// libopus would continue the sound before them. They are silence, as nothing is put in for what is missing.
struct OpusPauses {
  /// Whether a packet is what RFC 6716 says, and not several of them joined for further channels (RFC 7845, 5.1.1).
  private let isPlain: Bool
  /// Of the packet that was sent last: samples of each frame at 48,000 hertz, and which frames are pauses.
  private var frameSamples = 0
  private var pauses: [Bool] = []

  /// Nil when the stream is not of Opus.
  init?(_ parameters: AVCodecParameters) {
    guard unsafe parameters.codec_id == AV_CODEC_ID_OPUS else { return nil }
    let count = unsafe Int(parameters.extradata_size)
    // Safe: libavformat has so many bytes of the header there. Family 0 has one stream; others say how many.
    unsafe isPlain =
      count < 20 || parameters.extradata == nil || parameters.extradata[18] == 0 || parameters.extradata[19] == 1
  }

  /// Looks at a packet before it is decoded.
  mutating func take(_ packet: UnsafeMutablePointer<AVPacket>) {
    pauses = []
    guard isPlain, unsafe packet.pointee.size > 0, let data = unsafe packet.pointee.data else { return }
    // Safe: the packet has so many bytes, and the view ends before it is changed.
    let bytes = unsafe RawSpan(_unsafeStart: data, byteCount: Int(packet.pointee.size))
    guard let opus = try? OpusPacket(bytes) else { return }
    frameSamples = opus.frameSamples
    pauses = (0..<opus.frameCount).map(opus.isPause)
  }

  /// Silences the pauses in what came of the packet: samples of 16 bits, of which some may have been cut off at the front (the first of
  /// a recording: RFC 7845, 4.2) or else at the end (the last: 4.4).
  func silence(_ frame: UnsafeMutablePointer<AVFrame>, isFirst: Bool) {
    guard pauses.contains(true), unsafe frame.pointee.format == AV_SAMPLE_FMT_S16.rawValue,
      unsafe frame.pointee.sample_rate == 48_000, let data = unsafe frame.pointee.data.0
    else { return }
    let count = unsafe Int(frame.pointee.nb_samples)
    let cut = isFirst ? max(0, frameSamples * pauses.count - count) : 0
    let sampleBytes = unsafe Int(frame.pointee.ch_layout.nb_channels) * 2
    for (number, isPause) in pauses.enumerated() where isPause {
      let from = min(count, max(0, number * frameSamples - cut))
      let to = min(count, max(0, (number + 1) * frameSamples - cut))
      // Safe: both ends are inside the frame's samples, which are ours to write once it was made writable.
      unsafe memset(data + from * sampleBytes, 0, (to - from) * sampleBytes)
    }
  }
}
