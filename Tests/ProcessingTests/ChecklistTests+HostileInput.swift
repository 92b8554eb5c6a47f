import Foundation
import TestSupport
import Testing

/// Captures of criminals: nothing leaves the bundle.
extension ChecklistTests {
  /// A script's beginning: `arena/new` is the bundle of a hostile capture, made with `strace` if that is set.
  private static func hostile(_ capture: String) -> String {
    """
    mkdir arena arena/home arena/tmp; cp '\(capture)' arena/in.pcap
    ( cd arena; HOME=$PWD/home TMPDIR=$PWD/tmp status 0 ${strace:-} $X process in.pcap -o new -q )

    """
  }

  private static func capture(_ folder: TemporaryFolder) throws -> String {
    let bomb = try run("/bin/sh", ["-c", "head -c \(HostileCapture.bombBytes) /dev/zero | gzip -9 -n"])
    try #require(bomb.status == 0 && bomb.output.count > 10_000 && bomb.output.count < 100_000)
    return try folder.write(HostileCapture.bytes(bomb: bomb.output), "hostile.pcap")
  }

  @Test func check21NothingLeavesTheBundle() throws {
    let folder = try TemporaryFolder()
    try check(
      """
      traced network,open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,execve

      """ + Self.hostile(try Self.capture(folder)) + """
        # Outside the bundle nothing came into being, in it names are plain.
        [ "$(find arena -path arena/new -prune -o -print | LC_ALL=C sort | tr '\\n' ' ')" = 'arena arena/home arena/in.pcap arena/said arena/tmp ' ]
        ls -d {,/tmp/,arena/,/}*exhibit-was-here* 2> /dev/null && fail "it was there"
        find arena/new case | LC_ALL=C grep -v '^[A-Za-z0-9._/-]*$' && fail "a name"; [ -z "$(find arena/new ! -type f ! -type d)" ]
        # What the system was asked for: no network, and no file written but in the bundle that grew.
        if [ -n "$strace" ]; then
          grep 'execve("[^"]*/exhibit", \\["[^"]*", "worker"' trace | cut -d ' ' -f 1 > workers; [ $(wc -l < workers) -ge 4 ]
          grep -E '^[0-9]+ +(socket|socketpair|connect|bind|listen|accept4?|send[a-z]*|recv[a-z]*)\\(' trace > talk || true
          grep -w -f workers talk && fail "a worker talks"; grep -E 'AF_(INET|INET6|PACKET|NETLINK)' trace && fail "network"
          grep 'execve(' trace | grep -v -F "$X" | grep -v "\\"$(readlink -f $X)\\"" && fail "another program"
          grep -E '^[0-9]+ +(mk|rename|link|symlink|creat)[a-z0-9]*\\(|O_(WRONLY|RDWR|CREAT)' trace > written
          grep -v -E '^[0-9]+ +[a-z0-9]+\\((AT_FDCWD, )?"([^"]*/arena/)?new\\.partial-[0-9]+(/[^"]*)?"' written | grep -v '"/dev/null"' && fail "elsewhere"
          grep -F '/../' written && fail "upwards"; [ $(wc -l < written) -gt 50 ]
        fi
        # What was sent is there, as what it is: names as text, every part, the bomb up to its limit and as it came.
        records=arena/new/data/records
        for name in '../../../../../../../../tmp/exhibit-was-here.txt' /tmp/exhibit-was-here 'C:\\\\..\\\\exhibit-was-here' 'a\\u0000b' . ..; do
          grep -q -F "\\"fileName\\":\\"$name\\"" $records/multipart-part.ndjson || fail "$name is not there"
        done
        grep -q 'expands beyond the limits' $records/finding.ndjson; [ "$(du -s -m arena/new | cut -f 1)" -lt 24 ] || fail "the bomb went off"
        status 0 $X verify arena/new; status 0 $X reproduce arena/new --no-receipt
        # Links are not followed, by whom ever.
        cp -a case hostile; ln -s /etc/passwd hostile/data/link; status 1 $X verify hostile; status 4 $X cosign hostile "${sign[@]}"
        """)
  }

  @Test func check21CapturedTextIsOnlyShown() throws {
    let folder = try TemporaryFolder()
    try check(
      Self.hostile(try Self.capture(folder)) + """
        pages=arena/new/report
        for page in calls messages web files dns records-multipart-part; do
          grep -q '&lt;script&gt;exhibit-hostile' $pages/$page.html || fail "$page does not show it"
        done
        # Every element and attribute is one of ours, every link leads to a page of the report; nothing else begins with <.
        grep -h -o '<[^>]*>\\?' $pages/*.html | sort -u > elements
        ours='!DOCTYPE|a|bdi|body|caption|code|dd|defs|details|div|dl|dt|footer|h[123]|head|header|html|li|link|main|meta|nav|ol|p|path|pattern|pre'
        ours="$ours|rect|script|section|span|strong|style|summary|svg|table|tbody|td|text|th|thead|time|title|tr|ul"
        grep -v -E "^</?($ours)( [^<>]*)?>\\$" elements && fail "an element"
        grep '<script' elements | grep -v -x '<script src="report.js" defer>' && fail "a script"
        grep -i -E '[ "]on[a-z]+=|javascript:' elements && fail "it runs something"
        grep -o -E '(href|src|action)="[^"]*"' elements | grep -v -E '^(href|src)="([a-z0-9-]+\\.(html|css|js))?(#[A-Za-z0-9-]+)?"$' && fail "a link"
        grep -L 'Content-Security-Policy' $pages/*.html | grep . && fail "no policy"
        # Nor does it reach a terminal.
        for look in list "list arena/new multipart/part" "list arena/new sip/message" "list arena/new http/transfer" "show arena/new A-000009" verify; do
          case $look in *\\ *) ;; *) look="$look arena/new";; esac; status 0 $X $look; cat said >> seen
        done
        grep -q 'U+001B.*U+202E' seen
        LC_ALL=C grep -r -q -e $'\\x1b' -e $'\\xe2\\x80\\xae' seen $pages && fail "a control character"; true
        """)
  }
}
