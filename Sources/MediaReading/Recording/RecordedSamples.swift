import Glibc

/// The samples of one stream of a recording, read from the file in which they were put.
@safe public final class RecordedSamples {
  public let channels: Int
  /// 16, 24 or 32.
  public let bits: Int
  public let sampleRate: Int
  /// Samples a channel.
  public let sampleCount: Int64
  /// Whether the file gave fewer samples than were put there.
  public private(set) var isCut = false
  private let descriptor: Int32
  private let sampleBytes: Int

  /// Samples of all channels that are read at once.
  private static let blockSamples = 1 << 16

  public init(_ audio: RecordingAudio, descriptor: Int32) {
    self.descriptor = descriptor
    channels = audio.channels
    bits = audio.bits
    sampleRate = audio.sampleRate
    sampleCount = audio.sampleCount
    sampleBytes = audio.sampleBytes
  }

  /// Gives the WAV file piece by piece.
  public func writeWAV(_ body: (RawSpan) throws -> Void) throws {
    guard channels > 0, let count = UInt16(exactly: channels), let rate = UInt32(exactly: sampleRate) else { return }
    let header = WAVHeader(channels: count, sampleRate: rate, sampleCount: sampleCount, bits: UInt16(bits)).bytes
    // Safe: the view ends before `header` does.
    try unsafe body(header.span.bytes)
    var packed: [UInt8] = []
    try unsafe readBlocks { block in
      guard bits == 24 else { return try unsafe body(RawSpan(_unsafeBytes: block)) }
      // The lowest byte of each sample of 32 bits is empty.
      packed.removeAll(keepingCapacity: true)
      for place in stride(from: 0, to: block.count - 3, by: 4) {
        // Safe: the places are below the count.
        unsafe packed.append(block[place + 1])
        unsafe packed.append(block[place + 2])
        unsafe packed.append(block[place + 3])
      }
      // Safe: the view ends before `packed` does.
      try unsafe body(packed.span.bytes)
    }
    let total = sampleCount.multipliedReportingOverflow(by: Int64(channels * bits / 8))
    let padding: [UInt8] = [0]
    if total.partialValue & 1 == 1 { try unsafe body(padding.span.bytes) }
  }

  /// Gives the samples in order, interleaved, as integers of `bits` bits.
  public func read(_ body: (UnsafeBufferPointer<Int32>) -> Void) {
    var samples = [Int32](repeating: 0, count: Self.blockSamples)
    let shift = Int32(32 - bits)
    try? unsafe readBlocks { block in
      let count = min(samples.count, block.count / sampleBytes)
      if bits == 16 {
        let source = unsafe block.assumingMemoryBound(to: Int16.self)
        // Safe: both have `count` samples.
        for place in 0..<count { samples[place] = unsafe Int32(source[place]) }
      } else {
        let source = unsafe block.assumingMemoryBound(to: Int32.self)
        // Safe: both have `count` samples.
        for place in 0..<count { samples[place] = unsafe source[place] >> shift }
      }
      unsafe samples.withUnsafeBufferPointer { unsafe body(UnsafeBufferPointer(rebasing: $0[..<count])) }
    }
  }

  /// Gives the file's bytes in blocks of whole samples of all channels.
  private func readBlocks(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let width = channels * sampleBytes
    guard width > 0 else { return }
    let blockBytes = max(1, Self.blockSamples / channels) * width
    // Safe: the memory is aligned for samples and freed at the end.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 8)
    defer { unsafe buffer.deallocate() }
    var offset: Int64 = 0
    let end = sampleCount * Int64(width)
    while offset < end {
      let wanted = Int(min(Int64(blockBytes), end - offset))
      var done = 0
      while done < wanted {
        // Safe: the range from `done` to `wanted` is inside the buffer.
        let step = unsafe pread(descriptor, buffer.baseAddress! + done, wanted - done, off_t(offset) + off_t(done))
        if step > 0 { done += step } else if step == 0 || errno != EINTR { break }
      }
      guard done == wanted else {
        isCut = true
        return
      }
      try unsafe body(UnsafeRawBufferPointer(rebasing: buffer[..<wanted]))
      offset += Int64(wanted)
    }
  }
}
