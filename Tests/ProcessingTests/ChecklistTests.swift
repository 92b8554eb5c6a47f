import Foundation
import TestSupport
import Testing

/// The checklist for tools that handle digital evidence, one test for each number, through the command line with other programs as witnesses.
///
/// docs/validation.md lists the numbers with their sources. Numbers 22 (scope of an order) and 23 (redaction) are tested as far as there is something.
@Suite struct ChecklistTests {
  /// A folder with a key, and `case`: a bundle that was signed and sealed in one go.
  private static let folder: TemporaryFolder? = {
    guard exhibitProgram != nil, let folder = try? TemporaryFolder() else { return nil }
    let made = try? bash(
      """
      echo 'pass-phrase-of-a12' > secret; chmod 600 secret
      $X key new --output a12.key --name A12 --certificate a12.pem --pass-file secret
      $X process "$input" -o case -q --case 2026-041 --key a12.key --cert a12.pem --pass-file secret
      """, folder)
    return made?.status == 0 ? folder : nil
  }()

  /// Runs a script with X, the program, `input`, a capture, `home`, the project, and `sign`, the options of the key.
  private static func bash(_ script: String, _ folder: TemporaryFolder) throws -> ProgramResult {
    let head = """
      set -euo pipefail; exec 2>&1
      X='\(exhibitProgram ?? "")'; input='\(SignedEventTests.input)'; home='\(repository.path)'
      sign=(--key '\(folder.path("a12.key"))' --cert '\(folder.path("a12.pem"))' --pass-file '\(folder.path("secret"))')
      fail() { echo "$*"; exit 1; }
      status() { local wanted=$1 got=0; shift; "$@" > said 2>&1 || got=$?; [ $got = $wanted ] || { cat said; fail "status $got: $*"; }; }
      events() { find "$1/custody" -name '*.json' | wc -l; }

      """
    return try run("/bin/bash", ["-c", head + script], in: folder.url)
  }

  /// Runs a script in a folder of its own, where `case` is a copy of the shared bundle.
  private func check(_ script: String, line: Int = #line) throws {
    guard exhibitProgram != nil else { return }
    let shared = try #require(Self.folder)
    let own = try TemporaryFolder()
    let copy = """
      cp -a '\(shared.url.path)'/. .

      """
    let result = try Self.bash(copy + script, own)
    #expect(result.status == 0, "\(result.text.suffix(2_000))")
  }

  @Test func check01OriginalsAreNeverAltered() throws {
    try check(
      """
      cp "$input" in.pcapng; chmod 444 in.pcapng; before=$(stat -c '%Y %s %a' in.pcapng; sha256sum < in.pcapng)
      status 0 $X process in.pcapng -o new -q
      [ "$before" = "$(stat -c '%Y %s %a' in.pcapng; sha256sum < in.pcapng)" ] || fail "changed"
      if command -v strace > /dev/null && strace -f -o trace true; then
        strace -f -e trace=open,openat,unlink,unlinkat,rename,renameat,renameat2,truncate -o trace $X process in.pcapng -o second -q
        grep in.pcapng trace | grep -v -e O_RDONLY -e '"new' && fail "opened for writing"; true
      fi
      """)
  }

  @Test func check02HashedBeforeAndAfter() throws {
    try check(
      """
      # Whoever changes the original while it is used: what was read and what is there at the end differ. (scripts/tests.d/survives does more.)
      cp "$input" in.pcapng
      ( while [ ! -e new.partial-* ]; do sleep 0.01; done; sleep 0.2; printf x | dd of=in.pcapng bs=1 seek=5000 conv=notrunc ) > /dev/null 2>&1 &
      got=0; $X process in.pcapng --reference -o new -q > said || got=$?
      [ $got = 6 ] || [ $got = 0 ] || fail "status $got"
      [ $got = 0 ] && { cmp -s in.pcapng "$input" || [ "$(sha256sum < in.pcapng | cut -c 1-64)" != "$(cut -c 1-64 new/meta/external-sha256.txt)" ]; }
      [ $got = 0 ] || { [ -e new.failed-1/custody/000001.json ] && [ ! -e new ]; }
      """)
  }

  @Test func check03NothingIsWrittenBesideTheInput() throws {
    try check(
      """
      cp "$input" in.pcapng; status 5 $X process in.pcapng -o in.pcapng -q
      status 0 $X process in.pcapng -o elsewhere -q
      [ "$(ls -d in.pcapng* | wc -l)" = 1 ] || fail "something was written beside the input"
      """)
  }

  @Test func check04TheSameTwice() throws {
    try check(
      "status 0 $X process \"$input\" -o one -q; status 0 $X process \"$input\" -o two -q; diff -r one/data two/data")
  }

  @Test func check05TheSameElsewhere() throws {
    try check(
      """
      status 0 $X process "$input" -o one -q
      TZ=Asia/Kathmandu LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 status 0 taskset -c 0 $X process "$input" -o two -q --jobs 1
      diff -r one/data two/data
      """)
  }

