/// A filter of the second order (Butterworth) in whole numbers of 64 bits; coefficients in units of 2^-28.
struct BandFilter {
  private let input: (Int64, Int64, Int64)
  private let feedback: (Int64, Int64)
  private var inputs: (Int64, Int64) = (0, 0)
  private var outputs: (Int64, Int64) = (0, 0)

  /// Lets pass what lies above (`isHigh`) or below a frequency, which is below half of `sampleRate`.
  init(isHigh: Bool, hertz: Int, sampleRate: Int) {
    let one = Int128(1) << 28
    let (sine, cosine) = FixedPoint.sineAndCosine(Int128(hertz), Int128(sampleRate))
    // The sine over the root of 2, which is 1.41421356237.
    let alpha = sine * 100_000_000_000 / 141_421_356_237
    func normal(_ value: Int128) -> Int64 { Int64((value << 28) / (one + alpha)) }
    let sum = isHigh ? one + cosine : one - cosine
    input = (normal(sum / 2), normal(isHigh ? -sum : sum), normal(sum / 2))
    feedback = (normal(-2 * cosine), normal(one - alpha))
  }

  /// Samples are below 2^28.
  @inline(__always)
  mutating func pass(_ sample: Int64) -> Int64 {
    let sum =
      input.0 &* sample &+ input.1 &* inputs.0 &+ input.2 &* inputs.1 &- feedback.0 &* outputs.0
      &- feedback.1 &* outputs.1
    let output = sum &>> 28
    inputs = (sample, inputs.0)
    outputs = (output, outputs.0)
    return output
  }
}

extension FixedPoint {
  /// Sine and cosine of `hertz / rate` of a whole turn, below half of one, in units of 2^-28.
  static func sineAndCosine(_ hertz: Int128, _ rate: Int128) -> (sine: Int128, cosine: Int128) {
    // The angle in units of 2^-56; 2π is 6.283185307179586.
    let angle = (6_283_185_307_179_586 * hertz << 56) / (1_000_000_000_000_000 * rate)
    // The series of Taylor, to terms below a unit.
    var (sine, cosine): (Int128, Int128) = (0, 0)
    var term = Int128(1) << 56
    for place in 0..<40 {
      switch place % 4 {
      case 0: cosine += term
      case 1: sine += term
      case 2: cosine -= term
      default: sine -= term
      }
      term = ((term * angle) >> 56) / Int128(place + 1)
    }
    return (sine >> 28, cosine >> 28)
  }
}
