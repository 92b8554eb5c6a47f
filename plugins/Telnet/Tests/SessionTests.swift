import DecoderKit
import DecoderTesting
import TelnetDecoder
import Testing

@Suite struct SessionTests {
  @Test func keepsPromptsAndAnswersInTheirOrder() {
    let outcome = decode(
      [server("Pier\r\nlogin: ")] + typed("robin") + [client("\r\0"), server("\r\n"), server("Password: ")] + [
        client("c"), client("rate"), client("\r\0"), server("\r\n"), server("Welcome\r\n$ "),
      ] + typed("ls") + [client("\r\0"), server("\r\na.txt\r\n$ ")])
    #expect(
      outcome.dialogue == [
        "< Pier", "< login: robin", "> robin", "< Password: ", "> [withheld]", "< Welcome", "< $ ls", "> ls",
        "< a.txt", "< $ ",
      ])
    #expect(outcome.transcript == outcome.dialogue)
    #expect(outcome.session?.text("user") == "robin")
    #expect(outcome.session?.number("withheldCount") == 1)
    #expect(!outcome.recordLines.joined().contains("crate"))
    #expect(outcome.contents.first?.description.isComputed == true)
  }

  @Test func withholdsASecretThatTheServerShows() {
    let outcome = decode([server("Passwort: ")] + typed("crate") + [client("\r\n"), server("\r\nok\r\n")])
    #expect(outcome.dialogue == ["< Passwort: [withheld]", "> [withheld]", "< ok"])
  }

  @Test func withholdsWhatIsTypedAheadOfThePrompt() {
    let outcome = decode([
      server("login: "), client("robin\r\ncrate\r\nls\r\n"), server("robin\r\nPassword: \r\nWelcome\r\n"),
    ])
    #expect(outcome.dialogue.contains("> robin"))
    #expect(outcome.dialogue.contains("> ls"))
    #expect(!outcome.recordLines.joined().contains("crate"))
  }

  @Test func showsWhatIsNoSecret() {
    let outcome = decode([
      server("Your password expires soon.\r\nrobin@pier:~/passwords$ "), client("date\r\n"), server("shipping: "),
      client("north\r\n"),
    ])
    #expect(outcome.dialogue.contains("> date"))
    #expect(outcome.dialogue.contains("> north"))
  }

  @Test func readsWhatTheOptionsTell() throws {
    let outcome = decode([
      server([255, 253, 24, 255, 253, 39, 255, 251, 1, 255, 250, 24, 1, 255, 240]),
      client([255, 250, 24, 0] + Array("xterm".utf8) + [255, 240, 255, 250, 31, 0, 80, 0, 24, 255, 240]),
      client([255, 250, 39, 0, 0] + Array("USER".utf8) + [1] + Array("kim".utf8) + [3, 65, 1, 2, 3, 255, 240]),
      client([255, 250, 32, 0] + Array("9600,9600".utf8) + [255, 240]), client([255, 255, 13, 10]),
    ])
    let session = try #require(outcome.session)
    #expect(session.text("terminalType") == "xterm")
    #expect(session.text("terminalSpeed") == "9600,9600")
    #expect([session.number("windowWidth"), session.number("windowHeight")] == [80, 24])
    #expect(
      session.list("environment") == [
        .object(["name": "USER", "value": "kim"]), .object(["name": "A", "value": "\u{3}"]),
      ])
    #expect(session.text("user") == "kim")
    #expect(session.list("negotiation").first == .text("server DO TERMINAL-TYPE"))
    #expect(outcome.transcript == [#"> \xFF"#])
    #expect(outcome.all("telnet/line").first?.text("textHex") == "ff")
  }

  @Test func showsControlCharacters() {
    let outcome = decode([server("\u{1b}[2J\u{7}a\\b\tü\u{202e}\r\n"), client([255, 244])])
    #expect(outcome.transcript == [#"< \e[2J\aa\\b\tü\u{202E}"#, "* client sends the command “interrupt”"])
  }

  @Test func goesOnBehindAGap() {
    let outcome = decode([
      server("one\r\ntw"), .gap(40, from: .responder), server("ree\r\n"), client("ls\r\n"),
      .end(.finished, of: .responder),
    ])
    #expect(
      outcome.transcript == ["< one", "< tw", "* 40 bytes of the server are missing from the capture", "< ree", "> ls"])
    #expect(outcome.session?.flag("isComplete") == false)
    #expect(outcome.contents.first?.isWhole == false)
  }

  @Test func staysSilentAboutWhatIsEncryptedOrCompressed() {
    let encrypted = decode([
      client([255, 250, 38, 3, 255, 240]), client([1, 2, 3]), server("x\r\n"),
      server([255, 250, 86, 255, 240, 120, 156]),
    ])
    #expect(encrypted.codes == ["telnet/encrypted", "telnet/compressed"])
    #expect(encrypted.dialogue == ["< x"])
    #expect(encrypted.session?.flag("isEncrypted") == true)
  }

  @Test func boundsLinesAndSubnegotiations() {
    let long = decode([server(String(repeating: "a", count: 40_000) + "\r\n")])
    #expect(long.all("telnet/line").map { $0.flag("isWhole") } == [false, false, true])
    let unclosed = decode([server([255, 250, 24] + [UInt8](repeating: 65, count: 9_000) + [13, 10])])
    #expect(unclosed.codes == ["telnet/unclosedSubnegotiation"])
    let flood = decode([server((0..<3_000).flatMap { _ in [255, 250, 24, 65, 255, 241] as [UInt8] })])
    #expect(flood.codes == ["telnet/unclosedSubnegotiation"])
    #expect([flood.session?.number("unclosedCount"), flood.session?.number("unreadByteCount")] == [3_000, 6_000])
    #expect(unclosed.dialogue.count == 1)
    #expect(decode([server([255, 250, 31, 1, 255, 240])]).codes == ["telnet/oddSubnegotiation"])
  }

  @Test func claimsByContentAndPort() {
    let other = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
      responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 2_323))
    let decoder = TelnetDecoder()
    #expect(claim(of: decoder, on: [255, 253, 24, 255, 253, 31], from: .responder, over: other) == .content)
    #expect(claim(of: decoder, on: [255, 253, 24], from: .responder, over: other) == .candidate)
    // A frame of MP3, and a file of JPEG.
    #expect(claim(of: decoder, on: [255, 251, 144, 100], from: .responder, over: other) == .none)
    #expect(claim(of: decoder, on: [255, 216, 255, 224], from: .responder, over: other) == .none)
    #expect(claim(of: decoder, on: Array("login: ".utf8), from: .responder, over: other) == .none)
    #expect(claim(of: decoder, on: Array("login: ".utf8), from: .responder, over: connection) == .port)
    #expect(claim(of: decoder, on: Array("SSH-2.0".utf8), from: .responder, over: connection) == .none)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: TelnetDecoder(),
      on: [
        server([255, 253, 24, 255, 250, 39, 0, 0, 65, 1, 66, 255, 240] + Array("a\r\nlogin: ".utf8)), client("r\r\0"),
        server("r\r\nPassword: "), client([255, 250, 31, 0, 80, 0, 24, 255, 240, 120, 13, 0]), server("\r\n$ "),
        client([3, 255, 244]), .end(.finished, of: .responder),
      ], over: connection)
  }
}
