import Foundation
import TestSupport
import Testing

/// Captures of criminals: nothing leaves the bundle.
extension ChecklistTests {
  @Test func check21NothingLeavesTheBundle() throws {
    try check(
      """
      cp -a case hostile; ln -s /etc/passwd hostile/data/link; status 1 $X verify hostile; status 4 $X cosign hostile "${sign[@]}"
      find case | LC_ALL=C grep -v '^[A-Za-z0-9._/-]*$' && fail "a name"; grep -r -h -o '<script[^>]*>' case/report | grep -v -x '<script src="report.js" defer>' && fail "script"; true
      """)
  }
}
