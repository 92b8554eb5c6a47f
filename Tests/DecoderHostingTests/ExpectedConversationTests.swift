import DecoderHosting
import DecoderKit
import Testing

/// `CALL port` and a line end: a conversation to that port of the server is to come.
private struct CallingDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(
    name: "calling", version: "1.0", summary: "",
    kinds: [RecordKind("calling/text", "", [FieldDeclaration("text", .text, "")])])

  final class Purpose {
    let port: UInt16
    init(_ port: UInt16) { self.port = port }
  }

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    bytes.starts(with: "CALL") ? .content : .none
  }
  func makeSession(in context: borrowing DecodingContext) -> Session { Session(purpose: nil) }
  func makeSession(in context: borrowing DecodingContext, expectedFor purpose: AnyObject) -> Session {
    Session(purpose: purpose as? Purpose)
  }

  struct Session: DecodingSession {
    let purpose: Purpose?

    mutating func decode(
      _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
    ) throws(ReadError) -> DecodingProgress {
      let text = String(repairing: bytes)
      guard purpose == nil else {
        try say(text, side, &sink)
        return .consumed(bytes.byteCount)
      }
      for word in text.split(separator: "\n") {
        guard let port = UInt16(word.dropFirst(5)), let client = sink.carrier.endpoint(of: .initiator)?.address,
          let server = sink.carrier.endpoint(of: .responder)?.address
        else { continue }
        let transport: ExpectedConversation.Transport = port < 5_000 ? .udp : .tcp
        let isElsewhere = port == 9_999
        let isTaken = sink.expect(
          ExpectedConversation(
            transport, Endpoint(isElsewhere ? InternetAddress(version4: 77) : server, port: port), with: client),
          for: Purpose(port))
        if !isTaken { try say("no", side, &sink) }
      }
      return .consumed(bytes.byteCount)
    }
    mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
      try say("gap \(gap.byteCount)", side, &sink)
    }
    mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
      if purpose != nil { try say("end", side, &sink) }
    }
    private func say(_ text: String, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
      let port = purpose.map { "\($0.port): " } ?? ""
      try sink.emit("calling/text", ["text": .text(port + text)], from: side, trace: sink.trace)
    }
  }
}

@Suite struct ExpectedConversationTests {
  private let output = Output()

  private func host(_ exclusions: Set<DecoderHost.Exclusion> = []) -> DecoderHost {
    DecoderHost([LineDecoder.self, SureDecoder.self, CallingDecoder.self], exclusions: exclusions, output: output)
  }

  private func streams(_ host: DecoderHost, _ port: UInt16, first: UInt64 = 1) -> HostedStreams {
    HostedStreams(
      host, initiator: Endpoint(InternetAddress(version4: 1), port: 4_000 + UInt16(first)),
      responder: Endpoint(InternetAddress(version4: 2), port: port), hasBeginning: true, at: Stage.packet(first),
      firstPacket: Stage.packet(first).position)
  }

  private func say(_ text: String, _ streams: HostedStreams, _ number: UInt64, from side: Side = .initiator) {
    let bytes = Array(text.utf8)
    // Safe: the view ends with this call.
    unsafe streams.bytes(bytes.span.bytes, from: side, Stage.packet(number))
    streams.account(original: 1, LedgerSum(captured: 60, payload: bytes.count), isCut: false)
  }

  private var texts: [String] { output.texts("calling/text", "text") }

  @Test func givesTheWholeConversationWhateverItsBytesAre() {
    let host = host()
    let caller = streams(host, 25)
    say("CALL 6000\n", caller, 1)
    let called = streams(host, 6_000, first: 2)
    say("LINE of somebody else\n", called, 2, from: .responder)
    called.gap(3, from: .responder, Stage.packet(3))
    say("\u{1}", called, 4)
    called.end(.finished, of: .responder, Stage.packet(5))
    called.finish()
    caller.finish()
    #expect(texts == ["6000: LINE of somebody else\n", "6000: gap 3", "6000: \u{1}", "6000: end"])
    #expect(output.rows["decoded calling"]?.packets == 3)
  }

