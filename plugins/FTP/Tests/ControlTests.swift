import DecoderKit
import DecoderTesting
import FTPDecoder
import Testing

@Suite struct ControlTests {
  @Test func readsRepliesOfSeveralLines() throws {
    let outcome = decode([
      server("220-FTP of Tidewater", "123 is no end", "220 go"), client("FEAT"),
      server("211-Features", " MLST", " SIZE", "211 End"),
    ])
    #expect(outcome.commands.map { $0.number("status") } == [220, 211])
    #expect(outcome.commands.first?.list("replyLines") == ["FTP of Tidewater", "123 is no end", "go"])
    #expect(outcome.commands.last?.list("replyLines") == ["Features", " MLST", " SIZE", "End"])
    #expect(outcome.commands.last?.text("reason") == "End" && outcome.findings.isEmpty)
  }

  @Test func followsTheWorkingDirectory() {
    let list = [client("PASV"), server(passiveReply), client("LIST"), server("425 no")]
    let outcome = decode(
      [server("220 FTP")] + list + [client("CWD a"), server("250 ok")] + list + [
        client("CWD /b/./c"), server("250 ok"),
      ]
        + list + [client("CWD ../d"), server("250 ok")] + list + [client("CDUP"), server("250 ok")] + list
        + [client("CWD e"), server("550 no")] + list + [client("CWD e"), server("250 \"/f/e\" is current directory.")]
        + list)
    #expect(outcome.transfers.map { $0.text("workingDirectory") } == [nil, nil, "/b/c", "/b/d", "/b", "/b", "/f/e"])
  }

  @Test func pairsRepliesThatAreMissingByTheirCode() {
    let outcome = decode([
      server("220 FTP"), client("NOOP"), client("USER a"), server("331 more"), client("SIZE a"), client("PWD"),
      server("257 \"/\""), client("NOOP"),
    ])
    #expect(outcome.commands.map { $0.text("command") } == [nil, "NOOP", "USER", "SIZE", "PWD", "NOOP"])
    #expect(outcome.commands.map { $0.number("status") } == [220, nil, 331, nil, 257, nil])
  }

  @Test func leavesTheTransferWaitingWhileSomethingElseIsAsked() {
    let outcome = decode([
      server("220 FTP"), client("PASV"), server(passiveReply), client("RETR a"), server("150 go"), client("STAT"),
      server("213 half"), data("x", from: .responder), end(.responder), end(.initiator), server("226 ok"),
    ])
    #expect(outcome.commands.map { $0.number("status") } == [220, 227, 213, 226])
    #expect(outcome.transfers.first?.flag("isComplete") == true)
  }

  @Test func stopsWhereEncryptionBegins() {
    let outcome = decode([
      server("220 FTP"), client("AUTH TLS"), server("234 go"),
      (control, .bytes([0x16, 3, 1, 0, 5, 0x0a, 0x0a], from: .initiator)),
    ])
    #expect(outcome.commands.map { $0.text("command") } == [nil, "AUTH"] && outcome.codes == ["ftp/encrypted"])
    let silent = decode([
      server("220 FTP"), client("AUTH TLS"), (control, .bytes([0x16], from: .initiator)),
      (control, .bytes([3, 1, 0, 5, 1, 0x0a], from: .initiator)),
    ])
    #expect(silent.codes == ["ftp/encrypted"] && silent.commands.count == 2)
  }

  @Test func notesWhatIsNoLineAndNoReply() {
    let long = String(repeating: "a", count: 70_000)
    let outcome = decode([server("220 FTP"), client("USER \(long)"), client("NOOP"), server("what", "200 ok")])
    #expect(outcome.codes == ["ftp/oddReply", "ftp/cutLine"])
    #expect(outcome.commands.map { $0.text("command") } == [nil, "NOOP"])
    let cut = decode([server("220 FTP"), (control, .bytes(Array("NOO".utf8), from: .initiator))])
    #expect(cut.codes == ["ftp/cutLine"])
  }

  @Test func goesOnBehindAGap() {
    let outcome = decode([
      server("220 FTP"), client("PWD"), client("NOOP"), (control, .gap(10, from: .responder)), server("k", "200 ok"),
      (control, .gap(10, from: .initiator)), client("R a", "QUIT"), server("221 bye"),
    ])
    #expect(outcome.commands.map { $0.text("command") } == [nil, "PWD", "NOOP", "QUIT"])
    #expect(outcome.commands.map { $0.number("status") } == [220, nil, 200, 221])
  }

  @Test func writesNoMoreCommandsThanTheLimitWithoutAReply() {
    var steps = [server("220 FTP")]
    for _ in 0..<300 { steps.append(client("NOOP")) }
    let outcome = decode(steps)
    #expect(outcome.commands.count == 301 && outcome.codes.filter { $0 == "ftp/unanswered" }.count == 44)
  }

  @Test func keepsTheFirstLinesOfAnEndlessReply() {
    var lines = ["211-a"]
    for number in 0..<1_100 { lines.append(" \(number)") }
    let outcome = decode([
      server("220 FTP"), client("STAT"),
      (control, .bytes(Array((lines.joined(separator: "\r\n") + "\r\n211 z\r\n").utf8), from: .responder)),
    ])
    #expect(outcome.commands.last?.list("replyLines").count == 1_001 && outcome.codes == ["ftp/replyLimit"])
  }

  @Test func notesAddressesThatCannotBeRead() {
    let outcome = decode([
      server("220 FTP"), client("PORT 1,2,3"), server("500 no"), client("PASV"), server("227 somewhere"),
      client("EPRT |9|x|1|"), client("EPSV"), server("229 (|||99999|)"),
    ])
    #expect(outcome.codes.filter { $0 == "ftp/oddAddress" }.count == 4 && outcome.violations.isEmpty)
  }

  @Test func claimsWhatOnlyFTPSays() {
    let other = DecodingContext.Carrier.tcp(
      initiator: controlPort, responder: Endpoint(serverHost, port: 2_121))
    let claims = { (text: String, carrier: DecodingContext.Carrier) in
      claim(of: FTPDecoder(), on: Array(text.utf8), from: .responder, over: carrier)
    }
    #expect(claims("220 ProFTPD ready\r\n", other) == .content)
    #expect(claims("220 mail.example ESMTP\r\n", other) == .needsMore)
    #expect(claims("220 mail.example ESMTP\r\n250 ok\r\n", other) == .none)
    #expect(claims("220 welcome\r\n331 Password required\r\n", other) == .content)
    #expect(claims("220 welcome\r\n230 hello\r\n", other) == .content)
    #expect(claims("227 Entering Passive Mode (1,2,3,4,5,6)\r\n", other) == .content)
    #expect(claims("PASV\r\n", other) == .content && claims("PORT 1,2,3,4,5,6\r\n", other) == .content)
    #expect(claims("USER a\r\n", other) == .none && claims("USER a\r\n", control) == .port)
    #expect(claims("220 x\r\n", control) == .port && claims("530 no\r\n", control) == .port)
    #expect(claims("SSH-2.0-x\r\n", control) == .none && claims("GET / HTTP/1.1\r\n", other) == .none)
    #expect(claims("2", other) == .needsMore && claims("PAS", control) == .needsMore)
    #expect(claims("200 ok\r\n", other) == .none)
  }
}
