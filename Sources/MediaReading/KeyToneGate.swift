/// Tells cheaply of most pieces of audio that no key's tones are in them; it never says so of one that `KeyTones` finds a key in.
///
/// It computes the powers at the rows' frequencies as sums of products with coarse cosines and sines, which compilers turn into vector
/// instructions. A key's low tone makes up at least `leastShare / (2 * (100 + mostHigher))` = 0.068 of the samples' count times their
/// energy in the power that Goertzel's recursion gives. Here half of that must be there: the amplitude may be wrong by 29 per cent,
/// where rounding of the cosines makes it wrong by at most 3 per cent (half a hundredth in each of the two sums, against 0.26 of the
/// root of count times energy), and that of the recursion its power by at most 3 (less than one a step, and one by the sine of the
/// frequency at the end, against the least amplitude).
struct KeyToneGate: Sendable {
  /// The amplitude of the coarse cosines: sums of 612 samples stay below 32 bits.
  private static let amplitude: Int64 = 100
  private static let lanes = 16

  private let count: Int
  /// Samples of a piece and the zeros behind them that make it a multiple of the lanes.
  private let padded: Int
  /// Cosines and sines of each row in turn, each `padded` long.
  private let waves: [Int16]

  /// For pieces of `count` samples, at most 612. `factors` are twice the cosines of the rows' angles with `precision` bits behind
  /// the point.
  init(count: Int, factors: [Int64], precision: Int64) {
    self.count = count
    padded = (count + Self.lanes - 1) / Self.lanes * Self.lanes
    var waves: [Int16] = []
    let one = Int64(1) << precision
    for factor in factors {
      // The next cosine, or sine, is twice the angle's cosine times this one, less the former. With so few steps and so many bits, what
      // is lost on the way is far below a hundredth.
      let sine = Self.root(one * one - factor * factor / 4)
      for var (former, current) in [(factor / 2, one), (-sine, Int64(0))] {
        for place in 0..<padded {
          waves.append(place < count ? Int16(clamping: (current * Self.amplitude + one / 2) >> precision) : 0)
          (former, current) = (current, (factor * current) >> precision - former)
        }
      }
    }
    self.waves = waves
  }

  /// The integer root, rounded down.
  private static func root(_ square: Int64) -> Int64 {
    var low: Int64 = 0
    var high: Int64 = 1 << 31
    while high - low > 1 {
      let middle = (low + high) / 2
      if middle * middle <= square { low = middle } else { high = middle }
    }
    return low
  }

  /// The sum of the samples' squares.
  static func energy(_ samples: UnsafeBufferPointer<Int16>) -> Int64 {
    var sum: Int64 = 0
    // Safe: the place is below the count.
    for place in 0..<samples.count { sum &+= unsafe Int64(Int32(samples[place]) &* Int32(samples[place])) }
    return sum
  }

  /// Whether a row's tone may be in a piece of this energy.
  func isOpen(_ samples: UnsafeBufferPointer<Int16>, energy: Int64) -> Bool {
    guard samples.count == count else { return true }
    let least = Int64(count) * energy / 29 * Self.amplitude * Self.amplitude
    return unsafe withUnsafeTemporaryAllocation(of: Int16.self, capacity: padded) { piece in
      unsafe waves.withUnsafeBufferPointer { waves in
        // Safe: there is room for the samples and the zeros behind them, and each wave is as long.
        guard let begin = piece.baseAddress, let source = samples.baseAddress, let wave = waves.baseAddress else {
          return true
        }
        unsafe begin.update(from: source, count: count)
        unsafe (begin + count).update(repeating: 0, count: padded - count)
        for row in 0..<(waves.count / padded / 2) {
          let real = unsafe Int64(Self.product(begin, wave + 2 * row * padded, padded / Self.lanes))
          let imaginary = unsafe Int64(Self.product(begin, wave + (2 * row + 1) * padded, padded / Self.lanes))
          if real * real + imaginary * imaginary >= least { return true }
        }
        return false
      }
    }
  }

  @inline(__always)
  private static func product(_ one: UnsafePointer<Int16>, _ other: UnsafePointer<Int16>, _ groups: Int) -> Int32 {
    var sum: Int32 = 0
    for place in 0..<(groups &* lanes) {
      // Safe: both have as many.
      sum &+= unsafe Int32(one[place]) &* Int32(other[place])
    }
    return sum
  }
}
