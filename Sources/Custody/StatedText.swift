/// Text that somebody states for an event: a name, a number, a note.
///
/// It is kept as it is; control characters have no place in it. Limits are in Unicode scalars.
public enum StatedText {
  public static let longestName = 256
  public static let longestNote = 4_000

  /// Checks a name or number. Throws `usage`, naming the option.
  static func name(_ text: String, _ option: String) throws(CustodyError) {
    let blank = text.allSatisfy(\.isWhitespace)
    guard !blank, text.unicodeScalars.count <= longestName, !holdsControls(text, except: []) else {
      throw CustodyError(
        .usage, "", "\(option) takes 1 to \(longestName) characters on one line, no control characters")
    }
  }

  /// Checks a note, which may have several lines. Throws `usage`, naming the option.
  static func note(_ text: String, _ option: String) throws(CustodyError) {
    let blank = text.allSatisfy(\.isWhitespace)
    guard !blank, text.unicodeScalars.count <= longestNote, !holdsControls(text, except: ["\n", "\t"]) else {
      throw CustodyError(
        .usage, "",
        "\(option) takes 1 to \(longestNote) characters, no control characters but line ends and tabulators")
    }
  }

  private static func holdsControls(_ text: String, except allowed: Set<Unicode.Scalar>) -> Bool {
    text.unicodeScalars.contains { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: !allowed.contains(scalar)
      default: false
      }
    }
  }
}
