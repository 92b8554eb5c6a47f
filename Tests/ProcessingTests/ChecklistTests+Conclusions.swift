import Foundation
import TestSupport
import Testing

/// Drafts to sign, and what is concluded in them: apart from what was measured, with method and evidence.
extension ChecklistTests {
  /// A capture of which a reader must conclude: voice behind an address translator, an answer after a lost one, conversations of unknown kind.
  private static let doubtful: [UInt8] = {
    var file = PacketFile()
    let caller: [UInt8] = [192, 0, 2, 1]
    let called: [UInt8] = [198, 51, 100, 7]
    let elsewhere: [UInt8] = [203, 0, 113, 9]
    func description(_ address: [UInt8], _ port: Int) -> String {
      let host = address.map(String.init).joined(separator: ".")
      return "v=0\r\no=- 1 1 IN IP4 \(host)\r\ns=-\r\nc=IN IP4 \(host)\r\nt=0 0\r\nm=audio \(port) RTP/AVP 8\r\n"
    }
    for (line, number, body) in [
      ("INVITE sip:b@b.example SIP/2.0", 1, description(caller, 4_000)),
      ("SIP/2.0 200 OK", 1, description(called, 5_000)),
    ] {
      let message = """
        \(line)\r
        Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r
        From: <sip:a@a.example>;tag=1\r
        To: <sip:b@b.example>\(line.hasPrefix("SIP") ? ";tag=2" : "")\r
        Call-ID: doubtful@a.example\r
        CSeq: \(number) INVITE\r
        Content-Type: application/sdp\r
        Content-Length: \(body.utf8.count)\r
        \r
        \(body)
        """
      let ends: (PacketFile.End, PacketFile.End) = ((caller, 5_060), (called, 5_060))
      let (source, destination) = line.hasPrefix("SIP") ? (ends.1, ends.0) : ends
      file.addDatagram(source, destination, Array(message.utf8))
    }
    // The caller's voice goes where nothing asked for it; that of the called party is as it was agreed.
    for number in 0..<UInt8(40) {
      let time = UInt32(number) * 160
      let clock = [UInt8(time >> 24), UInt8(time >> 16 & 0xff), UInt8(time >> 8 & 0xff), UInt8(time & 0xff)]
      let voice = [0x80, 8, 0, number] + clock
      let sound = [UInt8](repeating: 0xd5, count: 160)
      file.addDatagram((caller, 4_000), (elsewhere, 5_004), voice + [0, 0, 0, 1] + sound)
      file.addDatagram((called, 5_000), (caller, 4_000), voice + [0, 0, 0, 2] + sound)
    }
    var web = PacketFile.Connection((caller, 40_001), (called, 80))
    file.open(&web)
    let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
    for path in ["first", "second"] {
      file.send(Array("GET /\(path) HTTP/1.1\r\nHost: b.example\r\n\r\n".utf8), &web, isAnswer: false)
    }
    file.send(answer, &web, isAnswer: true, isLost: true)
    file.send(answer, &web, isAnswer: true)
    file.close(&web)
    var shell = PacketFile.Connection((caller, 40_002), (called, 2_222))
    file.open(&shell)
    file.send(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), &shell, isAnswer: false)
    file.send(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), &shell, isAnswer: true)
    for _ in 0..<3 { file.addDatagram((caller, 40_003), (called, 514), [1, 2, 3, 4, 5, 6, 7, 8]) }
    return file.bytes
  }()

  @Test func check25WhatIsConcludedSaysFromWhat() throws {
    let folder = try TemporaryFolder()
    let capture = try folder.write(Self.doubtful, "doubtful.pcap")
    var certain = PacketFile()
    let question: [UInt8] = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0, 1, 0, 1]
    certain.addDatagram(([192, 0, 2, 1], 50_000), ([198, 51, 100, 7], 53), question)
    let plain = try folder.write(certain.bytes, "certain.pcap")
    try check(
      """
      have jq || exit 0
      status 0 $X process '\(capture)' -o new -q; records=new/data/records; pages=new/report
      # Each kind of conclusion is there, marked, and with its evidence; what the traffic states is not marked.
      jq -s -e 'length == 1 and ([.[0].streams[] | .attachedBy] | sort) == ["inferred", "signalling"]' $records/sip-call.ndjson
      jq -s -e 'map([.target, .pairedBy]) == [["/first", null], ["/second", "inferred"]]' $records/http-transfer.ndjson
      jq -s -e '[.[] | .. | objects | select(.attachedBy == "inferred" or .pairedBy == "inferred")] | length == 3 and
        all(.[]; .evidence | length > 20)' $records/*.ndjson
      jq -e '[.originals[].unclaimed[]] | map(select(.guess)) | length == 2 and all(.[]; .basis != "nothing" and (.evidence | length) > 3) and
        (map([.guess, .basis]) | sort) == [["SSH", "firstBytes"], ["syslog", "port"]]' new/data/ledger.json || { cat new/data/ledger.json; exit 1; }
      # The papers list them under a heading of their own, with method and evidence and without a score, and so do the pages.
      for page in statement certificate-902; do
        for text in 'Measured\\.' 'Concluded\\.' 'Method: ' 'There is no score' 'where the signalling asks for media' 'taken for that of the last' \\
          'SSH.*the first bytes' 'yslog.*the port alone'; do
          tr '\\n' ' ' < $pages/$page.html | grep -q "$text" || fail "$page: $text"
        done
        grep -q 'Nothing in this bundle is a conclusion' $pages/$page.html && fail "$page denies it"
      done
      for page in calls web index; do grep -q 'mark-inferred' $pages/$page.html || fail "$page has no mark"; done
      grep -q 'answers this request because' $pages/web.html; grep -q 'belongs to this call because' $pages/calls.html
      # Where nothing is concluded the papers say so.
      status 0 $X process '\(plain)' -o empty -q
      for page in statement certificate-902; do grep -q 'Nothing in this bundle is a conclusion' empty/report/$page.html || fail "$page"; done
      """)
  }

  @Test func check25DraftsToSign() throws {
    try check(
      """
      version=$($X --version | tail -n 1); binary=$(sha256sum < "$(readlink -f $X)" | cut -c 1-64)
      for page in certificate-902 statement; do
        file=case/report/$page.html; grep -q -i draft $file || fail "$page is no draft"
        # Process, hashes and versions are those that others find.
        for value in $(sha256sum < "$input" | cut -c 1-64) $(sha256sum < case/manifest-sha256.txt | cut -c 1-64) $binary "$version" A12 2026-041; do
          grep -q -F -- "$value" $file || fail "$page: $value"
        done
        for word in 'process' 'hash' 'Signature'; do grep -q -i "$word" $file || fail "$page: $word"; done
      done
      """)
  }
}
