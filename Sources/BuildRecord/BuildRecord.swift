/// What the build wrote down about itself.
public enum BuildRecord {
  /// The git commit that the program was built from, in hexadecimal; `+changes` behind it when the sources were not those.
  ///
  /// Nil when it was not built in a working tree of git.
  public static var commit: String? { RecordedCommit.text.isEmpty ? nil : RecordedCommit.text }
}
