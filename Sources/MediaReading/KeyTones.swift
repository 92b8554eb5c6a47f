/// The frequencies of the telephone's keys (ITU-T Q.23), and how strongly a piece of audio holds them, in integers throughout.
///
/// The algorithm is Goertzel's: a recursion of one multiplication a sample and frequency, whose end gives the power at the frequency.
/// Its factors, twice the cosine, are computed from integers too, so that every machine has the same.
struct KeyTones: Sendable {
  /// Hertz of the keyboard's rows and columns (Q.23, 2).
  static let rows: [Int64] = [697, 770, 852, 941]
  static let columns: [Int64] = [1_209, 1_336, 1_477, 1_633]
  static let keys: [[String]] = [
    ["1", "2", "3", "A"], ["4", "5", "6", "B"], ["7", "8", "9", "C"], ["*", "0", "#", "D"],
  ]

  /// The least amplitude of each tone: -36 dBm0, where a sine of full scale has +3.14 (ITU-T G.711, table 5).
  static let leastAmplitude: Int64 = 362
  /// How much stronger the high tone may be than the low one, and the other way round, as a hundred times the ratio of powers:
  /// 5.5 and 9.5 dB. Q.24 (annex A) has receivers accept 4 and 8.
  static let mostHigher: Int64 = 355
  static let mostLower: Int64 = 891
  /// The least share of all power that the two tones make up, in hundredths: at the nominal frequencies, where a tone that is off by what
  /// is allowed loses a third, and at the nearest of those and others off by `nearOffset`.
  static let leastShare: Int64 = 62
  static let leastNearShare: Int64 = 85
  /// In thousandths.
  static let nearOffset: Int64 = 15
  /// How many times weaker all other rows and columns are at least, in power: 6 dB.
  static let leastContrast: Int64 = 4
  /// How far off the frequencies are that must be weaker than the nominal one, in thousandths: what is nearer to them than to it,
  /// 2.5 per cent, is no key. Q.24 has receivers accept 1.5 per cent and 2 Hz, and refuse 3.5 per cent.
  static let refusedOffset: Int64 = 50
  /// Periods over which that is decided.
  static let refusalPeriods: Int64 = 20

  struct Strength {
    let row: Int
    let column: Int
    /// Powers as Goertzel's algorithm gives them: a quarter of the squared amplitude by the squared count of samples.
    let low: Int64
    let high: Int64
  }

  let sampleRate: Int64
  private let factors: [Int64]
  private let nearFactors: [[Int64]]
  let gate: KeyToneGate
  private let offFactors: [(below: Int64, nominal: Int64, above: Int64, length: Int)]

  /// Bits behind the point of the factors.
  private static let precision: Int64 = 28

  /// Samples of the blocks that are looked at: 12.75 milliseconds.
  static func blockSamples(at sampleRate: Int64) -> Int { Int(sampleRate * 102 / 8_000) }

  init(sampleRate: Int64) {
    self.sampleRate = sampleRate
    let all = Self.rows + Self.columns
    factors = all.map { Self.factor($0 * 1_000, sampleRate) }
    gate = KeyToneGate(
      count: Self.blockSamples(at: sampleRate), factors: Array(factors[..<Self.rows.count]), precision: Self.precision)
    nearFactors = all.map { frequency in
      [-Self.nearOffset, Self.nearOffset].map { Self.factor(frequency * (1_000 + $0), sampleRate) }
    }
    offFactors = all.map { frequency in
      (
        Self.factor(frequency * (1_000 - Self.refusedOffset), sampleRate), Self.factor(frequency * 1_000, sampleRate),
        Self.factor(frequency * (1_000 + Self.refusedOffset), sampleRate),
        Int(sampleRate * Self.refusalPeriods / frequency)
      )
    }
  }

  /// Twice the cosine of a frequency in thousandths of a hertz, below a quarter of the rate: the first terms of its series.
  private static func factor(_ millihertz: Int64, _ sampleRate: Int64) -> Int64 {
    // 2 pi with 28 bits behind the point.
    let angle = 1_686_629_713 * millihertz / (sampleRate * 1_000)
    let square = (angle * angle) >> precision
    var term: Int64 = 1 << precision
    var sum = term
    for number in 1...10 {
      term = -((term * square) >> precision) / Int64((2 * number - 1) * (2 * number))
      sum += term
    }
    return 2 * sum
  }

  @inline(__always)
  private static func step(_ factor: Int64, _ sample: Int64, _ last: Int64, _ former: Int64) -> Int64 {
    sample + ((factor * last) >> precision) - former
  }

  @inline(__always)
  private static func power(_ factor: Int64, _ last: Int64, _ former: Int64) -> Int64 {
    last * last + former * former - ((factor * last) >> precision) * former
  }

  /// The power at one frequency.
  private static func power(_ factor: Int64, _ samples: ArraySlice<Int16>) -> Int64 {
    var last: Int64 = 0
    var former: Int64 = 0
    for sample in samples { (last, former) = (step(factor, Int64(sample), last, former), last) }
    return power(factor, last, former)
  }

