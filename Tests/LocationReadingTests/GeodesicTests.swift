import Foundation
import TestSupport
import Testing

@testable import LocationReading

@Suite struct GeodesicTests {
  typealias Place = (latitude: Double, longitude: Double)

  static func pairs() -> [(Place, Place)] {
    var random = SeededGenerator(7)
    var pairs: [(Place, Place)] = [
      ((0, 0), (0, 1)), ((90, 0), (-90, 0)), ((90, 10), (89, -170)), ((0, 179.9), (0, -179.9)), ((0, 0), (1, 0)),
      ((48.2, 16.3), (48.2, 16.3)), ((-90, 5), (-90, 100)), ((89.999, 0), (89.999, 180)), ((0, 0), (0.5, 179)),
    ]
    for _ in 0..<3_000 {
      let one = (Double.random(in: -90...90, using: &random), Double.random(in: -180...180, using: &random))
      let far = (Double.random(in: -90...90, using: &random), Double.random(in: -180...180, using: &random))
      let near = (
        max(-90, min(90, one.0 + Double.random(in: -1e-3...1e-3, using: &random))),
        max(-180, min(180, one.1 + Double.random(in: -1e-3...1e-3, using: &random)))
      )
      pairs += [(one, far), (one, near)]
    }
    return pairs
  }

  /// PROJ's geod solves the same problem by another method (Karney 2013).
  @Test(.enabled(if: program("geod") != nil, "geod of PROJ is not installed")) func measuresAsPROJDoes() throws {
    let pairs = Self.pairs()
    let lines = pairs.map { "\($0.0.latitude) \($0.0.longitude) \($0.1.latitude) \($0.1.longitude)\n" }.joined()
    let done = try run(
      try #require(program("geod")), ["-I", "+ellps=WGS84", "+units=m", "-F", "%.6f"], input: Array(lines.utf8))
    #expect(done.lines.count == pairs.count)
    var approximated = 0
    for (pair, line) in zip(pairs, done.lines) {
      let expected = try #require(line.split(separator: "\t").last.flatMap { Double($0) })
      let metres = Double(Geodesic.millimetres(from: pair.0, to: pair.1)) / 1_000
      if abs(metres - expected) <= 0.0011 { continue }
      approximated += 1
      #expect(expected > 19_900_000 && abs(metres - expected) < expected * 0.006, "\(pair) \(metres) \(expected)")
    }
    #expect(approximated < 20)
  }

  @Test func isTheSameInBothDirections() {
    for (one, two) in Self.pairs() {
      let there = Geodesic.millimetres(from: one, to: two)
      #expect(abs(there - Geodesic.millimetres(from: two, to: one)) <= 1)
    }
  }

  /// Agrees with the C library within its last digits.
  @Test func computesAnglesAsTheLibraryDoes() {
    for step in -4_000...4_000 {
      let angle = Double(step) * 0.002
      let (sine, cosine) = Trigonometry.sineAndCosine(angle)
      #expect(abs(sine - sin(angle)) < 1e-15 && abs(cosine - cos(angle)) < 1e-15)
      let (x, y) = (cos(angle), abs(sin(angle)))
      #expect(abs(Trigonometry.angle(sine: y, cosine: x) - atan2(y, x)) < 2e-15)
    }
  }

  /// Every bit of 6,009 lengths, as they are on the machine where this was written.
  @Test func isTheSameOnEveryMachine() {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var sum: Int64 = 0
    for (one, two) in Self.pairs() {
      let length = Geodesic.millimetres(from: one, to: two)
      sum += length
      hash = (hash ^ UInt64(bitPattern: length)) &* 0x100_0000_01b3
      let (sine, cosine) = Trigonometry.sineAndCosine(degrees: one.longitude)
      for part in [sine, cosine] { hash = (hash ^ part.bitPattern) &* 0x100_0000_01b3 }
    }
    #expect(sum == 29_789_235_511_686 && hash == 5_056_641_262_555_679_053)
  }

  @Test func doesNotDependOnTheProcessor() throws {
    let tunables = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4,-AVX"
    let done = try runInOwnProcess("isTheSameOnEveryMachine", ["GLIBC_TUNABLES": tunables])
    #expect(done.status == 0 && (done.text + done.errors).contains("isTheSameOnEveryMachine() passed"))
  }
}
