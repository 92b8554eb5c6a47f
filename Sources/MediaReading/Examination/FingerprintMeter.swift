import CChromaprint
import CLibAV

/// The acoustic fingerprint of a recording by Chromaprint (algorithm TEST2, which `fpcalc` calls 2), of its whole length.
public struct AcousticFingerprint: Equatable, Sendable {
  /// Sub-fingerprints of 32 bits, one for each 1,365 samples at 11,025 hertz (0.1238 seconds); what `fpcalc -raw` prints.
  public var raw: [UInt32]
  /// The same in the compressed form that `fpcalc` prints (URL-safe base64).
  public var compressed: String
  /// True when the recording is longer than `FingerprintMeter.maximumSeconds`, and only that much was taken.
  public var isCut = false
}

/// Computes an acoustic fingerprint as fpcalc does: brought to one channel and 11,025 hertz by libswresample, then Chromaprint.
@safe final class FingerprintMeter {
  /// Seconds of a recording that are taken: a week.
  static let maximumSeconds: Int64 = 604_800
  /// The rate that Chromaprint works at.
  private static let rate = 11_025

  private let context: OpaquePointer
  private let resampler: OpaquePointer?
  private let channels: Int
  /// The samples of each channel at 16 bits, and where those of each begin.
  private let planes: UnsafeMutablePointer<Int16>
  private let sources: UnsafeMutablePointer<UnsafePointer<UInt8>?>
  private let resampled: UnsafeMutablePointer<Int16>
  private let room: Int
  private let limit: Int64
  private var taken: Int64 = 0
  private var hasFailed = false

  /// Nil when a library lacks memory or refuses the rate.
  init?(sampleRate: Int, channels: Int) {
    av_force_cpu_flags(0)
    guard let made = unsafe chromaprint_new(Int32(CHROMAPRINT_ALGORITHM_TEST2.rawValue)) else { return nil }
    var resampler: OpaquePointer?
    if sampleRate != Self.rate || channels > 1 {
      unsafe resampler = unsafe Self.resampler(sampleRate, channels)
      if unsafe resampler == nil {
        unsafe chromaprint_free(made)
        return nil
      }
    }
    unsafe context = made
    unsafe self.resampler = unsafe resampler
    self.channels = channels
    limit = Self.maximumSeconds * Int64(sampleRate)
    room = AudioBlock.capacity * Self.rate / min(sampleRate, Self.rate) + 4_096
    unsafe planes = .allocate(capacity: AudioBlock.capacity * channels)
    unsafe planes.initialize(repeating: 0, count: AudioBlock.capacity * channels)
    unsafe sources = .allocate(capacity: channels)
    for channel in 0..<channels {
      let plane = unsafe UnsafeRawPointer(planes + channel * AudioBlock.capacity)
      unsafe (sources + channel).initialize(to: plane.assumingMemoryBound(to: UInt8.self))
    }
    unsafe resampled = .allocate(capacity: room)
    unsafe resampled.initialize(repeating: 0, count: room)
    hasFailed = unsafe chromaprint_start(made, Int32(Self.rate), 1) != 1
  }

  deinit {
    unsafe chromaprint_free(context)
    var resampler = unsafe resampler
    unsafe swr_free(&resampler)
    unsafe planes.deallocate()
    unsafe sources.deallocate()
    unsafe resampled.deallocate()
  }

  /// A resampler with the settings of fpcalc; nil when libswresample refuses them.
  private static func resampler(_ sampleRate: Int, _ channels: Int) -> OpaquePointer? {
    var context: OpaquePointer?
    var one = unsafe AVChannelLayout()
    unsafe av_channel_layout_default(&one, 1)
    var source = unsafe AVChannelLayout()
    unsafe av_channel_layout_default(&source, Int32(channels))
    guard
      unsafe swr_alloc_set_opts2(
        &context, &one, AV_SAMPLE_FMT_S16, Int32(rate), &source, AV_SAMPLE_FMT_S16P, Int32(sampleRate), 0, nil) == 0,
      let made = unsafe context
    else { return nil }
    let options = unsafe UnsafeMutableRawPointer(made)
    unsafe av_opt_set_int(options, "filter_size", 16, 0)
    unsafe av_opt_set_int(options, "phase_shift", 8, 0)
    unsafe av_opt_set_int(options, "linear_interp", 1, 0)
    unsafe av_opt_set_int(options, "tsf", Int64(AV_SAMPLE_FMT_S16P.rawValue), 0)
    unsafe av_opt_set_double(options, "cutoff", 0.8, 0)
    guard unsafe swr_init(made) == 0 else {
      unsafe swr_free(&context)
      return nil
    }
    return unsafe made
  }

  func take(_ block: AudioBlock) {
    let count = Int(min(Int64(block.count), limit - taken))
    taken += Int64(block.count)
    guard count > 0, !hasFailed else { return }
    let shift = Int32(block.bits - 16)
    for channel in 0..<channels {
      let plane = unsafe block[channel]
      // Safe: the block holds `count` samples of each channel, and there is room for a whole block of each.
      let target = unsafe planes + channel * AudioBlock.capacity
      for index in 0..<count { unsafe target[index] = Int16(truncatingIfNeeded: plane[index] &>> shift) }
    }
    if unsafe resampler == nil { unsafe feed(planes, count) } else { convert(count) }
  }

  /// Gives what comes of `count` samples of each plane, or of those that libswresample held back, to Chromaprint.
  private func convert(_ count: Int?) {
    // Safe: `room` is more than what comes of a block; libswresample writes no more than it, and reads `count` of each plane.
    var target: UnsafeMutablePointer<UInt8>? = unsafe UnsafeMutableRawPointer(resampled)
      .assumingMemoryBound(to: UInt8.self)
    let made = unsafe swr_convert(resampler, &target, Int32(room), count == nil ? nil : sources, Int32(count ?? 0))
    if made < 0 { hasFailed = true }
    unsafe feed(resampled, Int(made))
  }

  private func feed(_ samples: UnsafePointer<Int16>, _ count: Int) {
    guard count > 0 else { return }
    if unsafe chromaprint_feed(context, samples, Int32(count)) != 1 { hasFailed = true }
  }

  /// Nil when there is less sound than one sub-fingerprint needs (about 2.6 seconds), or when memory was lacking.
  func finish() -> AcousticFingerprint? {
    if unsafe resampler != nil { convert(nil) }
    guard !hasFailed, unsafe chromaprint_finish(context) == 1 else { return nil }
    var words: UnsafeMutablePointer<UInt32>?
    var count: Int32 = 0
    var text: UnsafeMutablePointer<CChar>?
    defer {
      unsafe chromaprint_dealloc(words)
      unsafe chromaprint_dealloc(text)
    }
    guard unsafe chromaprint_get_raw_fingerprint(context, &words, &count) == 1, let list = unsafe words, count > 0,
      unsafe chromaprint_get_fingerprint(context, &text) == 1, let compressed = unsafe text
    else { return nil }
    // Safe: Chromaprint gives `count` words, and a text that ends with a zero.
    return unsafe AcousticFingerprint(
      raw: Array(UnsafeBufferPointer(start: list, count: Int(count))), compressed: String(cString: compressed),
      isCut: taken > limit)
  }
}