  /// The two tones of a key in a block of at most 1,000 samples; nil when it holds none.
  ///
  /// `isNear` asks for the larger share of all power.
  func strength(_ samples: ArraySlice<Int16>, isNear: Bool = false) -> Strength? {
    let count = Int64(samples.count)
    // Safe: the samples are read within the closure.
    let (energy, isOpen) = unsafe samples.withUnsafeBufferPointer { samples in
      let energy = unsafe KeyToneGate.energy(samples)
      let isLoud = energy >= count * Self.leastAmplitude * Self.leastAmplitude * 3 / 4
      return (energy, unsafe isLoud && gate.isOpen(samples, energy: energy))
    }
    guard isOpen else { return nil }
    // Most sounds hold no row's tone, and need no look at the columns.
    let least = count * count * Self.leastAmplitude * Self.leastAmplitude / 4
    let rows = powers(of: 0, samples)
    guard let row = Self.best(rows), rows[row] >= least else { return nil }
    let columns = powers(of: 4, samples)
    guard let column = Self.best(columns) else { return nil }
    let (low, high) = (rows[row], columns[column])
    guard high >= least, high * 100 <= low * Self.mostHigher, low * 100 <= high * Self.mostLower,
      2 * (low + high) * 100 >= Self.leastShare * count * energy
    else { return nil }
    if isNear {
      let sum = [(row, low), (column + 4, high)].reduce(Int64(0)) { sum, tone in
        sum + nearFactors[tone.0].reduce(tone.1) { max($0, Self.power($1, samples)) }
      }
      guard 2 * sum * 100 >= Self.leastNearShare * count * energy else { return nil }
    }
    return Strength(row: row, column: column, low: low, high: high)
  }

  /// The powers at four frequencies, from that of a place on: four recursions side by side.
  private func powers(of place: Int, _ samples: ArraySlice<Int16>) -> SIMD4<Int64> {
    let (first, second, third, fourth) = (factors[place], factors[place + 1], factors[place + 2], factors[place + 3])
    var (one, formerOne): (Int64, Int64) = (0, 0)
    var (two, formerTwo): (Int64, Int64) = (0, 0)
    var (three, formerThree): (Int64, Int64) = (0, 0)
    var (four, formerFour): (Int64, Int64) = (0, 0)
    for sample in samples {
      // Blocks are short enough that nothing here comes near 63 bits.
      let value = Int64(sample)
      (one, formerOne) = (value &+ ((first &* one) >> Self.precision) &- formerOne, one)
      (two, formerTwo) = (value &+ ((second &* two) >> Self.precision) &- formerTwo, two)
      (three, formerThree) = (value &+ ((third &* three) >> Self.precision) &- formerThree, three)
      (four, formerFour) = (value &+ ((fourth &* four) >> Self.precision) &- formerFour, four)
    }
    return SIMD4(
      Self.power(first, one, formerOne), Self.power(second, two, formerTwo), Self.power(third, three, formerThree),
      Self.power(fourth, four, formerFour))
  }

  /// The place of the strongest; nil when another one is nearly as strong.
  private static func best(_ powers: SIMD4<Int64>) -> Int? {
    var place = 0
    for other in 1..<4 where powers[other] > powers[place] { place = other }
    for other in 0..<4 where other != place && powers[other] * leastContrast > powers[place] { return nil }
    return place
  }

  /// Whether both tones are nearer to a key's frequencies than to those that are refused.
  func isOnFrequency(_ samples: ArraySlice<Int16>, row: Int, column: Int) -> Bool {
    [row, column + 4].allSatisfy { place in
      let factors = offFactors[place]
      let skipped = max(0, samples.count - factors.length) / 2
      let part = samples.dropFirst(skipped).prefix(factors.length)
      let nominal = Self.power(factors.nominal, part)
      return nominal > Self.power(factors.below, part) && nominal > Self.power(factors.above, part)
    }
  }

  /// The level of a tone in tenths of dBm0, from its power in a block of `count` samples.
  static func level(_ power: Int64, count: Int64) -> Int64 {
    // 4 P / N^2 is the squared amplitude; a full scale of 2^15 has +3.14 dBm0.
    decibels(power, count * count / 4) - 903 + 31
  }

  /// Ten times the logarithm of a ratio in tenths of a decibel, rounded down.
  static func decibels(_ numerator: Int64, _ denominator: Int64) -> Int64 {
    guard numerator > 0, denominator > 0 else { return 0 }
    // The binary logarithm with 12 bits behind the point, by squaring the mantissa.
    func logarithm(_ number: Int64) -> Int64 {
      let whole = Int64(63 - number.leadingZeroBitCount)
      var mantissa = whole >= 30 ? number >> (whole - 30) : number << (30 - whole)
      var bits = whole
      for _ in 0..<12 {
        mantissa = (mantissa * mantissa) >> 30
        bits <<= 1
        if mantissa >= 1 << 31 {
          bits |= 1
          mantissa >>= 1
        }
      }
      return bits
    }
    // 100 times the decimal logarithm of two is 30.103.
    let product = (logarithm(numerator) - logarithm(denominator)) * 30_103
    return product >= 0 ? product / 4_096_000 : -((4_095_999 - product) / 4_096_000)
  }
}
