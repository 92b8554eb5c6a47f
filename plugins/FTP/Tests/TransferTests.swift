import DecoderKit
import DecoderTesting
import FTPDecoder
import Testing

private let greeting = server("220 Tidewater FTP")

@Suite struct TransferTests {
  @Test func joinsAFileWithItsCommand() throws {
    let outcome = decode([
      greeting, client("USER robin"), server("331 Password, please"), client("PASS secret"), server("230 Welcome"),
      client("PWD"), server("257 \"/home\"\"s\" is here"), client("TYPE I"), server("200 ok"), client("PASV"),
      server(passiveReply), client("RETR dir/a.bin"), server("150 Opening BINARY mode data connection (5 bytes)."),
      data("hel", from: .responder), data("lo", from: .responder), end(.responder), server("226 done"),
      end(.initiator), client("NOOP"), server("200 ok"),
    ])
    let record = try #require(outcome.transfers.first)
    #expect(outcome.transfers.count == 1 && outcome.captured.map(\.text) == ["hello"])
    #expect(record.text("path") == "dir/a.bin" && record.text("fileName") == "a.bin")
    #expect(record.text("workingDirectory") == "/home\"s" && record.text("user") == "robin")
    #expect(record.text("direction") == "download" && record.flag("isListing") == false)
    #expect(record.text("representation") == "I" && record.number("announcedByteCount") == 5)
    #expect(record.number("status") == 226 && record.list("interimStatuses") == [150])
    #expect(record.text("connection") == "passive" && record.text("attachedBy") == "signalling")
    #expect(record.text("dataClient") == "192.0.2.10:40001" && record.text("dataServer") == "192.0.2.20:50000")
    #expect(record.flag("isComplete") == true && record.number("byteCount") == 5 && record.side == .initiator)
    // The command, the reply that named the port, and the content.
    #expect(record.trace.packets.byOriginal.map(\.packets).first?.hasPrefix("10-13") == true)
    #expect(outcome.captured.first?.description.name == Array("a.bin".utf8))
    #expect(outcome.captured.first?.description.role == "ftp file" && outcome.captured.first?.isWhole == true)
    #expect(outcome.findings.isEmpty && outcome.violations.isEmpty)
  }

  @Test func withholdsPasswordsButNotAnonymousOnes() {
    let outcome = decode([
      greeting, client("USER robin"), client("PASS secret"), client("PASS\tsecret"), client("ACCT more"),
      client("USER Anonymous"), client("PASS robin@example.org"),
    ])
    let arguments = outcome.commands.compactMap { $0.text("argument") }
    #expect(arguments == ["robin", "[withheld]", "[withheld]", "[withheld]", "Anonymous", "robin@example.org"])
    #expect(!outcome.recordLines.joined().contains("secret"))
  }

  @Test func joinsAnActiveConnection() throws {
    for command in ["PORT 192,0,2,10,195,80", "EPRT |1|192.0.2.10|50000|"] {
      let outcome = decode([
        greeting, client(command), server("200 ok"), client("STOR up.txt"), server("150 go"),
        data("up", from: .responder, over: active), end(.responder, over: active), server("226 done"),
        end(.initiator, over: active), client("QUIT"), server("221 bye"),
      ])
      let record = try #require(outcome.transfers.first)
      #expect(record.text("direction") == "upload" && record.text("connection") == "active")
      #expect(record.flag("isComplete") == true && outcome.captured.map(\.text) == ["up"])
      #expect(record.text("dataClient") == "192.0.2.10:50000")
    }
  }

  @Test func readsTheReplyToEPSV() {
    let outcome = decode([
      greeting, client("EPSV"), server("229 Entering Extended Passive Mode (|||50000|)"), client("MLSD"),
      server("150 go"), data("type=dir; a\r\n", from: .responder), end(.responder), end(.initiator), server("226 done"),
    ])
    #expect(outcome.transfers.first?.flag("isListing") == true && outcome.transfers.first?.flag("isComplete") == true)
    #expect(outcome.captured.first?.description.role == "ftp listing")
  }

  @Test func tellsAbortedTransfersFromWholeOnes() {
    let start = [greeting, client("PASV"), server(passiveReply), client("RETR a"), server("150 (9 bytes)")]
    let aborted = decode(
      start + [
        data("abc", from: .responder),
        (control, .bytes([0xff, 0xf4, 0xf2] + Array("ABOR\r\n".utf8), from: .initiator)),
        server("426 aborted"), server("226 ok"), end(.responder), end(.initiator),
      ])
    #expect(aborted.transfers.map { $0.number("status") } == [426] && aborted.captured.first?.isWhole == false)
    #expect(aborted.commands.map { $0.text("command") } == [nil, "PASV", "RETR", "ABOR"])
    #expect(aborted.commands.last?.number("status") == 226 && aborted.transfers.first?.flag("isComplete") == false)
    let reset = decode(start + [data("abc", from: .responder), end(.responder, .reset), server("226 ok")])
    #expect(reset.transfers.first?.flag("isComplete") == false)
    let cut = decode(
      start + [data("abc", from: .responder), (passive, .gap(2, from: .responder)), end(.responder), server("226 ok")])
    #expect(cut.transfers.first?.flag("isComplete") == false && cut.captured.first?.holes.map(\.byteCount) == [2])
  }

