/// Numbers, sizes and times in words, the same in every country's settings.
enum Decimal {
  /// `1,234,567`.
  static func grouped(_ value: some BinaryInteger) -> String {
    let digits = Array(String(value.magnitude).utf8)
    var result: [UInt8] = value < 0 ? [0x2d] : []
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result.append(0x2c) }
      result.append(digit)
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `1 call`, `2 calls`.
  static func count(_ value: some BinaryInteger, _ one: String, _ many: String) -> String {
    "\(grouped(value)) \(value == 1 ? one : many)"
  }

  /// `12,345 bytes (12.0 KiB)`.
  static func size(_ bytes: Int64) -> String {
    let exact = count(bytes, "byte", "bytes")
    var unit: Int64 = 1
    var name = ""
    for next in ["KiB", "MiB", "GiB", "TiB"] where bytes >= unit.multipliedReportingOverflow(by: 1024).partialValue {
      unit *= 1024
      name = next
    }
    guard !name.isEmpty else { return exact }
    let tenths = bytes / unit * 10 + bytes % unit * 10 / unit
    return "\(exact) (\(grouped(tenths / 10)).\(tenths % 10) \(name))"
  }

  /// The share of a whole in tenths of a percent, rounded down; 0 of 0 is 0.
  static func tenths(_ part: Int64, of whole: Int64) -> Int {
    guard whole > 0, part > 0 else { return 0 }
    let product = part.multipliedFullWidth(by: 1000)
    guard part < whole else { return 1000 }
    return Int(whole.dividingFullWidth((high: product.high, low: product.low)).quotient)
  }

  /// `12.3 %`; what is more than nothing is at least `less than 0.1 %`, and less than all never 100 %.
  static func percent(_ part: Int64, of whole: Int64) -> String {
    let share = tenths(part, of: whole)
    if share == 0, part > 0 { return "less than 0.1 %" }
    return "\(share / 10).\(share % 10) %"
  }

  /// Milliseconds as `1 min 02.500 s`.
  static func duration(milliseconds: Int64) -> String {
    let value = max(0, milliseconds)
    let (hours, minutes, rest) = (value / 3_600_000, value / 60_000 % 60, value % 60_000)
    let seconds = "\(rest / 1000).\(padded(rest % 1000, 3)) s"
    if hours > 0 {
      return "\(grouped(hours)) h \(padded(minutes, 2)) min \(padded(rest / 1000, 2)).\(padded(rest % 1000, 3)) s"
    }
    return minutes > 0 ? "\(minutes) min \(rest < 10_000 ? "0" : "")\(seconds)" : seconds
  }

  /// Milliseconds of decimal seconds such as `83.12`, rounded down; nil for any other text.
  static func milliseconds(_ text: String) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let whole = Int64(first), whole >= 0, whole < 1 << 40 else { return nil }
    guard parts.count == 2, let last = parts.last else { return whole * 1000 }
    guard !last.isEmpty, last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return whole * 1000 + (Int64((last + "000").prefix(3)) ?? 0)
  }

  static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// `2026-01-02 03:04:05.123 UTC`, rounded down; any other text as it is.
  static func moment(_ text: String) -> String {
    let parts = text.split(separator: "T", maxSplits: 1)
    guard parts.count == 2, text.utf8.count >= 20, text.hasSuffix("Z"), let day = parts.first, let rest = parts.last
    else { return text }
    let clock = rest.dropLast().prefix(12)
    return "\(day) \(clock) UTC"
  }
}
