import Custody
import Foundation
import TestSupport
import Testing

/// The custody chain and the seal: what is recorded, and what of it can be trusted.
extension ChecklistTests {
  @Test func check07VerifiableWithoutTheTool() throws {
    try check(
      """
      sed -n 's/^     //p' case/VERIFY.txt > check.sh; cd case; sh ../check.sh "$PWD/../a12.pem"
      if python3 -c 'import bagit' 2> /dev/null; then python3 -m bagit --validate --quiet .; fi
      """)
  }

  @Test func check08EachChangeAddsOneEventAndLookingNone() throws {
    try check(
      """
      n=$(events case)
      for look in "verify case" "list case" "show case R-000001" "custody case" "custody gaps case --max 1d" "timestamp request case -o t.tsq" "reproduce case --no-receipt" "report case --output pages"; do
        $X $look > /dev/null || [ $? = 1 ] || fail "$look"
        [ "$(events case)" = "$n" ] || fail "$look wrote an event"
      done
      for change in "cosign case" "renew case" "custody seal-number case --exhibit E1 --number 1" "transfer offer case --to B77" "transfer receive case --receipt r.json"; do
        status 0 $X $change "${sign[@]}"; n=$((n + 1)); [ "$(events case)" = $n ] || fail "$change"
      done
      echo x >> case/data/ledger.json
      for change in "cosign case" "renew case" "transfer receive case --receipt r2.json"; do
        status 1 $X $change "${sign[@]}"; n=$((n + 1)); [ "$(events case)" = $n ] || fail "failing $change"
      done
      """)
  }

  @Test func check09EveryChangeOfTheLogIsFound() throws {
    try check(
      """
      for file in case/custody/*; do
        cp $file kept; at=$(( $(stat -c %s $file) / 3 ))
        printf "$(printf '\\\\%03o' $(( $(od -An -tu1 -j $at -N 1 kept) ^ 1 )))" | dd of=$file bs=1 seek=$at conv=notrunc status=none
        cmp -s $file kept && fail "not changed"
        status 1 $X verify case -q; grep -q "${file#case/}" said || { cat said; fail "$file is not named"; }
        rm $file; status 1 $X verify case -q; cp kept $file
      done
      mv case/custody/000002.json a; mv case/custody/000003.json case/custody/000002.json; mv a case/custody/000003.json
      status 1 $X verify case -q
      """)
  }

  /// One bit of every 97th byte of each event and signature, and of its first and last byte: with the program's own code, for it is many times.
  @Test func check09EveryByteOfTheLogCounts() throws {
    guard exhibitProgram != nil else { return }
    let own = try TemporaryFolder()
    let shared = try #require(Self.folder)
    try FileManager.default.copyItem(at: shared.url("case"), to: own.url("case"))
    let failed = { BundleVerifier.verify(own.path("case")).filter { $0.verdict == .failed } }
    try #require(failed().isEmpty)
    let names = try FileManager.default.contentsOfDirectory(atPath: own.path("case/custody")).sorted()
    try #require(names.count == 10)
    var count = 0
    for (number, name) in names.enumerated() {
      let file = own.url("case/custody/\(name)")
      let bytes = try Data(contentsOf: file)
      for place in [0, bytes.count - 1] + stride(from: 1 + 9 * number, to: bytes.count - 1, by: 97) {
        var changed = bytes
        changed[place] ^= 1 << UInt8(place % 8)
        try changed.write(to: file)
        #expect(!failed().isEmpty, "bit \(place % 8) of byte \(place) of custody/\(name)")
        count += 1
      }
      try bytes.write(to: file)
    }
    #expect(failed().isEmpty && count > 100)
  }

  @Test func check10ACutTailIsFoundByAReceipt() throws {
    try check(
      """
      status 0 $X cosign case "${sign[@]}"; status 0 $X verify case --receipt receipt.json
      rm case/custody/000006.json* case/seal/seal.txt.02.p7s case/seal/trust/02.pem
      status 0 $X verify case; status 1 $X verify case --against receipt.json; grep -q 'was cut' said
      """)
  }

  @Test func check12ArgumentsAreRecordedAndSecretsAreNot() throws {
    try check(
      """
      grep -q '"argv":\\["process"' case/custody/000001.json
      grep -r -q pass-phrase-of-a12 case && fail "the pass-phrase is in the bundle"; true
      """)
  }

  @Test func check22ALateSealIsExplained() throws {
    // That packets lie outside the time of an order belongs to scope, which waits.
    try check(
      """
      status 0 $X process "$input" -o new -q --no-seal "${sign[@]}"
      status 2 $X seal new --order X-1 --order-expired 2026-01-01T00:00:00Z "${sign[@]}"
      status 0 $X seal new --order X-1 --order-expired 2026-01-01T00:00:00Z --explanation 'came by post' "${sign[@]}"
      """)
  }

  @Test func check23ItemsCanBeWithheld() throws {
    // Redacted copies wait; what they need is sealed: no path, size or hash of a file can be read or guessed from its item.
    try check(
      """
      cut -c 1-64 case/manifest-sha256.txt > words; cut -c 67- case/manifest-sha256.txt >> words
      grep -q -F -f words case/meta/items.ndjson && fail "an item can be read"
      grep -c '"_sd"' case/meta/items.ndjson | grep -q -x "$(wc -l < case/manifest-sha256.txt)"
      """)
  }

  @Test func check24WhoeverTakesItChecksAndSigns() throws {
    try check(
      """
      status 1 $X transfer receive case --receipt r.json "${sign[@]}"; [ ! -e r.json ]
      status 0 $X transfer offer case --to A12 "${sign[@]}"; status 0 $X transfer receive case --receipt r.json "${sign[@]}"
      status 0 $X custody gaps case --max 1h; status 0 $X verify case --against r.json --trust a12.pem
      """)
  }
}
