import DecoderKit
import DecoderTesting
import Foundation
import IRCDecoder
import Testing

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 6_667))

func client(_ lines: String...) -> ConversationStep {
  .bytes(Array((lines.joined(separator: "\r\n") + "\r\n").utf8), from: .initiator)
}
func server(_ lines: String...) -> ConversationStep {
  .bytes(Array((lines.joined(separator: "\r\n") + "\r\n").utf8), from: .responder)
}

func decode(_ steps: [ConversationStep]) -> DecodingOutcome { run(IRCDecoder(), on: steps, over: connection) }

extension DecodingOutcome {
  var said: [EmittedRecord] { all("irc/message") }
  var commands: [EmittedRecord] { all("irc/command") }
  var offers: [EmittedRecord] { all("irc/offer") }
  var session: EmittedRecord? { all("irc/session").first }
}

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
