/// Turns text into HTML that shows every character: nothing invisible, nothing that turns or hides the text beside it.
///
/// Escaped are HTML's own characters, and shown as `[U+202E]` are all of category Cc, Cf, Zl, Zp, Co, Cn, every space
/// but U+0020, all that Unicode calls default-ignorable, the blank U+2800, and combining marks from the fifth in a row.
enum VisibleText {
  /// How line breaks and tabs are shown.
  enum Lines { case escaped, kept }

  /// Combining marks in a row that still look like writing.
  static let maximumMarks = 4

  private static let openEscape = Array("<span class=\"esc\">".utf8)
  private static let closeEscape = Array("</span>".utf8)

  /// Appends the text of an element.
  static func append(_ text: some StringProtocol, lines: Lines, to bytes: inout [UInt8]) {
    if text.utf8.allSatisfy(isPlain) {
      bytes += text.utf8
      return
    }
    var marks = 0
    var isAfterReturn = false
    for scalar in text.unicodeScalars {
      if scalar.value == 0x0d, lines == .kept {
        isAfterReturn = true
        continue
      }
      if isAfterReturn, scalar.value != 0x0a { appendEscape("\r", inSpan: true, to: &bytes) }
      isAfterReturn = false
      if lines == .kept, scalar.value == 0x0a || scalar.value == 0x09 {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        append(scalar, marks: &marks, inSpan: true, to: &bytes)
      }
    }
    if isAfterReturn { appendEscape("\r", inSpan: true, to: &bytes) }
  }

  /// Appends the value of an attribute, which holds no elements.
  static func appendAttribute(_ text: String, to bytes: inout [UInt8]) {
    var marks = 0
    if text.utf8.allSatisfy(isPlain) {
      bytes += text.utf8
      return
    }
    for scalar in text.unicodeScalars { append(scalar, marks: &marks, inSpan: false, to: &bytes) }
  }

  /// Printable ASCII that means nothing to HTML.
  private static func isPlain(_ unit: UInt8) -> Bool {
    switch unit {
    case 0x22, 0x26, 0x27, 0x3c, 0x3e: false
    default: (0x20...0x7e).contains(unit)
    }
  }

  private static func append(_ scalar: Unicode.Scalar, marks: inout Int, inSpan: Bool, to bytes: inout [UInt8]) {
    if scalar.isASCII {
      marks = 0
      switch scalar {
      case "&": bytes.append(contentsOf: "&amp;".utf8)
      case "<": bytes.append(contentsOf: "&lt;".utf8)
      case ">": bytes.append(contentsOf: "&gt;".utf8)
      case "\"": bytes.append(contentsOf: "&quot;".utf8)
      case "'": bytes.append(contentsOf: "&#39;".utf8)
      case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      default: appendEscape(scalar, inSpan: inSpan, to: &bytes)
      }
      return
    }
    let properties = scalar.properties
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark: marks += 1
    default: marks = 0
    }
    if marks > maximumMarks || isHidden(scalar, properties) {
      appendEscape(scalar, inSpan: inSpan, to: &bytes)
    } else {
      bytes.append(contentsOf: String(scalar).utf8)
    }
  }

  private static func isHidden(_ scalar: Unicode.Scalar, _ properties: Unicode.Scalar.Properties) -> Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse, .unassigned, .surrogate:
      true
    default: properties.isDefaultIgnorableCodePoint || scalar.value == 0x2800
    }
  }

  private static func appendEscape(_ scalar: Unicode.Scalar, inSpan: Bool, to bytes: inout [UInt8]) {
    if inSpan { bytes.append(contentsOf: openEscape) }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    bytes.append(contentsOf: "[U+".utf8)
    bytes.append(contentsOf: String(repeating: "0", count: max(0, 4 - digits.utf8.count)).utf8)
    bytes.append(contentsOf: digits.utf8)
    bytes.append(0x5d)
    if inSpan { bytes.append(contentsOf: closeEscape) }
  }
}