  @Test func meetsAConversationThatCarriesNothing() {
    let host = host()
    let caller = streams(host, 25)
    say("CALL 6000\n", caller, 1)
    let client = Endpoint(InternetAddress(version4: 1), port: 4_002)
    let server = Endpoint(InternetAddress(version4: 2), port: 6_000)
    #expect(host.expectsStream(client, server) && !host.expectsStream(client, Endpoint(server.address, port: 6_001)))
    let called = streams(host, 6_000, first: 2)
    called.end(.finished, of: .initiator, Stage.packet(2))
    called.finish()
    #expect(texts == ["6000: end"] && !host.expectsStream(client, server))
  }

  @Test func isMetOnceAndForgottenWithItsSession() {
    let host = host()
    let caller = streams(host, 25)
    say("CALL 6000\nCALL 6001\n", caller, 1)
    for first: UInt64 in [2, 3] {
      let called = streams(host, 6_000, first: first)
      say("x", called, first)
      called.finish()
    }
    caller.finish()
    let late = streams(host, 6_001, first: 4)
    say("y", late, 4)
    late.finish()
    #expect(texts == ["6000: x"])
    #expect(output.packets == 4 && output.rows["decoded calling"]?.packets == 2)
  }

  @Test func letsTheOldestGoBeyondTheLimit() {
    let host = host()
    let caller = streams(host, 25)
    for port in 6_000...6_016 { say("CALL \(port)\n", caller, UInt64(port - 5_999)) }
    for port: UInt16 in [6_000, 6_001, 6_016] {
      let called = streams(host, port, first: UInt64(port))
      say("x", called, UInt64(port))
      called.finish()
    }
    #expect(texts == ["6001: x", "6016: x"])
  }

  @Test func refusesWhatIsBetweenOtherHosts() {
    say("CALL 9999\n", streams(host(), 25), 1)
    #expect(texts == ["no"])
  }

  @Test func keepsTheDecoderFromAConversationOnWhichItCrashed() {
    let host = host([.init(decoder: "calling", conversation: Stage.packet(2).position)])
    let caller = streams(host, 25)
    say("CALL 6000\n", caller, 1)
    let called = streams(host, 6_000, first: 2)
    say("LINE one\n", called, 2)
    called.finish()
    #expect(texts.isEmpty && output.texts("line/text", "text") == ["LINE one"])
  }

  @Test func beginsLateOnlyWhereNothingIsLost() {
    let host = host()
    let caller = streams(host, 25)
    let early = streams(host, 6_000, first: 2)
    let gapped = streams(host, 6_001, first: 3)
    say("first ", early, 2)
    say("first ", gapped, 3)
    gapped.gap(5, from: .initiator, Stage.packet(4))
    say("CALL 6000\nCALL 6001\n", caller, 5)
    say("second", early, 6)
    say("second", gapped, 7)
    for one in [early, gapped, caller] { one.finish() }
    #expect(texts == ["6000: first ", "6000: second"])
  }

  @Test func givesDatagramsToo() {
    let host = host()
    let caller = streams(host, 25)
    say("CALL 4444\n", caller, 1)
    let called = HostedDatagrams(
      host, initiator: Endpoint(InternetAddress(version4: 2), port: 4_444),
      responder: Endpoint(InternetAddress(version4: 1), port: 5), at: Stage.packet(2))
    for (number, bytes): (UInt64, [UInt8]) in [(2, [4, 65]), (3, [66])] {
      // Safe: the view ends with this call.
      unsafe called.take(
        bytes.span.bytes, from: .initiator, isCut: false, Stage.packet(number), counted: LedgerSum(packets: 1))
    }
    called.finish()
    #expect(texts == ["4444: \u{4}A", "4444: B"] && output.texts("sure/byte", "value").isEmpty)
  }
}
