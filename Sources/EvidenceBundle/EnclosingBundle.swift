import Foundation

/// The bundle in which a path lies: nothing may be added there, for it would not verify any more.
public enum EnclosingBundle {
  /// What a directory has that is a bundle, somebody else's BagIt bag, or what a run left or still makes.
  private static let marks = [BundleLayout.declaration, BundleLayout.event(1)]

  /// The nearest directory above `path` that is a bundle or a bag, with links resolved; nil when there is none.
  ///
  /// `path` itself need not exist.
  public static func of(_ path: String) -> String? {
    var directory = URL(filePath: ParentDirectory.of(path)).resolvingSymlinksInPath().standardizedFileURL
    // A path has at most 4,096 bytes, so there is an end.
    while true {
      let name = BundleWriter.withoutLastSlashes(directory.path(percentEncoded: false))
      if marks.contains(where: { isRegularFile("\(name)/\($0)") }) { return name }
      guard name != "/" else { return nil }
      directory.deleteLastPathComponent()
    }
  }

  /// Why nothing is written at `path`; nil when it lies in no bundle.
  public static func refusal(_ path: String) -> String? {
    of(path).map { "it would lie in \($0), a bundle or bag, where nothing may be added" }
  }
}
