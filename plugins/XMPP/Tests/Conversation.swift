import DecoderKit
import DecoderTesting
import Foundation
import Testing
import XMPPDecoder

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 5_222))

func client(_ lines: String...) -> ConversationStep {
  .bytes(Array((lines.joined()).utf8), from: .initiator)
}
func server(_ lines: String...) -> ConversationStep {
  .bytes(Array((lines.joined()).utf8), from: .responder)
}

func decode(_ steps: [ConversationStep]) -> DecodingOutcome { run(XMPPDecoder(), on: steps, over: connection) }

extension DecodingOutcome {
  var said: [EmittedRecord] { all("xmpp/message") }
  var offers: [EmittedRecord] { all("xmpp/offer") }
  var transfers: [EmittedRecord] { all("xmpp/transfer") }
  var session: EmittedRecord? { all("xmpp/session").first }
}

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
