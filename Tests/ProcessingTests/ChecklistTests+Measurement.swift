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
      openssl cms -verify -cades -binary -inform DER -in measured.json.p7s -content measured.json -CAfile a12.pem -out /dev/null
      for name in requirements expected actual verdict limits; do grep -q -i "$name" measured.json || fail "$name"; done
      for id in $(grep -o '"id":"[A-Z][A-Z]*-[0-9]*"' measured.json | cut -d '"' -f 4); do grep -q "$id" "$home/docs/validation.md" || fail "$id"; done
      """)
  }

  @Test func check17ChangeIsControlled() throws {
    try check(
      """
      # An older report is the signed one with another result.
      openssl cms -verify -cades -binary -inform DER -in measured.json.p7s -content measured.json -CAfile a12.pem -out /dev/null
      actual='10 of 10 web requests, 0 not expected'; [ $(grep -o "\\"actual\\":\\"$actual\\"" measured.json | wc -l) = 1 ]
      sed "s/\\"actual\\":\\"$actual\\"/\\"actual\\":\\"9 of 10 web requests, 0 not expected\\"/" measured.json > old.json
      openssl cms -verify -cades -binary -inform DER -in measured.json.p7s -content old.json -CAfile a12.pem -out /dev/null && fail "it fits"
      status 0 $X validate --cases "$home/evidence-samples" --output new.json --compare old.json
      grep -x 'the program is the same' said; grep -E '^(WORSE|change) ' said > listed || true
      echo "change REQ-HTTP-2 first-case: found 9 of 10 web requests, 0 not expected -> $actual" | cmp - listed
      # Bundles of a program that was measured, and of one that was not.
      none='No validation report exists for this very program.'; passed='This program was validated: 16 of 16 requirements passed'
      cp $X another; echo >> another
      status 0 ./another process "$input" -o unmeasured -q; grep -q -F "$none" unmeasured/report/index.html
      status 0 ./another process "$input" -o foreign -q --validation measured.json; grep -q -F "$none" foreign/report/index.html
      grep -q 'is of another program and does not count' foreign/report/index.html
      status 0 $X process "$input" -o measured -q --validation measured.json; grep -q -F "$passed" measured/report/index.html
      for page in unmeasured foreign; do grep -q -F "$passed" $page/report/index.html && fail "$page passed"; done
      grep -q -r -F "$none" measured && fail "it warns without a reason"; true
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
