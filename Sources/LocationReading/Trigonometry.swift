/// Sine, cosine and arc tangent from additions, multiplications, divisions and square roots only.
///
/// IEEE 754 says how each of these rounds, so results are the same to the last bit on every machine; a C library's `sin` is not, for it
/// chooses its code by the processor. The error is below 1e-15.
enum Trigonometry {
  /// Half of pi, and what is missing to it.
  private static let rightAngle = (high: 1.5707963267948966, low: 6.123233995736766e-17)

  /// Sine and cosine of an angle in radians, of a few turns at the most.
  static func sineAndCosine(_ angle: Double) -> (sine: Double, cosine: Double) {
    let quarter = (angle / rightAngle.high).rounded()
    let rest = angle - quarter * rightAngle.high - quarter * rightAngle.low
    let square = rest * rest
    // Taylor's series; the rest is within an eighth of a turn.
    var sine = 1.0
    var cosine = 1.0
    for step in stride(from: 9.0, through: 1.0, by: -1.0) {
      sine = 1 - square / (2 * step * (2 * step + 1)) * sine
      cosine = 1 - square / (2 * step * (2 * step - 1)) * cosine
    }
    sine *= rest
    switch Int64(quarter) & 3 {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
  }

  static func sineAndCosine(degrees: Double) -> (sine: Double, cosine: Double) {
    sineAndCosine(degrees * (rightAngle.high / 90))
  }

  /// The angle from 0 to pi whose sine and cosine are in the ratio of `sine`, not negative, and `cosine`.
  static func angle(sine: Double, cosine: Double) -> Double {
    let flat = cosine < 0 ? -cosine : cosine
    guard sine > 0 || flat > 0 else { return 0 }
    let acute = sine <= flat ? arcTangent(sine / flat) : rightAngle.high - arcTangent(flat / sine)
    return cosine < 0 ? 2 * rightAngle.high - acute : acute
  }

  /// The arc tangent of 0 to 1.
  private static func arcTangent(_ tangent: Double) -> Double {
    // The angle is halved three times, then Taylor's series.
    var part = tangent
    for _ in 0..<3 { part /= 1 + (1 + part * part).squareRoot() }
    let square = part * part
    var sum = 0.0
    for step in stride(from: 21.0, through: 1.0, by: -2.0) { sum = 1 / step - square * sum }
    return 8 * part * sum
  }
}
