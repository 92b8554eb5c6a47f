/// The directory in which a path lies, by its text alone.
///
/// Foundation's `deletingLastPathComponent` traps on names of one letter (Swift 6.3 on Linux).
public enum ParentDirectory {
  /// `a/b` of `a/b/c`, `/` of `/c`, and `.` of `c`.
  public static func of(_ path: String) -> String {
    let name = BundleWriter.withoutLastSlashes(path)
    guard let slash = name.lastIndex(of: "/") else { return "." }
    let parent = BundleWriter.withoutLastSlashes(String(name[..<slash]))
    return parent.isEmpty ? "/" : parent
  }
}
