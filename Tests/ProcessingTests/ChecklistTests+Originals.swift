import Foundation
import TestSupport
import Testing

/// Originals and runs: nothing is changed, written beside them, dropped in silence or left half.
extension ChecklistTests {
  @Test func check01OriginalsAreNeverAltered() throws {
    try check(
      """
      cp "$input" in.pcapng; chmod 444 in.pcapng; facts() { stat -c '%Y %Z %s %a %i' in.pcapng; sha256sum < in.pcapng; }; before=$(facts)
      same() { [ "$before" = "$(facts)" ] || fail "changed by $*"; }
      status 0 $X process in.pcapng -o new -q; same copy; status 0 $X process in.pcapng -o other -q --reference; same reference
      status 0 $X reproduce other --no-receipt; same reproduce
      traced open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,truncate,chmod,fchmodat,link,linkat
      [ -n "$strace" ] || exit 0
      for mode in -q --reference; do
        status 0 $strace $X process in.pcapng -o second$mode $mode
        grep '"[^"]*in\\.pcapng"' trace > touched; [ $(grep -c O_RDONLY touched) -ge 2 ]
        grep -v -E 'open(at|at2)?\\(.*O_RDONLY' touched && fail "not only opened for reading"
        grep -E 'O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)' touched && fail "opened for writing"; same "$mode"
      done
      """)
  }

  @Test func check02HashedBeforeAndAfter() throws {
    try check(
      """
      # A run that stands still (SIGSTOP) with the ingest on the disk and the last reading of originals not yet ordered.
      # Its number is in `run`. One that was too fast is done again.
      stopped() {
        for try in $(seq 50); do
          $X process in.pcapng -o new "$@" > said 2>&1 & run=$!
          until [ -s new.partial-$run/custody/000002.json ] || [ $(letter $run) = Z ]; do :; done
          kill -STOP $run
          until [ $(letter $run) = T ] || [ $(letter $run) = Z ]; do :; done
          [ $(letter $run) = Z ] || [ -e new.partial-$run/scratch/render-0.order.json ] || return 0
          kill -KILL $run; wait $run || true; rm -rf new new.*
        done
        fail "no run could be stopped in time"
      }
      changed() {
        cp "$input" in.pcapng; stopped -q "$@"
        file=in.pcapng; [ $where = original ] || file=$(echo new.partial-$run/data/originals/*)
        cmp $file "$input"; printf '\\\\377' | dd of=$file bs=1 seek=5000 conv=notrunc,fsync status=none; ! cmp -s $file "$input"
        kill -CONT $run; got=0; wait $run || got=$?
        [ $got = 6 ] || { cat said; fail "$where $*: status $got"; }
        grep -q "in.pcapng: $said" said; [ ! -e new ]
        for event in new.failed-1/custody/*.json; do :; done
        grep -q "\\"error\\":\\"in.pcapng: [^\\"]*$said[^\\"]*\\",\\"exit\\":6" $event || { cat $event; fail "the chain does not say it"; }
        status 1 $X verify new.failed-1; rm -rf new.*
      }
      where=original said='the original changed while it was used'; changed; changed --reference
      where=copy said='its SHA-256 changed while it was used'; changed
      """)
  }

  @Test func check03NothingIsWrittenBesideTheInput() throws {
    try check(
      """
      # Nothing but the bundle appears, and no original is written over, whatever it is called.
      mkdir in; cp "$input" in/in.pcapng; ln -s in.pcapng in/link.pcapng
      for output in in/in.pcapng in/in.pcapng/ ./in/../in/in.pcapng in/link.pcapng; do status 5 $X process in/in.pcapng -o $output -q; done
      status 4 $X process in -o in/new -q; grep -q directory said
      status 0 $X process in/in.pcapng -o elsewhere -q; [ "$(ls in)" = "in.pcapng"$'\\n'"link.pcapng" ]; cmp "$input" in/in.pcapng
      status 0 $X process in/in.pcapng -o in/new -q; [ "$(ls in)" = "in.pcapng"$'\\n'"link.pcapng"$'\\n'"new" ]
      """)
  }

  @Test func check03NothingIsWrittenIntoABundle() throws {
    try check(
      """
      # Nor into a bundle or a bag, by any command that writes a file: usage, and nothing was touched.
      mkdir bag links; cp case/bagit.txt bag; mkdir bag/data; cp "$input" bag/data/in.pcapng; ln -s "$PWD/case/data" links/data
      mkdir -p new.partial-1/custody; cp case/custody/000001.json new.partial-1/custody
      before=$(find case bag links new.partial-1 -printf '%p %s %T@\\n' | sort)
      refused() { status 2 $X "$@"; grep -q 'where nothing may be added' said || { cat said; fail "it says something else: $*"; }; }
      for place in case/new case/data/new case/data/originals/new links/data/new case/../case/report/new new.partial-1/new; do
        refused process "$input" -o $place -q
      done
      refused process bag/data/in.pcapng -o bag/data/new; refused process case/data/originals/O-0001.pcapng -o case/data/originals/new --reference
      refused report case --output case/pages
      refused show case R-000001 --pcap case/data/r.pcap
      refused verify case --receipt case/receipt.json
      refused reproduce case --receipt case/meta/receipt.json
      refused validate --cases "$home/evidence-samples" --output case/exhibit.validation.json
      refused timestamp request case --output case/seal/new.tsq
      refused receive case --receipt case/receipt.json "${sign[@]}"
      refused key new --output case/seal/new.key --no-pass-phrase
      [ "$before" = "$(find case bag links new.partial-1 -printf '%p %s %T@\\n' | sort)" ] || fail "something was touched"
      status 0 $X verify case
      """)
  }

  @Test func check03AReadOnlyInputServes() throws {
    try check(
      """
      mkdir in; cp "$input" in/in.pcapng; chmod 444 in/in.pcapng; chmod 555 in
      cat > try.sh << 'end'
      [ $(id -u) != 0 ] || { mount --bind in in && mount -o remount,bind,ro in; } || exit 77
      for mode in --quiet --reference; do
        "$1" process in/in.pcapng -o in/new $mode; [ $? = 5 ] || exit 1
        "$1" process in/in.pcapng -o elsewhere$mode $mode || exit 1
      done
      end
      with=; [ $(id -u) != 0 ] || with='unshare -m'
      got=0; $with sh try.sh $X > said 2>&1 || got=$?
      [ $got = 0 ] || [ -n "$with" -a ! -e elsewhere--quiet ] || { cat said; fail "status $got"; }
      [ $got = 0 ] || echo "skipped: nothing can be mounted here, so no input lies on a read-only disk"
      chmod 755 in; [ "$(ls in)" = in.pcapng ]; cmp "$input" in/in.pcapng
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
}
