/// A line as `sha256sum` and `sha512sum` write it: digits, two spaces, a path.
///
/// A path with a backslash or a line end is escaped, and the line then begins with a backslash (coreutils, "md5sum invocation").
public enum SumLine {
  /// The line, with its line feed.
  public static func text(_ digits: String, _ path: String) -> String {
    var escaped = ""
    var isEscaped = false
    for scalar in path.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\r": escaped += "\\r"
      default:
        escaped.unicodeScalars.append(scalar)
        continue
      }
      isEscaped = true
    }
    return "\(isEscaped ? "\\" : "")\(digits)  \(escaped)\n"
  }

  /// The digits and the path of a line without its line feed; nil when it is not of the form with `count` lower-case digits.
  public static func parse(_ line: some StringProtocol, digits count: Int) -> (digits: String, path: String)? {
    let isEscaped = line.hasPrefix("\\")
    let rest = line.unicodeScalars.dropFirst(isEscaped ? 1 : 0)
    let digits = rest.prefix(count)
    guard digits.count == count, digits.allSatisfy({ ("0"..."9").contains($0) || ("a"..."f").contains($0) }) else {
      return nil
    }
    let path = rest.dropFirst(count)
    guard path.first == " ", let mode = path.dropFirst().first, mode == " " || mode == "*" else { return nil }
    var text = ""
    var isBehindBackslash = false
    for scalar in path.dropFirst(2) {
      if isBehindBackslash {
        isBehindBackslash = false
        switch scalar {
        case "\\": text += "\\"
        case "n": text += "\n"
        case "r": text += "\r"
        default: return nil
        }
      } else if isEscaped, scalar == "\\" {
        isBehindBackslash = true
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    guard !isBehindBackslash, !text.isEmpty else { return nil }
    return (String(String.UnicodeScalarView(digits)), text)
  }
}