  @Test func check06AThirdPartyCanDoItAgain() throws {
    try check(
      """
      chmod -R a-w case; status 0 $X reproduce case --receipt again.json "${sign[@]}"; chmod -R u+w case
      grep -q '"same":true' again.json
      openssl cms -verify -cades -binary -inform DER -in again.json.p7s -content again.json -CAfile a12.pem -out /dev/null
      """)
  }

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
        size=$(stat -c %s $file)
        for at in $((size / 3)); do
          cp $file kept; printf "$(printf '\\\\%03o' $(( $(od -An -tu1 -j $at -N 1 kept) ^ 1 )))" | dd of=$file bs=1 seek=$at conv=notrunc 2> /dev/null
          cmp -s $file kept && fail "not changed"
          status 1 $X verify case -q
          cp kept $file
        done
        mv $file kept; status 1 $X verify case -q; mv kept $file
      done
      mv case/custody/000002.json a; mv case/custody/000003.json case/custody/000002.json; mv a case/custody/000003.json
      status 1 $X verify case -q
      """)
  }

  @Test func check10ACutTailIsFoundByAReceipt() throws {
    try check(
      """
      status 0 $X cosign case "${sign[@]}"; status 0 $X verify case --receipt receipt.json
      rm case/custody/000006.json* case/seal/seal.txt.02.p7s case/seal/trust/02.pem
      status 0 $X verify case; status 1 $X verify case --against receipt.json; grep -q 'was cut' said
      """)
  }

  @Test func check11TheToolIsNamed() throws {
    try check(
      """
      $X --version --json > version.json
      binary=$(sha256sum < "$(readlink -f $X)" | cut -c 1-64)
      version=$(grep -o '"version":"[^"]*"' version.json | head -n 1); system=$(grep -o '"os":"[^"]*"' version.json)
      grep -q "$binary" version.json
      for event in case/custody/*.json; do
        for value in "$version" "$system" "\\"sha256\\":\\"$binary\\""; do grep -q -F "$value" $event || fail "$event: $value"; done
      done
      """)
  }

  @Test func check12ArgumentsAreRecordedAndSecretsAreNot() throws {
    try check(
      """
      grep -q '"argv":\\["process"' case/custody/000001.json
      grep -r -q pass-phrase-of-a12 case && fail "the pass-phrase is in the bundle"; true
      """)
  }

  @Test func check13And14And15ValidatedAgainstStatedRequirements() throws {
    try check(
      """
      status 0 $X validate --cases "$home/evidence-samples" --output report.json "${sign[@]}"
      openssl cms -verify -cades -binary -inform DER -in report.json.p7s -content report.json -CAfile a12.pem -out /dev/null
      for name in requirements expected actual verdict limits; do grep -q -i "$name" report.json || fail "$name"; done
      for id in $(grep -o '"id":"[A-Z][A-Z]*-[0-9]*"' report.json | cut -d '"' -f 4); do grep -q "$id" "$home/docs/validation.md" || fail "$id"; done
      """)
  }

  @Test func check16NothingIsDroppedInSilence() throws {
    try check(
      """
      counts=$(grep -o '"counts":{[^}]*"packets":[^}]*}' case/custody/000003.json)
      number() { echo "$counts" | grep -o "\\"$1\\":[0-9]*" | cut -d : -f 2; }
      [ $(( $(number decoded) + $(number failed) + $(number skipped) )) = "$(number packets)" ] && [ "$(number packets)" -gt 0 ]
      """)
  }

  @Test func check17ChangeIsControlled() throws {
    try check(
      """
      status 0 $X validate --cases "$home/evidence-samples" --output old.json
      status 0 $X validate --cases "$home/evidence-samples" --output new.json --compare old.json
      XDG_DATA_HOME=$PWD/none HOME=$PWD status 0 $X process "$input" -o new -q
      grep -q -i 'validation' new/report/index.html
      """)
  }

  @Test func check18ASecondToolAgrees() throws {
    guard program("capinfos") != nil else { return print("skipped: capinfos is not installed") }
    try check(
      """
      packets=$(capinfos -c -M -T -r "$input" | awk '{ print $NF }')
      grep -q "\\"packets\\":$packets[,}]" case/custody/000003.json
      """)
  }

  @Test func check19TimeIsUTCAndTheClockIsStated() throws {
    try check(
      """
      for event in case/custody/*.json; do
        grep -q '"clock":{[^}]*"synced":' $event; grep -q '"time":"20[0-9-]*T[0-9:]*\\.[0-9]\\{9\\}Z"' $event
      done
      grep -h -o '"[a-zA-Z]*":"20[0-9][0-9]-[0-9-]*T[0-9:.]*[^"]*"' case/data/records/*.ndjson | grep -v 'Z"$' && fail "a time that is not UTC"; true
      """)
  }

  @Test func check20AKilledRunNeverVerifies() throws {
    try check(
      """
      for wait in 0.1 0.4 0.8; do
        $X process "$input" -o new -q & run=$!; sleep $wait; kill -9 $run 2> /dev/null || true; wait $run || true
        [ ! -e new ] || { status 0 $X verify new; rm -rf new; }
        for left in new.partial-*; do [ ! -e $left ] || { got=0; $X verify $left > /dev/null 2>&1 || got=$?; [ $got != 0 ] || fail "verified"; }; done
      done
      status 0 $X process "$input" -o new -q; status 0 $X verify new
      """)
  }

  @Test func check21NothingLeavesTheBundle() throws {
    try check(
      """
      cp -a case hostile; ln -s /etc/passwd hostile/data/link; status 1 $X verify hostile; status 4 $X cosign hostile "${sign[@]}"
      find case | LC_ALL=C grep -v '^[A-Za-z0-9._/-]*$' && fail "a name"; grep -r -h -o '<script[^>]*>' case/report | grep -v -x '<script src="report.js" defer>' && fail "script"; true
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

  @Test func check25DraftsToSign() throws {
    try check(
      """
      for page in certificate-902 statement; do
        grep -q "$(head -c 64 case/manifest-sha256.txt | head -c 16)\\|$(sha256sum < "$input" | cut -c 1-16)" case/report/$page.html || fail "$page: no hash"
        grep -q -i draft case/report/$page.html || fail "$page is no draft"
      done
      grep -q -i inferred case/report/statement.html
      """)
  }
}
