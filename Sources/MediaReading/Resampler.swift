import CLibAV

/// Changes the rate of samples by libswresample, in integers and without the processor's special instructions.
@safe final class Resampler {
  private let context: OpaquePointer

  /// Nil when libswresample lacks memory or refuses the rates.
  init?(from source: Int, to target: Int) {
    av_force_cpu_flags(0)
    var context: OpaquePointer?
    var layout = unsafe AVChannelLayout()
    unsafe av_channel_layout_default(&layout, 1)
    var same = unsafe layout
    let status = unsafe swr_alloc_set_opts2(
      &context, &layout, AV_SAMPLE_FMT_S16, Int32(target), &same, AV_SAMPLE_FMT_S16, Int32(source), 0, nil)
    guard status == 0, let made = unsafe context, unsafe swr_init(made) == 0 else {
      unsafe swr_free(&context)
      return nil
    }
    unsafe self.context = made
  }

  deinit {
    var context: OpaquePointer? = unsafe context
    unsafe swr_free(&context)
  }

  /// Appends what comes of further samples; without samples what was still held back.
  func convert(_ samples: UnsafeBufferPointer<Int16>, into output: inout [Int16]) {
    let room = unsafe Int(swr_get_out_samples(context, Int32(clamping: samples.count)))
    guard room > 0, room < 1 << 28 else { return }
    let made = unsafe [Int16](unsafeUninitializedCapacity: room) { buffer, count in
      // Safe: the buffer holds as many samples as libswresample says that it may give.
      var target: UnsafeMutablePointer<UInt8>? = unsafe UnsafeMutableRawPointer(buffer.baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
      var source: UnsafePointer<UInt8>? = unsafe UnsafeRawPointer(samples.baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
      let result =
        samples.isEmpty
        ? unsafe swr_convert(context, &target, Int32(room), nil, 0)
        : unsafe swr_convert(context, &target, Int32(room), &source, Int32(samples.count))
      count = max(0, Int(result))
    }
    output.append(contentsOf: made)
  }

  /// Samples at another rate, exactly `count`; none when they cannot be converted.
  static func convert(_ samples: [Int16], from source: Int, to target: Int, count: Int) -> [Int16] {
    guard let resampler = Resampler(from: source, to: target) else { return [] }
    var output: [Int16] = []
    output.reserveCapacity(count + 64)
    unsafe samples.withUnsafeBufferPointer { unsafe resampler.convert($0, into: &output) }
    unsafe resampler.convert(UnsafeBufferPointer(start: nil, count: 0), into: &output)
    if output.count > count { output.removeLast(output.count - count) }
    if output.count < count { output.append(contentsOf: repeatElement(0, count: count - output.count)) }
    return output
  }
}

/// Gives a track's samples at a higher rate.
final class ResampledTrackReader: TrackReader {
  private let source: any TrackReader
  private let resampler: Resampler
  private let sourceCount: Int64
  private var position: Int64 = 0
  private var held: [Int16] = []
  private var taken = 0
  private var isFlushed = false

  /// Samples that are read at once.
  private static let blockSamples = 8_192

  init?(_ source: any TrackReader, sampleCount: Int64, from rate: Int64, to target: Int64) {
    guard let resampler = Resampler(from: Int(rate), to: Int(target)) else { return nil }
    self.source = source
    self.resampler = resampler
    sourceCount = sampleCount
  }

  var failures: Int { source.failures }

  func fill(_ samples: UnsafeMutablePointer<Int16>, from start: Int64, count: Int) {
    while held.count - taken < count, !isFlushed { pull() }
    let ready = min(count, held.count - taken)
    for index in 0..<ready {
      // Safe: the index is below the count.
      unsafe samples[index] = held[taken + index]
    }
    unsafe (samples + ready).update(repeating: 0, count: count - ready)
    taken += ready
    if taken > 1 << 16 {
      held.removeFirst(taken)
      taken = 0
    }
  }

  private func pull() {
    let count = Int(min(Int64(Self.blockSamples), sourceCount - position))
    guard count > 0 else {
      unsafe resampler.convert(UnsafeBufferPointer(start: nil, count: 0), into: &held)
      isFlushed = true
      return
    }
    let block = unsafe [Int16](unsafeUninitializedCapacity: count) { buffer, filled in
      // Safe: the buffer holds `count` samples.
      if let base = buffer.baseAddress {
        unsafe source.fill(base, from: position, count: count)
        filled = count
      }
    }
    unsafe block.withUnsafeBufferPointer { unsafe resampler.convert($0, into: &held) }
    position += Int64(count)
  }
}
