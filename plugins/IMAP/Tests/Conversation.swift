import DecoderKit
import DecoderTesting
import Foundation
import IMAPDecoder
import Testing

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 143))

func client(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .initiator) }
func server(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .responder) }

func decode(_ steps: ConversationStep...) -> DecodingOutcome { run(IMAPDecoder(), on: steps, over: connection) }

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
