import ByteReading
import EvidenceModel

/// Whether the packets that records name are those of an original.
enum ProvenanceCheck {
  /// What is wrong with a provenance; nil when all is well.
  static func problem(_ provenance: [Value], _ packetCounts: [String: Int64]) -> String? {
    for value in provenance {
      guard case .object(let entry) = value, case .text(let original)? = entry["original"] else {
        return "its provenance names no original"
      }
      guard let total = packetCounts[original] else { return "its provenance names \(original), which is not here" }
      guard let packets = entry["packets"] else { continue }
      guard case .text(let text) = packets, let last = last(text) else { return "its packets cannot be read" }
      if last > total { return "it names packet \(last) of \(original), which has \(total)" }
    }
    return nil
  }

  /// The last packet of `12-14,17`; nil when they do not rise from 1.
  static func last(_ text: String) -> Int64? {
    // Safe: the view ends before the text does.
    lastOfDigits(unsafe text.utf8.span.bytes) ?? lastOfNumbers(text)
  }

  /// The same for digits, commas and hyphens that are all well; nil asks for a closer look.
  static func lastOfDigits(_ text: RawSpan) -> Int64? {
    var (last, from, number): (Int64, Int64?, Int64) = (0, nil, 0)
    var digits = 0
    for offset in 0..<text.byteCount {
      let unit = text[offset]
      switch unit {
      case 0x30...0x39:
        digits += 1
        guard digits <= 18 else { return nil }
        number = number * 10 + Int64(unit - 0x30)
        continue
      case 0x2c:
        guard digits > 0, number > (from ?? last) else { return nil }
        (last, from) = (number, nil)
      case 0x2d:
        guard digits > 0, from == nil, number > last else { return nil }
        from = number
      default: return nil
      }
      (number, digits) = (0, 0)
    }
    return digits > 0 && number > (from ?? last) ? number : nil
  }

  private static func lastOfNumbers(_ text: String) -> Int64? {
    var last: Int64 = 0
    for range in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = range.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let from = ends.first.flatMap({ Int64($0) }), let to = ends.last.flatMap({ Int64($0) }), from > last,
        ends.count == 1 || to > from
      else { return nil }
      last = to
    }
    return last
  }
}
