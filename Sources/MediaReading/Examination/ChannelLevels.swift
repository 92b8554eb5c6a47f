/// Peak, level, mean and full-scale runs of one channel, as a whole and in equal parts.
final class ChannelLevels {
  /// Parts that a recording is divided in.
  static let partCount = 1_000
  /// Samples of one sign at full scale that make a run.
  static let clippedSamples: Int64 = 3

  private let bits: Int
  private let length: Int64
  private var peaks = [UInt32](repeating: 0, count: ChannelLevels.partCount)
  private var squares = [UInt128](repeating: 0, count: ChannelLevels.partCount)
  private var counts = [Int64](repeating: 0, count: ChannelLevels.partCount)
  private var sum: Int128 = 0
  private var lowest = Int32.max
  private var highest = Int32.min
  private var clipped = SampleRange(start: 0, count: 0)
  /// 1 or -1 while at full scale, 0 elsewhere.
  private var clippedSign = 0
  private var clipping = SampleRanges()

  /// `length` is the number of samples that are to come.
  init(bits: Int, length: Int64) {
    self.bits = bits
    self.length = length
  }

  /// Takes samples that stand behind `start` others.
  func take(_ samples: UnsafeBufferPointer<Int32>, from start: Int64) {
    let parts = Int64(Self.partCount)
    var place = 0
    var (low, high) = (Int32.max, Int32.min)
    while place < samples.count {
      let now = start + Int64(place)
      let part = min(parts - 1, now * parts / max(1, length))
      // The first sample of the next part.
      let next = ((part + 1) * length + parts - 1) / parts
      let end = part == parts - 1 ? samples.count : min(samples.count, max(place + 1, Int(next - start)))
      let measured = unsafe measure(samples, place..<end)
      peaks[Int(part)] = max(peaks[Int(part)], measured.low.magnitude, measured.high.magnitude)
      squares[Int(part)] += UInt128(measured.squares)
      counts[Int(part)] += Int64(end - place)
      sum += Int128(measured.sum)
      (low, high) = (min(low, measured.low), max(high, measured.high))
      place = end
    }
    let limit = Int32.max >> Int32(32 - bits)
    if high >= limit || low <= -limit || clippedSign != 0 { unsafe findClipping(samples, from: start, limit) }
    lowest = min(lowest, low)
    highest = max(highest, high)
  }

  private func measure(
    _ samples: UnsafeBufferPointer<Int32>, _ range: Range<Int>
  ) -> (low: Int32, high: Int32, sum: Int64, squares: UInt64) {
    var (low, high) = (Int32.max, Int32.min)
    var sum: Int64 = 0
    var squares: UInt64 = 0
    // Squares are of 24 bits at most, so that those of a block fit.
    let shift = Int32(max(0, bits - 24))
    for index in range {
      // Safe: the range lies within the samples.
      let sample = unsafe samples[index]
      low = min(low, sample)
      high = max(high, sample)
      sum &+= Int64(sample)
    }
    if bits == 16 {
      for index in range {
        let sample = unsafe samples[index]
        squares &+= UInt64(UInt32(bitPattern: sample &* sample))
      }
    } else {
      for index in range {
        let sample = unsafe Int64(samples[index] &>> shift)
        squares &+= UInt64(bitPattern: sample &* sample)
      }
    }
    return (low, high, sum, squares)
  }

  private func findClipping(_ samples: UnsafeBufferPointer<Int32>, from start: Int64, _ limit: Int32) {
    for index in samples.indices {
      // Safe: the index is one of the buffer's.
      let sample = unsafe samples[index]
      let sign = sample >= limit ? 1 : sample <= -limit ? -1 : 0
      if sign == clippedSign {
        clipped.count += 1
      } else {
        endClipping()
        clipped = SampleRange(start: start + Int64(index), count: 1)
        clippedSign = sign
      }
    }
  }

  private func endClipping() {
    if clippedSign != 0, clipped.count >= Self.clippedSamples { clipping.add(clipped) }
    clippedSign = 0
  }

  /// Puts what was measured into `findings`.
  func finish(_ findings: inout ChannelFindings) {
    endClipping()
    let total = counts.reduce(0, +)
    // Levels of more than 24 bits were measured at 24.
    let measuredBits = min(bits, 24)
    findings.peaks = peaks.map { UInt16(($0 + (bits > 16 ? 1 << UInt32(bits - 17) : 0)) >> UInt32(bits - 16)) }
    findings.levels = zip(squares, counts).map { sum, count in
      guard count > 0 else { return 0 }
      // Twice the root at 16 bits, so that halves are rounded up.
      let mean = UInt64(clamping: (sum * 4 / UInt128(count)) >> UInt128(2 * (measuredBits - 16)))
      return UInt16((FixedPoint.squareRoot(mean) + 1) / 2)
    }
    guard total > 0 else { return }
    findings.samplePeak = FixedPoint.decibelTenths(
      amplitude: UInt64(max(lowest.magnitude, highest.magnitude)), bits: bits - 1
    ).map { FixedPoint.decimal($0, places: 1) }
    // The mean square with 14 more binary digits, at most 60 in all.
    let mean = UInt64(clamping: (squares.reduce(0, +) << 14) / UInt128(total))
    findings.level = FixedPoint.decibelTenths(power: mean, bits: 2 * (measuredBits - 1) + 14).map {
      FixedPoint.decimal($0, places: 1)
    }
    findings.offset = FixedPoint.decimal(
      FixedPoint.quotient(sum * 1_000_000, Int128(total) << Int128(bits - 1)), places: 6)
    findings.clipping = clipping
    findings.isDead = lowest == highest
  }
}
