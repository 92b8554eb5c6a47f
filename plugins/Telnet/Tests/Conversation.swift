import DecoderKit
import DecoderTesting
import Foundation
import TelnetDecoder
import Testing

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 23))

func client(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .initiator) }
func server(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .responder) }
func client(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .initiator) }
func server(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .responder) }

/// What somebody types, each letter echoed by the server.
func typed(_ text: String) -> [ConversationStep] { text.utf8.flatMap { [client([$0]), server([$0])] } }

func decode(_ steps: [ConversationStep]) -> DecodingOutcome { run(TelnetDecoder(), on: steps, over: connection) }

extension DecodingOutcome {
  /// The lines as the transcript marks them.
  var dialogue: [String] {
    all("telnet/line").map { ($0.text("speaker") == "client" ? "> " : "< ") + ($0.text("text") ?? "") }
  }
  var session: EmittedRecord? { all("telnet/session").first }
}

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
