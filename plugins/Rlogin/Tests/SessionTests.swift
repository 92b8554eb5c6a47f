import DecoderKit
import DecoderTesting
import RloginDecoder
import Testing

@Suite struct SessionTests {
  @Test func claimsWhatAClientBeginsWithOnAnyPort() {
    let opening = Array("\0robin\0wren\0xterm/38400\0".utf8)
    for port: UInt16 in [513, 7_513] {
      let decoder = RloginDecoder()
      #expect(claim(of: decoder, on: opening, from: .initiator, over: carrier(port: port)) == .content)
      #expect(
        claim(of: decoder, on: Array(opening.prefix(7)), from: .initiator, over: carrier(port: port)) == .needsMore)
    }
    let others: [[UInt8]] = [
      [0, 0, 0, 0x85, 0xff, 0x53, 0x4d, 0x42], Array("\0robin\0\0xterm/38400\0".utf8),
      Array("\0a\0b\0xterm/fast\0".utf8),
      Array("\0a\u{1}\0b\0xterm/9600\0".utf8), [0] + [UInt8](repeating: 0x61, count: 1_100),
    ]
    for bytes in others {
      #expect(claim(of: RloginDecoder(), on: bytes, from: .initiator, over: carrier(port: 7_513)) == .none)
    }
    #expect(claim(of: RloginDecoder(), on: Array("ls\r\n".utf8), from: .responder, over: connection) == .port)
    #expect(claim(of: RloginDecoder(), on: Array("ls\r\n".utf8), from: .responder, over: carrier(port: 7_513)) == .none)
  }

  @Test func tellsWindowsFromWhatIsTyped() {
    let outcome = decode([
      names, server([0]), client([0xff, 0xff]), client([0x73, 0x73, 0, 24, 0, 80, 0, 0, 0]), client([0]),
      client([0xff, 0x61, 0xff, 0xff, 0xff, 0x73, 0x73, 0, 50, 0, 132, 0, 0, 0, 0, 0x0d]),
    ])
    #expect(outcome.transcript.filter { $0.hasPrefix("* the client's window") }.count == 2)
    #expect(outcome.session?.number("windowWidth") == 132 && outcome.session?.number("windowHeight") == 50)
    #expect(outcome.transcript.last == #"> \xFFa\xFF"#)
  }

  @Test func readsTheServersControl() {
    let outcome = decode([names, server([0, 0x80, 0x10]), server("ä\u{80}\r\n"), server([0x02, 0x0d, 0x0a])])
    #expect(
      outcome.transcript.dropFirst() == [
        "* the server accepts the names", "* the server asks for the sizes of the window",
        "* the server takes over the flow control, so that ^S and ^Q are typed as other keys",
        #"< ä\u{80}"#, "* the server asks the client to throw away what it has not shown yet", "< ",
      ])
    #expect(outcome.session?.flag("isAccepted") == true)
  }

  @Test func readsARefusal() {
    let outcome = decode([names, server("\u{1}rlogind: Permission denied.\r\n")])
    #expect(outcome.session?.flag("isAccepted") == false)
    #expect(outcome.dialogue == ["< rlogind: Permission denied."])
  }

  @Test func readsOnWithoutTheBeginning() {
    let outcome = decode([server("$ "), client("ls\r"), server("ls\r\nnote.txt\r\n")])
    #expect(outcome.dialogue == ["< $ ", "> ls", "< ls", "< note.txt"])
    #expect(outcome.session?.flag("isComplete") == false && outcome.session?.text("user") == nil)
  }

  @Test func namesAnOpeningThatHasNotTheForm() {
    let outcome = decode([client("\0robin\0wren\0xterm/fast\0ls\r"), server([0])])
    #expect(outcome.codes == ["rlogin/oddOpening"])
    #expect(outcome.dialogue == ["> ls"])
    #expect(outcome.session?.flag("isComplete") == false)
  }

  @Test func tellsOfMissingBytes() {
    let outcome = decode([
      names, server([0]), server("Pass"), .gap(4, from: .responder), server("d: "), client("x\r"),
      .gap(9, from: .initiator),
      client("ls\r"),
    ])
    #expect(outcome.transcript.contains { $0.hasPrefix("* 4 bytes of the server are missing") })
    #expect(outcome.transcript.contains { $0.hasPrefix("* 9 bytes of the client are missing") })
    #expect(outcome.session?.flag("isComplete") == false)
  }
}
