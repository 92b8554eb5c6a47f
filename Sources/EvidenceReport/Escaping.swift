/// Text made safe for HTML.
enum Escaping {
  /// Escapes what HTML gives a meaning, and makes every control, format and invisible character visible as `[U+XXXX]`.
  static func html(_ text: some StringProtocol) -> String {
    if text.utf8.allSatisfy({ isPlain[Int($0)] }) { return String(text) }
    var result = ""
    result.reserveCapacity(text.utf8.count + 16)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case " "..."~": result.unicodeScalars.append(scalar)
      default:
        if isVisible(scalar) { result.unicodeScalars.append(scalar) } else { result += mark(scalar) }
      }
    }
    return result
  }

  /// ASCII that stands for itself.
  private static let isPlain: [Bool] = (0..<256).map { byte in
    (0x20...0x7e).contains(byte) && ![0x26, 0x3c, 0x3e, 0x22, 0x27].contains(byte)
  }

  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
    case .spaceSeparator: scalar == "\u{a0}"
    default: !scalar.properties.isDefaultIgnorableCodePoint
    }
  }

  private static func mark(_ scalar: Unicode.Scalar) -> String {
    if scalar == "\n" { return "<span class=\"mark\">↵</span> " }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "<span class=\"mark\">[U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]</span>"
  }
}
