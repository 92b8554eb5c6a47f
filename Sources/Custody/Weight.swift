import EvidenceModel

/// A weight in grams, to the microgram, below 1 000 t; kept as a whole number, so that differences are exact.
public struct Weight: Hashable, Sendable {
  let micrograms: Int64

  init(micrograms: Int64) { self.micrograms = micrograms }

  /// Reads decimals: `12`, `12.5`; up to nine digits before the point and six behind it. Nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = parts.first, (1...9).contains(whole.utf8.count), parts.count <= 2 else { return nil }
    let decimals = parts.count == 2 ? parts[1] : "0"
    guard (1...6).contains(decimals.utf8.count),
      (whole.utf8 + Array(decimals.utf8)).allSatisfy({ (0x30...0x39).contains($0) }),
      let grams = Int64(whole), let rest = Int64(decimals + String(repeating: "0", count: 6 - decimals.utf8.count))
    else { return nil }
    micrograms = grams * 1_000_000 + rest
  }

  /// The decimals, with no more of them than needed.
  public var text: String {
    let digits = String(micrograms.magnitude % 1_000_000)
    var decimals = String(repeating: "0", count: 6 - digits.count) + digits
    while decimals.hasSuffix("0") { decimals.removeLast() }
    let sign = micrograms < 0 ? "-" : ""
    return "\(sign)\(micrograms.magnitude / 1_000_000)" + (decimals.isEmpty ? "" : ".\(decimals)")
  }

  /// A plus in front of what is more; what is less has its minus already.
  var sign: String { micrograms > 0 ? "+" : "" }
}
