/// The length of the shortest line over the WGS 84 ellipsoid.
///
/// Method: T. Vincenty, Direct and inverse solutions of geodesics on the ellipsoid (1975), inverse formula; within 0.1 mm of the true
/// length. Where it does not converge (nearly opposite points of the globe) the haversine formula on the sphere of the mean radius
/// counts, within 0.6 %.
enum Geodesic {
  static let semiMajorAxis = 6_378_137.0
  static let flattening = 1 / 298.257223563
  static let meanRadius = 6_371_008.7714
  static let maximumIterations = 100

  /// Millimetres between two places in degrees.
  static func millimetres(
    from one: (latitude: Double, longitude: Double), to two: (latitude: Double, longitude: Double)
  ) -> Int64 {
    var turn = two.longitude - one.longitude
    if turn > 180 { turn -= 360 }
    if turn < -180 { turn += 360 }
    if turn == 0, one.latitude == two.latitude { return 0 }
    let metres = vincenty(one.latitude, two.latitude, turn) ?? haversine(one.latitude, two.latitude, turn)
    return Int64((metres * 1_000).rounded())
  }

  /// Sine and cosine of the reduced latitude.
  private static func reduced(_ latitude: Double) -> (sine: Double, cosine: Double) {
    let (sine, cosine) = Trigonometry.sineAndCosine(degrees: latitude)
    let flat = (1 - flattening) * sine
    let length = (flat * flat + cosine * cosine).squareRoot()
    return (flat / length, cosine / length)
  }

  /// Names as in the paper: `u` reduced latitudes, `sigma` the angle between the places, `alpha` the line's azimuth at the equator.
  private static func vincenty(_ latitude1: Double, _ latitude2: Double, _ turn: Double) -> Double? {
    let (sinU1, cosU1) = reduced(latitude1)
    let (sinU2, cosU2) = reduced(latitude2)
    let difference = turn * (3.141592653589793 / 180)
    var lambda = difference
    for _ in 0..<maximumIterations {
      let (sinLambda, cosLambda) = Trigonometry.sineAndCosine(lambda)
      let across = cosU2 * sinLambda
      let along = cosU1 * sinU2 - sinU1 * cosU2 * cosLambda
      let sinSigma = (across * across + along * along).squareRoot()
      let cosSigma = sinU1 * sinU2 + cosU1 * cosU2 * cosLambda
      if sinSigma == 0 { return cosSigma > 0 ? 0 : nil }
      let sigma = Trigonometry.angle(sine: sinSigma, cosine: cosSigma)
      let sinAlpha = cosU1 * cosU2 * sinLambda / sinSigma
      let cosSquareAlpha = 1 - sinAlpha * sinAlpha
      // Along the equator there is no such angle.
      let cosTwiceMiddle = cosSquareAlpha > 1e-12 ? cosSigma - 2 * sinU1 * sinU2 / cosSquareAlpha : 0
      let c = flattening / 16 * cosSquareAlpha * (4 + flattening * (4 - 3 * cosSquareAlpha))
      let middle = 2 * cosTwiceMiddle * cosTwiceMiddle - 1
      let former = lambda
      lambda =
        difference + (1 - c) * flattening * sinAlpha
        * (sigma + c * sinSigma * (cosTwiceMiddle + c * cosSigma * middle))
      if lambda > 3.2 || lambda < -3.2 { return nil }
      guard (lambda - former).magnitude < 1e-12 else { continue }
      let semiMinorAxis = semiMajorAxis * (1 - flattening)
      let uSquare =
        cosSquareAlpha * (semiMajorAxis * semiMajorAxis - semiMinorAxis * semiMinorAxis)
        / (semiMinorAxis * semiMinorAxis)
      let a = 1 + uSquare / 16_384 * (4_096 + uSquare * (-768 + uSquare * (320 - 175 * uSquare)))
      let b = uSquare / 1_024 * (256 + uSquare * (-128 + uSquare * (74 - 47 * uSquare)))
      let last = b / 6 * cosTwiceMiddle * (4 * sinSigma * sinSigma - 3) * (4 * cosTwiceMiddle * cosTwiceMiddle - 3)
      let correction = b * sinSigma * (cosTwiceMiddle + b / 4 * (cosSigma * middle - last))
      return semiMinorAxis * a * (sigma - correction)
    }
    return nil
  }

  private static func haversine(_ latitude1: Double, _ latitude2: Double, _ turn: Double) -> Double {
    let (_, cos1) = Trigonometry.sineAndCosine(degrees: latitude1)
    let (_, cos2) = Trigonometry.sineAndCosine(degrees: latitude2)
    let (north, _) = Trigonometry.sineAndCosine(degrees: (latitude2 - latitude1) / 2)
    let (east, _) = Trigonometry.sineAndCosine(degrees: turn / 2)
    let half = min(1, north * north + cos1 * cos2 * east * east)
    return 2 * meanRadius * Trigonometry.angle(sine: half.squareRoot(), cosine: (1 - half).squareRoot())
  }
}
