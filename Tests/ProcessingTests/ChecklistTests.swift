import Foundation
import TestSupport
import Testing

/// The checklist for tools that handle digital evidence, one test for each number, through the command line with other programs as witnesses.
///
/// docs/validation.md lists the numbers with their sources. Numbers 22 (scope of an order) and 23 (redaction) are tested as far as there is something.
/// The tests stand in extensions, in files named for what they look at.
@Suite struct ChecklistTests {
  /// A folder with a key, and `case`: a bundle that was signed and sealed in one go. `measured.json` is a signed validation report.
  static let folder: TemporaryFolder? = {
    guard exhibitProgram != nil, let folder = try? TemporaryFolder() else { return nil }
    let made = try? bash(
      """
      echo 'pass-phrase-of-a12' > secret; chmod 600 secret
      $X key new --output a12.key --name A12 --certificate a12.pem --pass-file secret
      sign=(--key a12.key --cert a12.pem --pass-file secret)
      $X process "$input" -o case -q --case 2026-041 "${sign[@]}"
      $X validate --cases "$home/evidence-samples" --output measured.json -q "${sign[@]}"
      """, folder)
    return made?.status == 0 ? folder : nil
  }()

  /// Runs a script with X, the program, `input`, a capture, `home`, the project, and `sign`, the options of the key.
  static func bash(_ script: String, _ folder: TemporaryFolder) throws -> ProgramResult {
    let head = """
      set -euo pipefail; exec 2>&1
      X='\(exhibitProgram ?? "")'; input='\(SignedEventTests.input)'; home='\(repository.path)'
      sign=(--key '\(folder.path("a12.key"))' --cert '\(folder.path("a12.pem"))' --pass-file '\(folder.path("secret"))')
      fail() { echo "$*"; exit 1; }
      status() { local wanted=$1 got=0; shift; "$@" > said 2>&1 || got=$?; [ $got = $wanted ] || { cat said; fail "status $got: $*"; }; }
      events() { find "$1/custody" -name '*.json' | wc -l; }
      have() { command -v $1 > /dev/null || { echo "skipped: $1 is not installed"; return 1; }; }
      # Sets `strace` to the command that writes such calls of a program and its children to the file trace; to nothing where it is missing.
      traced() {
        strace=; have strace || return 0
        strace="strace -f -o $PWD/trace -s 4096 -e trace=$1"; $strace true || { echo "skipped: strace may not trace here"; strace=; }
      }
      letter() { local words; words=$(cat /proc/$1/stat 2> /dev/null) && { words=${words##*) }; echo ${words:0:1}; } || echo gone; }

      """
    return try run("/bin/bash", ["-c", head + script], in: folder.url)
  }

  /// Runs a script in a folder of its own, where `case` is a copy of the shared bundle.
  func check(_ script: String) throws {
    guard exhibitProgram != nil else { return }
    let shared = try #require(Self.folder)
    let own = try TemporaryFolder()
    let copy = """
      cp -a '\(shared.url.path)'/. .

      """
    let result = try Self.bash(copy + script, own)
    #expect(result.status == 0, "\(result.text.suffix(2_000))")
    for notice in result.lines where notice.hasPrefix("skipped: ") { print(notice) }
  }
}
