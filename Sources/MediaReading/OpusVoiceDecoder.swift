import COpus

/// Decodes one stream of Opus frames by libopus, the decoder of RFC 6716, into 16-bit samples of one channel at 48,000 hertz.
///
/// libavcodec 5.1 reads what follows copies (LBRR) of several channels or frames wrongly. The same bytes come out on every
/// processor: libopus decodes the linear prediction in integers, and has no code for particular processors in its decoder on x86-64
/// beyond what all of them have. It is never asked to conceal a loss.
@safe final class OpusVoiceDecoder: FrameDecoder {
  private static let sampleRate: Int32 = 48_000

  private let decoder: OpaquePointer
  private let output: UnsafeMutablePointer<Int16>
  /// Whether the last frame was of the transform alone; nil before the first.
  private var isTransform: Bool?
  private var isInterrupted = false

  /// Nil when libopus lacks memory.
  init?() {
    var status: Int32 = 0
    guard let made = unsafe opus_decoder_create(Self.sampleRate, 1, &status), status == OPUS_OK else { return nil }
    unsafe decoder = made
    unsafe output = .allocate(capacity: OpusPacket.maximumSamples)
  }

  deinit {
    unsafe opus_decoder_destroy(decoder)
    unsafe output.deallocate()
  }

  func interrupt() { isInterrupted = true }

  /// Appends the samples of a packet of one frame; false when libopus refuses it.
  func decode(_ frame: ArraySlice<UInt8>, into samples: inout [Int16]) -> Bool {
    // Frames of an octet or none would be concealed (RFC 6716, 3.2.1).
    guard let contents = frame.first, frame.count > 2 else { return false }
    let isTransform = OpusPacket.mode(contents) == .celt
    // A frame of the other layer that follows would be joined with a concealment of what is missing (RFC 6716, 4.5).
    if isInterrupted, let former = self.isTransform, former != isTransform { forget() }
    isInterrupted = false
    self.isTransform = isTransform
    return decode(frame, count: OpusPacket.maximumSamples, isCopy: false, &samples)
  }

  /// Appends the samples of the copies that a packet of one frame holds of the one before; false when libopus refuses it.
  ///
  /// What has no copy among them is concealed by libopus: who calls silences it.
  func decodeCopies(in frame: ArraySlice<UInt8>, samples count: Int, into samples: inout [Int16]) -> Bool {
    guard let packet = OpusPacket.withoutTransform(frame), count <= OpusPacket.maximumSamples else { return false }
    // libopus would rather conceal than decode them behind the transform alone.
    if isTransform == true { forget() }
    isInterrupted = false
    isTransform = false
    return decode(packet[...], count: count, isCopy: true, &samples)
  }

  private func decode(
    _ packet: ArraySlice<UInt8>, count: Int, isCopy: Bool, _ samples: inout [Int16]
  ) -> Bool {
    // Safe: the output holds as many samples as are asked for at most, and libopus reads the packet's bytes only.
    let made = unsafe packet.withUnsafeBufferPointer {
      unsafe opus_decode(decoder, $0.baseAddress, Int32($0.count), output, Int32(count), isCopy ? 1 : 0)
    }
    guard made > 0, made <= OpusPacket.maximumSamples, !isCopy || made == count else { return false }
    // Safe: libopus says how many samples it wrote.
    unsafe samples.append(contentsOf: UnsafeBufferPointer(start: output, count: Int(made)))
    return true
  }

  /// Begins anew, as before the first frame.
  private func forget() {
    // Safe: the decoder was made for the same rate and channel.
    _ = unsafe opus_decoder_init(decoder, Self.sampleRate, 1)
    isTransform = nil
  }
}
