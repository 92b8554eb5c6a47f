import Foundation
import TestSupport
import Testing

/// What the program is, whether it comes to the same result, and what it was measured to do.
extension ChecklistTests {
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

  @Test func check13And14And15ValidatedAgainstStatedRequirements() throws {
    try check(
      """
      status 0 $X validate --cases "$home/evidence-samples" --output report.json "${sign[@]}"
      openssl cms -verify -cades -binary -inform DER -in report.json.p7s -content report.json -CAfile a12.pem -out /dev/null
      for name in requirements expected actual verdict limits; do grep -q -i "$name" report.json || fail "$name"; done
      for id in $(grep -o '"id":"[A-Z][A-Z]*-[0-9]*"' report.json | cut -d '"' -f 4); do grep -q "$id" "$home/docs/validation.md" || fail "$id"; done
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
