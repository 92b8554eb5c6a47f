import CLibAV
import Glibc

/// A place of a recording at which something could not be decoded as it should.
public struct RecordingDamage: Hashable, Sendable {
  /// The packet's number within its stream, from 1.
  public let packet: UInt64
  /// Its bytes in the file; nil when the container does not say.
  public let bytes: ClosedRange<UInt64>?
  /// Microseconds from the beginning; nil when the packet has no time.
  public let time: Int64?
  /// What the library said, or its error; text of a library, about hostile bytes.
  public let message: String
}

/// Decodes one audio stream of a recording into a file of samples, in integers, and notes what is odd about it.
///
/// Samples stand there one behind the other as they were decoded: nothing is put in for what is missing.
@safe public final class RecordingAudio {
  /// Places of damage, steps of time and changes of format that are told by stream; all are counted.
  public static let maximumNoted = 1_000
  /// Bytes of samples of one stream, beside what `maximumGrowth` allows.
  public static let freeBytes: UInt64 = 4 << 30
  /// How many times larger than the recording its samples may be.
  public static let maximumGrowth: UInt64 = 1_000
  static let maximumChannels = 64
  static let maximumSampleRate = 768_000
  /// Steps of time up to this are a matter of rounding in the container.
  static let toleranceMilliseconds: Int64 = 40

  /// A place where the container's times say that samples are missing or come twice.
  public struct TimeStep: Hashable, Sendable {
    /// Samples a channel that stand before it.
    public let position: Int64
    /// Samples a channel that are missing; below zero, by how many the next ones overlap.
    public let missing: Int64
  }

  public let index: Int
  /// The decoder of libavcodec.
  public var decoderName: String { decoder.name }
  /// Bits of a sample: 16, or 24 or 32 where the recording has more than 16 and loses nothing.
  public let bits: Int
  /// Samples a second of the first samples, and so of the file; 0 when there are none.
  public private(set) var sampleRate = 0
  public private(set) var channels = 0
  /// Samples a channel.
  public private(set) var sampleCount: Int64 = 0
  public private(set) var damage: [RecordingDamage] = []
  public private(set) var damageCount = 0
  public private(set) var steps: [TimeStep] = []
  public private(set) var stepCount = 0
  /// How often the rate or the channels changed on the way; the file keeps the first.
  public private(set) var formatChanges = 0
  private var packetCount: UInt64 = 0
  /// Whether decoding ended at the limit of bytes.
  public private(set) var isLimited = false
  /// Why the file of samples could not be written: an `errno`, or 0.
  public private(set) var writeError: Int32 = 0

  private let decoder: RecordingDecoder
  private let output: Int32
  private let byteLimit: UInt64
  private var converter = SampleConverter()
  private var opusPauses: OpusPauses?
  private var buffer: [UInt8] = []
  private var bytesWritten: UInt64 = 0
  private var expected: Int64?
  private static let bufferBytes = 1 << 18

  /// Opens a decoder; nil when libavcodec has none for the stream. Samples go to the file `output`.
  init?(_ stream: UnsafeMutablePointer<AVStream>, index: Int, output: Int32, byteCount: UInt64) {
    guard let decoder = unsafe RecordingDecoder(stream), let parameters = unsafe stream.pointee.codecpar else {
      return nil
    }
    self.decoder = decoder
    unsafe opusPauses = OpusPauses(parameters.pointee)
    unsafe bits = RecordingCodec.bits(decoder.context, parameters.pointee)
    self.index = index
    self.output = output
    let (grown, overflow) = byteCount.multipliedReportingOverflow(by: Self.maximumGrowth)
    byteLimit = overflow ? .max : max(Self.freeBytes, grown)
    buffer.reserveCapacity(Self.bufferBytes)
  }

  private var context: UnsafeMutablePointer<AVCodecContext> { unsafe decoder.context }
  private var frame: UnsafeMutablePointer<AVFrame> { unsafe decoder.frame }

  /// Bytes that one sample of one channel takes in the file of samples.
  public var sampleBytes: Int { bits == 16 ? 2 : 4 }

