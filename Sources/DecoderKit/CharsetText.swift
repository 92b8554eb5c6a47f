import CharacterCoding

/// Text in a character set other than UTF-8.
public enum CharsetText {
  /// The text in UTF-8, with U+FFFD for bytes that have no meaning in the set.
  ///
  /// Nil when no set of that name (IANA's registry, or a code page such as `windows-1252`) is known, or the text has more than
  /// 4 MiB.
  public static func utf8(_ bytes: [UInt8], in charset: String) -> [UInt8]? {
    TextCharset(charset.utf8)?.repairedUTF8(bytes)
  }
}
