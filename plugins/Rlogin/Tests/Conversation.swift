import DecoderKit
import DecoderTesting
import Foundation
import RloginDecoder
import Testing

let connection = carrier(port: 513)

func carrier(port: UInt16) -> DecodingContext.Carrier {
  .tcp(
    initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 1_023),
    responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: port))
}

func client(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .initiator) }
func server(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .responder) }
func client(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .initiator) }
func server(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .responder) }

/// What a client begins with.
let names = client("\0robin\0wren\0xterm/38400\0")

func decode(_ steps: [ConversationStep]) -> DecodingOutcome { run(RloginDecoder(), on: steps, over: connection) }

extension DecodingOutcome {
  /// The lines as the transcript marks them.
  var dialogue: [String] {
    all("rlogin/line").map { ($0.text("speaker") == "client" ? "> " : "< ") + ($0.text("text") ?? "") }
  }
  var session: EmittedRecord? { all("rlogin/session").first }
}

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