  func take(_ packet: UnsafeMutablePointer<AVPacket>, _ messages: MediaMessages) {
    packetCount += 1
    guard !isLimited, writeError == 0 else { return }
    unsafe opusPauses?.take(packet)
    let status = unsafe avcodec_send_packet(context, packet)
    let isCorrupt = receive()
    let said = messages.take()
    let isMarked = unsafe packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0
    let isRefused = status < 0 && status != exhibit_av_end_of_file
    guard isRefused || isCorrupt || isMarked || !said.isEmpty else { return }
    let words = said.first ?? (isRefused ? RecordingFile.words(status) : "the packet is damaged")
    unsafe note(packet, words)
  }

  /// Decodes what the decoder still holds back, and writes the rest.
  func finish(_ messages: MediaMessages) {
    guard !isLimited, writeError == 0 else { return }
    unsafe avcodec_send_packet(context, nil)
    if receive() { damageCount += 1 }
    _ = messages.take()
    if let rest = unsafe converter.finish() { unsafe append(rest) }
    flush()
  }

  private func note(_ packet: UnsafeMutablePointer<AVPacket>, _ words: String) {
    damageCount += 1
    guard damage.count < Self.maximumNoted else { return }
    damage.append(
      RecordingDamage(
        packet: packetCount, bytes: unsafe PacketPlace.bytes(packet),
        time: unsafe PacketPlace.time(packet, decoder.timeBase), message: words))
  }

  /// Takes the frames that are ready; true when one of them is marked as damaged.
  private func receive() -> Bool {
    var isCorrupt = false
    while !isLimited, writeError == 0, unsafe avcodec_receive_frame(context, frame) == 0 {
      if unsafe frame.pointee.decode_error_flags != 0 || frame.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 {
        isCorrupt = true
      }
      takeFrame()
      unsafe av_frame_unref(frame)
    }
    return isCorrupt
  }

  private func takeFrame() {
    let rate = unsafe Int(frame.pointee.sample_rate)
    let count = unsafe Int(frame.pointee.ch_layout.nb_channels)
    guard unsafe frame.pointee.nb_samples > 0, rate > 0, rate <= Self.maximumSampleRate, count > 0,
      count <= Self.maximumChannels
    else { return }
    if sampleRate == 0 {
      sampleRate = rate
      channels = count
    }
    if unsafe !converter.fits(frame) {
      if let rest = unsafe converter.finish() { unsafe append(rest) }
      if !converter.isNew { formatChanges += 1 }
      unsafe converter.begin(frame, rate: sampleRate, channels: channels, isWide: bits > 16)
    }
    if let opusPauses, unsafe av_frame_make_writable(frame) == 0 {
      unsafe opusPauses.silence(frame, isFirst: sampleCount == 0)
    }
    checkTime()
    guard let samples = unsafe converter.convert(frame) else { return }
    unsafe append(samples)
  }

  /// Compares the time that the container gives the frame with the samples that came before it.
  private func checkTime() {
    let time = unsafe frame.pointee.best_effort_timestamp
    let timeBase = decoder.timeBase
    guard time != .min, timeBase.num > 0, timeBase.den > 0, sampleRate > 0,
      let now = Int64(
        exactly: Int128(time) * Int128(timeBase.num) * Int128(sampleRate) / Int128(timeBase.den)),
      now.magnitude < 1 << 60
    else { return }
    let start = now - sampleCount
    guard let known = expected else {
      expected = start
      return
    }
    let tick = Int64(sampleRate) * Int64(timeBase.num) / Int64(timeBase.den)
    let tolerance = max(Int64(sampleRate) * Self.toleranceMilliseconds / 1_000, 2 * tick)
    guard (start - known).magnitude > tolerance.magnitude else { return }
    stepCount += 1
    if steps.count < Self.maximumNoted { steps.append(TimeStep(position: sampleCount, missing: start - known)) }
    expected = start
  }

  private func append(_ samples: UnsafeBufferPointer<UInt8>) {
    let width = channels * sampleBytes
    guard width > 0 else { return }
    bytesWritten += UInt64(samples.count)
    guard bytesWritten <= byteLimit else {
      isLimited = true
      flush()
      return
    }
    sampleCount += Int64(samples.count / width)
    unsafe buffer.append(contentsOf: samples)
    if buffer.count >= Self.bufferBytes { flush() }
  }

  private func flush() {
    // Safe: the bytes are read within the closure, from `done` to the end.
    unsafe buffer.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count, writeError == 0 {
        let step = unsafe Glibc.write(output, bytes.baseAddress! + done, bytes.count - done)
        if step > 0 { done += step } else if errno != EINTR { writeError = errno }
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
