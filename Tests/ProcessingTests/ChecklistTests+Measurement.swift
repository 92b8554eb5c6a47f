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
      # Program and libraries are those that sha256sum finds where the program says they are.
      $X --version --json > version.json; tool=$(cat version.json); said() { grep -o "\\"$1\\":\\"[^\\"]*\\"" version.json | tail -n 1; }
      grep -o '"path":"[^"]*","sha256":"[^"]*"' version.json | sed 's/"path":"\\(.*\\)","sha256":"\\(.*\\)"/\\2  \\1/' > libraries
      sha256sum --quiet -c libraries; [ $(wc -l < libraries) -gt 20 ]; grep -q 'libpcap.so' libraries; grep -q 'magic.mgc' libraries
      ldd $X | grep -o '=> /[^ ]*' | cut -c 4- | xargs -n 1 realpath | sort -u > linked; cut -c 67- libraries | xargs -n 1 realpath | sort -u > listed
      comm -23 linked listed | grep . && fail "a library is not named"
      [ "$(said sha256)" = "\\"sha256\\":\\"$(sha256sum < "$(readlink -f $X)" | cut -c 1-64)\\"" ]
      # The bundle and the validation report say the same of them, every event the same of the program.
      for document in case/meta/bundle.json measured.json; do grep -q -F "\\"tool\\":$tool" $document || fail "$document"; done
      commit=$(said commit || true); event="\\"tool\\":{${commit:+$commit,}$(said name),$(said os),$(said sha256),$(said version)}"
      for file in case/custody/*.json; do grep -q -F "$event" $file || fail "$file: $event"; done
      # So do the papers that somebody signs.
      for page in statement certificate-902; do
        for value in version commit sha256; do
          value=$(said $value | cut -d '"' -f 4) || true; grep -q -F "${value%+changes}" case/report/$page.html || fail "$page: $value"
        done
      done
      """)
  }

  @Test func check13And14ValidatedAgainstStatedRequirements() throws {
    try check(
      """
      openssl cms -verify -cades -binary -inform DER -in measured.json.p7s -content measured.json -CAfile a12.pem -out /dev/null
      # Each stated requirement was measured, and what was measured is stated.
      grep -o '"id":"REQ-[^"]*"' measured.json | cut -d '"' -f 4 | sort -u > measured
      sed -n 's/^| \\(REQ-[A-Z]*-[0-9]*\\) |.*/\\1/p' "$home/docs/validation.md" | sort -u > stated
      [ $(wc -l < stated) -ge 16 ]; diff stated measured
      have jq || exit 0
      jq -e '.type == "validation" and .summary.verdict == "passed" and (.limits | length) > 2 and all(.requirements[];
        .verdict == "passed" and (.text, .expected, .actual | length) > 0 and .n > 0 and .exact == .n and .missed == 0 and .false == 0)' measured.json
      # It says who signed, and on which files.
      [ "$(jq -r .actor.cert measured.json)" = $(openssl x509 -in a12.pem -outform DER | sha256sum | cut -c 1-64) ]
      jq -r '.cases[] | .name as $case | .files[] | "\\(.sha256)  \\($case)/\\(.path // .name)"' measured.json > files
      (cd "$home/evidence-samples"; sha256sum --quiet -c) < files; [ $(wc -l < files) -gt 10 ]
      """)
  }

  @Test func check15ErrorFiguresAreThoseOfTheRun() throws {
    try check(
      """
      have jq || exit 0
      facts="$home/evidence-samples/first-case/expected"; status 0 $X process "$home"/evidence-samples/first-case/input/* -o both -q
      figure() { jq "[.requirements[] | select(.id == \\"$2\\") | .$3] | add" $1; }
      # agrees REQUIREMENT KNOWN FOUND: that many facts are known, and that many records were made, by other counts.
      agrees() { [ "$(figure measured.json $1 n)" = "$2" -a "$(figure measured.json $1 exact)" = "$3" ] || fail "$*: $(figure measured.json $1 n)"; }
      records() { wc -l < both/data/records/$1.ndjson; }
      agrees REQ-HTTP-2 $(jq length $facts/transfers.json) $(records http-transfer)
      agrees REQ-SIP-1 $(jq length $facts/calls.json) $(records sip-call)
      agrees REQ-SIP-2 $(jq '[.[].messages[]] | length' $facts/calls.json) $(records sip-message)
      agrees REQ-RTP-1 $(jq '[.[].streams[]] | length' $facts/calls.json) $(records rtp-stream)
      agrees REQ-DNS-2 $(grep -c 'query\\[' $facts/name-server.log) $(records dns-query)
      # Two facts that are not so: each is missed, and what was found instead is false.
      mkdir -p cases/small/expected; cp -r "$home/evidence-samples/first-case/input" cases/small
      jq '.[0].status = 299 | .[3].method = "PUT"' $facts/transfers.json > cases/small/expected/transfers.json
      printf '{"measures":{"transfers.json":["REQ-HTTP-1","REQ-HTTP-2"]},"version":1}' > cases/small/expected/requirements.json
      status 1 $X validate --cases cases --output wrong.json "${sign[@]}"
      openssl cms -verify -cades -binary -inform DER -in wrong.json.p7s -content wrong.json -CAfile a12.pem -out /dev/null
      known=$(jq length $facts/transfers.json)
      for value in n:$known exact:$((known - 2)) missed:2 false:2 'details|length:4' 'verdict:"failed"'; do
        [ "$(figure wrong.json REQ-HTTP-2 "${value%:*}")" = "${value##*:}" ] || fail "$value"
      done
      # The sums by decoder are those of its requirements, and the summary counts the verdicts.
      for report in measured.json wrong.json; do
        jq -e '. as $all | (.byDecoder | length) > 0 and all(.byDecoder[]; . as $sum | [$all.requirements[] | select(.decoder == $sum.decoder)]
          | [map(.n), map(.exact), map(.missed), map(.false)] | map(add) == [$sum.n, $sum.exact, $sum.missed, $sum.false])' $report
        jq -e '(.requirements | group_by(.id) | length) == .summary.passed + .summary.failed + .summary.notTested' $report
      done
      [ "$(jq -c '[.summary.failed, .summary.verdict]' wrong.json)" = '[1,"failed"]' ]
      # Known limits stand in the signed report, and the bundle of such a program warns.
      jq -e '.limits | length > 2 and all(.[]; length > 20)' wrong.json
      status 0 $X process "$input" -o warned -q --validation wrong.json
      grep -q -F 'Warning: not every requirement passed' warned/report/index.html
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
}
