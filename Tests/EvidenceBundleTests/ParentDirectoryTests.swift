import Testing

@testable import EvidenceBundle

/// Directories of paths, and bundles around them.
@Suite struct ParentDirectoryTests {
  @Test(arguments: [
    ("r", "."), ("r/", "."), ("bundle", "."), ("/r", "/"), ("/", "/"), ("", "."), ("a/b", "a"), ("a//b//", "a"),
    ("/a/b/c", "/a/b"), ("./r", "."), ("../r", ".."),
  ]) func isFoundByTheTextAlone(_ path: String, _ parent: String) {
    #expect(ParentDirectory.of(path) == parent)
  }

  /// Foundation traps on some of these.
  @Test func asksNothingOfShortNames() {
    for name in ["r", "é", "a", "..", ".", "/", ""] { _ = EnclosingBundle.of(name) }
  }
}
