/// A length of time in whole seconds, as people state limits: `90s`, `30m`, `12h`, `2d`.
public struct LengthOfTime: Hashable, Sendable {
  public let seconds: Int64

  public init(seconds: Int64) { self.seconds = seconds }

  /// The longest that can be stated: 36 500 days.
  static let longest: Int64 = 36_500 * 86_400

  /// Reads a number with its unit; nil for anything else, and for more than 36 500 days.
  public init?(_ text: String) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    let digits = text.dropLast()
    guard let unit = text.last.flatMap({ units[$0] }), (1...10).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits), count <= Self.longest / unit
    else { return nil }
    seconds = count * unit
  }

  /// The same in days, hours, minutes and seconds: `1d 2h 3m`.
  public var text: String {
    var rest = seconds.magnitude
    var parts: [String] = []
    for (name, size) in [("d", UInt64(86_400)), ("h", 3_600), ("m", 60), ("s", 1)] {
      if rest >= size { parts.append("\(rest / size)\(name)") }
      rest %= size
    }
    return parts.isEmpty ? "0s" : (seconds < 0 ? "-" : "") + parts.joined(separator: " ")
  }
}
