import Custody
import Foundation
import TestSupport
import Testing

/// The custody chain and the seal: what is recorded, and what of it can be trusted.
extension ChecklistTests {
  @Test func check07VerifiableWithoutTheTool() throws {
    try check(
      """
      sed -n 's/^     //p' case/VERIFY.txt > check.sh; grep -q exhibit check.sh && fail "it uses the tool"
      bagit=; for words in bagit.py 'python3 -m bagit'; do if $words --help > /dev/null 2>&1; then bagit=$words; break; fi; done
      [ -n "$bagit" ] || echo "skipped: bagit is not installed"
      # What anybody has finds the bundle whole, and each copy with one changed byte, or a file too many, not.
      found() { status $2 sh -c 'cd $0; sh ../check.sh "$PWD/../a12.pem"' $1; [ -z "$bagit" ] || status $3 $bagit --validate --quiet $1; }
      found case 0 0
      for file in data/originals/O-0001.pcapng data/records/dns-answer.ndjson meta/bundle.json report/index.html; do
        cp -a case copy; chmod u+w copy/$file; printf x | dd of=copy/$file bs=1 seek=100 conv=notrunc status=none; found copy 1 1; rm -rf copy
      done
      cp -a case copy; echo > copy/data/more; found copy 1 1; rm -rf copy
      """)
  }

  @Test func check08EachChangeAddsOneEventAlsoWhenItFails() throws {
    try check(
      """
      # adds STATUS TYPE COMMAND…: it ends with that status and leaves one event more, which says so.
      adds() {
        local wanted=$1 type=$2 before; shift 2; before=$(events case)
        status $wanted $X "$@" "${sign[@]}"; [ $(events case) = $((before + 1)) ] || fail "$(events case) events after $before: $*"
        event=$(printf 'case/custody/%06d.json' $((before + 1))); [ -s $event.p7s ]
        for part in "\\"type\\":\\"$type\\"" "\\"argv\\":[\\"$1\\"," '"tool":{' '"id":"A12"'; do grep -q -F "$part" $event || { cat $event; fail "$part: $*"; }; done
        grep -q -E "\\"exit\\":$wanted[,}]" $event || { cat $event; fail "exit: $*"; }
        [ $wanted = 0 ] || grep -q -E '"(error|reason)":"' $event || { cat $event; fail "no reason: $*"; }
      }
      printf x > photo.jpg; during="--from 2026-01-06T09:00:00Z --to 2026-01-06T09:30:00Z"; exhibit="case --exhibit E-1"
      keyUsage='extendedKeyUsage=critical,timeStamping'; curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
      openssl req -x509 $curve -keyout tsa.key -out tsa.pem -subj /CN=clock -days 30 -addext $keyUsage 2> /dev/null
      printf '%s\\n' '[t]' serial=serial signer_cert=tsa.pem signer_key=tsa.key signer_digest=sha256 default_policy=1.2.3.4 digests=sha256 > tsa.cnf
      rm -rf case; status 0 $X process "$input" -o case -q --no-seal "${sign[@]}"
      cp case/data/ledger.json kept; echo x >> case/data/ledger.json; adds 1 seal seal case; cp kept case/data/ledger.json
      adds 0 seal seal case
      adds 0 cosign cosign case
      status 0 $X timestamp request case -o t.tsq; openssl ts -reply -queryfile t.tsq -config tsa.cnf -section t -out t.tsr 2> /dev/null
      adds 0 timestamp timestamp attach case t.tsr
      adds 0 renew renew case
      adds 0 transfer.offer transfer offer case --to A12
      adds 0 transfer.accept transfer receive case --receipt r.json
      adds 0 exhibit.seal custody seal-number $exhibit --number 1 --photo photo.jpg
      adds 0 exhibit.handover custody handover $exhibit --from A12 --to B77
      adds 0 exhibit.waypoint custody waypoint $exhibit --telemetry photo.jpg $during
      adds 0 exhibit.check custody check $exhibit --photo photo.jpg
      adds 0 exhibit.anomaly custody anomaly $exhibit --note wet
      # In vain: a file is not there, nothing was offered, a stamp is over something else, bundle or chain were damaged.
      # (A handover and an anomaly state what cannot fail any more.)
      adds 4 exhibit.seal custody seal-number $exhibit --number 1 --photo none.jpg
      adds 4 exhibit.waypoint custody waypoint $exhibit --telemetry none.jpg $during
      adds 4 exhibit.check custody check $exhibit --photo none.jpg
      adds 1 transfer.refuse transfer receive case --receipt r2.json
      openssl ts -query -data photo.jpg -sha256 -cert -out t.tsq 2> /dev/null
      openssl ts -reply -queryfile t.tsq -config tsa.cnf -section t -out t.tsr 2> /dev/null
      adds 1 timestamp timestamp attach case t.tsr
      echo x >> case/data/ledger.json
      adds 1 cosign cosign case
      adds 1 renew renew case
      echo x >> case/custody/000002.json
      adds 1 transfer.offer transfer offer case --to A12
      # Wrong usage, and a key that cannot be used, leave none.
      before=$(events case); status 2 $X custody check case "${sign[@]}"; status 4 $X cosign case --key none.key --cert a12.pem
      [ $before = $(events case) ]
      """)
  }

  @Test func check08LookingAddsNothing() throws {
    try check(
      """
      facts() { find case -printf '%p %s %T@ %C@ %i\\n' | sort; }
      for state in whole damaged; do
        [ $state = whole ] || echo x >> case/data/ledger.json
        before=$(facts)
        while read -r look; do
          got=0; $X $look > said 2>&1 < /dev/null || got=$?; [ $got = 0 -o $got = 1 ] || { cat said; fail "status $got: $look"; }
          [ "$before" = "$(facts)" ] || fail "something was written: $look"
        done << end
      verify case
      verify case --receipt $state.json
      list case
      list case dns/answer
      show case R-000010 --pcap $state.pcap
      custody case
      custody show case --json
      custody gaps case --max 1d
      timestamp request case -o $state.tsq
      reproduce case --receipt $state.again.json
      report case --output $state.pages
      end
      done
      [ -s whole.json -a -s whole.pcap -a -s whole.tsq -a -s whole.again.json -a -s whole.pages/index.html ]
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