  @Test func recordsTheOffsetOfAResumedFile() {
    let outcome = decode([
      greeting, client("TYPE I"), server("200 ok"), client("PASV"), server(passiveReply), client("REST 100"),
      server("350 ok"), client("RETR a"), server("150 go"), data("tail", from: .responder), end(.responder),
      end(.initiator), server("226 ok"), client("REST 7"), server("501 no"), client("APPE b"), server("425 no"),
    ])
    #expect(outcome.transfers.map { $0.number("restartOffset") } == [100, nil])
    #expect(outcome.transfers.map { $0.flag("isComplete") } == [true, false])
    #expect(outcome.transfers.map { $0.text("attachedBy") } == ["signalling", "none"])
  }

  @Test func carriesSeveralTransfersOfOneSession() {
    let second = DecodingContext.Carrier.tcp(
      initiator: Endpoint(clientHost, port: 40_002), responder: Endpoint(serverHost, port: 50_001))
    let outcome = decode([
      greeting, client("PASV"), server(passiveReply), client("RETR a"), server("150 go"), data("1", from: .responder),
      end(.responder), end(.initiator), server("226 ok"), client("PASV"), server("227 (192,0,2,20,195,81)"),
      client("STOR b"), data("2", from: .initiator, over: second), server("150 go"), end(.initiator, over: second),
      end(.responder, over: second), server("226 ok"),
    ])
    #expect(outcome.transfers.map { $0.text("path") } == ["a", "b"])
    #expect(outcome.captured.map(\.text) == ["1", "2"])
    #expect(outcome.transfers.allSatisfy { $0.flag("isComplete") == true })
  }

  @Test func takesAnEmptyFileForWhole() {
    let outcome = decode([
      greeting, client("PASV"), server(passiveReply), client("RETR a"), server("150 go"), server("226 ok"),
      end(.responder), end(.initiator), client("QUIT"), server("221 bye"),
    ])
    #expect(outcome.transfers.first?.flag("isComplete") == true && outcome.transfers.first?.number("byteCount") == 0)
    #expect(outcome.captured.isEmpty && outcome.findings.isEmpty)
  }

  @Test func saysWhenTheDataConnectionIsNotInTheCapture() {
    let outcome = decode([
      greeting, client("PASV"), server(passiveReply), client("RETR a"), server("150 go"), server("226 ok"),
    ])
    #expect(outcome.transfers.first?.text("attachedBy") == "none" && outcome.codes == ["ftp/dataMissing"])
    #expect(outcome.transfers.first?.flag("isComplete") == false)
  }

  @Test func takesNothingForDataWithoutItsControlConnection() {
    #expect(decode([data("hello", from: .responder), end(.responder)]).records.isEmpty)
  }

  @Test func followsThePortBehindATranslatedAddress() {
    let outcome = decode([
      greeting, client("PASV"), server("227 Entering Passive Mode (10,0,0,5,195,80)"), client("RETR a"),
      server("150 go"), data("x", from: .responder), end(.responder), end(.initiator), server("226 ok"),
    ])
    #expect(outcome.transfers.first?.text("attachedBy") == "inferred")
    #expect(outcome.transfers.first?.text("evidence")?.contains("10.0.0.5:50000") == true)
    #expect(outcome.codes == ["ftp/otherHost"])
  }

  @Test func writesTheTransferWhenTheControlConnectionEndsFirst() {
    // The control connection is the first to end in a sample.
    let outcome = decode([
      greeting, client("PASV"), server(passiveReply), client("RETR a"), server("150 (1 bytes)"),
      data("x", from: .responder), end(.responder),
    ])
    #expect(outcome.transfers.count == 1 && outcome.transfers.first?.number("byteCount") == 1)
    // Nobody confirmed it, and the size is the announced one.
    #expect(outcome.transfers.first?.flag("isComplete") == true)
  }

  @Test func keepsBytesAgainstTheDirection() {
    let outcome = decode([
      greeting, client("PASV"), server(passiveReply), client("RETR a"), data("odd", from: .initiator),
      data("x", from: .responder), end(.responder), end(.initiator), server("226 ok"),
    ])
    #expect(outcome.captured.map(\.description.role) == ["ftp data", "ftp file"])
    #expect(outcome.codes == ["ftp/oddDirection"])
  }

  @Test func namesWhatTheServerNames() {
    let outcome = decode([
      greeting, client("PASV"), server(passiveReply), client("STOU"), server("150 FILE: x.1"),
      data("x", from: .initiator), end(.initiator), end(.responder), server("226 ok"),
    ])
    #expect(outcome.transfers.first?.text("path") == "x.1")
  }
}
