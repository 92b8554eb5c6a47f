import DecoderKit
import DecoderTesting
import Foundation
import SMTPDecoder
import Testing

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 25))

func client(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .initiator) }
func server(_ text: String) -> ConversationStep { .bytes(Array(text.utf8), from: .responder) }

func decode(_ steps: ConversationStep...) -> DecodingOutcome { run(SMTPDecoder(), on: steps, over: connection) }

func text(_ content: DecodingOutcome.Content) -> String { String(decoding: content.bytes, as: UTF8.self) }

extension DecodingOutcome.EmittedRecord {
  func text(_ name: String) -> String? {
    if case .text(let text) = fields[name] { text } else { nil }
  }
  func number(_ name: String) -> Int64? {
    if case .integer(let number) = fields[name] { number } else { nil }
  }
  func flag(_ name: String) -> Bool? {
    if case .boolean(let flag) = fields[name] { flag } else { nil }
  }
}

extension DecodingOutcome {
  var codes: [String] { findings.map(\.code) }
  func all(_ kind: String) -> [EmittedRecord] { records.filter { $0.kind == kind } }
}

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
    .bytes(try #require(Hexadecimal.decode(line.dropFirst(2))), from: line.hasPrefix(">") ? .initiator : .responder)
  }
}
