/// A decimal number as it was written, without rounding.
///
/// `text` differs from what was written only in this: no `+`, no superfluous zeros in front, a zero before a bare point, no point
/// without digits behind it, no sign of a zero. Zeros at the end stay, for they say how precise it was meant.
/// Limits: 17 digits before the point, 20 behind it. There is no exponent form.
public struct ExactDecimal: Hashable, Sendable {
  public static let maximumWholeDigits = 17
  public static let maximumDecimals = 20

  private let significand: Int128
  /// How many digits stand behind the point.
  public let decimals: Int

  /// Takes `significand` divided by 10 to the power of `decimals`; nil beyond the limits.
  init?(_ significand: Int128, decimals: Int) {
    guard (0...Self.maximumDecimals).contains(decimals),
      significand.magnitude < UInt128(Self.power(Self.maximumWholeDigits)) * UInt128(Self.power(decimals))
    else { return nil }
    self.significand = significand
    self.decimals = decimals
  }

  /// Reads `[+-] digits [. digits]`, with a digit before or behind the point; nil when it is anything else.
  init?(_ written: some Sequence<UInt8>) {
    var value: Int128 = 0
    var wholeDigits = 0
    var decimals = 0
    var hasDigit = false
    var isBehindPoint = false
    var isNegative = false
    for (place, byte) in written.enumerated() {
      switch byte {
      case 0x2b, 0x2d:
        guard place == 0 else { return nil }
        isNegative = byte == 0x2d
      case 0x2e:
        guard !isBehindPoint else { return nil }
        isBehindPoint = true
      case 0x30...0x39:
        hasDigit = true
        if isBehindPoint {
          decimals += 1
        } else if wholeDigits > 0 || byte != 0x30 {
          wholeDigits += 1
        }
        guard decimals <= Self.maximumDecimals, wholeDigits <= Self.maximumWholeDigits else { return nil }
        value = value * 10 + Int128(byte - 0x30)
      default: return nil
      }
    }
    guard hasDigit else { return nil }
    significand = isNegative ? -value : value
    self.decimals = decimals
  }

  /// Reads a decimal; nil when it is anything else.
  public init?(_ text: String) { self.init(text.utf8) }

  /// 10 to the power of `exponent`, 0 to 20.
  static func power(_ exponent: Int) -> Int128 {
    var power: Int128 = 1
    for _ in 0..<max(0, min(exponent, maximumDecimals)) { power *= 10 }
    return power
  }

  /// The digits, with a point where there are decimals.
  public var text: String {
    var digits: [UInt8] = []
    var rest = significand.magnitude
    while rest > 0 || digits.count <= decimals {
      if digits.count == decimals, decimals > 0 { digits.append(0x2e) }
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits.append(UInt8(truncatingIfNeeded: digit) + 0x30)
      rest = quotient
      if rest == 0, digits.count > decimals + (decimals > 0 ? 1 : 0) { break }
    }
    if significand < 0 { digits.append(0x2d) }
    return String(decoding: digits.reversed(), as: UTF8.self)
  }

  /// The nearest binary number; the same on every machine, for IEEE 754 says how each step rounds.
  var approximation: Double { Double(significand) / Double(Self.power(decimals)) }

  /// The exact product with `factor` / 10^`decimals`, without zeros that the product added at the end; nil beyond the limits.
  func multiplied(by factor: Int128, decimals more: Int) -> ExactDecimal? {
    var (product, isOver) = significand.multipliedReportingOverflow(by: factor)
    guard !isOver else { return nil }
    var behind = decimals + more
    while behind > decimals, product % 10 == 0 {
      product /= 10
      behind -= 1
    }
    return ExactDecimal(product, decimals: behind)
  }

  /// Splits the number into how often `unit` stands in it, and the rest, times 10^`decimals`; nil for a number below zero.
  func split(at unit: Int) -> (whole: Int128, rest: Int128)? {
    guard significand >= 0, unit > 0 else { return nil }
    let parts = significand.quotientAndRemainder(dividingBy: Int128(unit) * Self.power(decimals))
    return (parts.quotient, parts.remainder)
  }

  /// Whether the number lies between two whole numbers or is one of them.
  func isWithin(_ least: Int, _ greatest: Int) -> Bool {
    let scale = Self.power(decimals)
    return significand >= Int128(least) * scale && significand <= Int128(greatest) * scale
  }
}

extension ExactDecimal: Comparable {
  public static func < (left: Self, right: Self) -> Bool { left.aligned < right.aligned }

  /// The number times 10^20; 37 digits at the most, which 128 bits hold.
  private var aligned: Int128 { significand * Self.power(Self.maximumDecimals - decimals) }

  /// Whether two numbers are equal, whatever the zeros at their ends.
  public func isSameValue(as other: ExactDecimal) -> Bool { aligned == other.aligned }
}

extension ExactDecimal: CustomStringConvertible {
  public var description: String { text }
}
