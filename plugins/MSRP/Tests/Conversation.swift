import DecoderKit
import DecoderTesting
import Foundation
import MSRPDecoder
import Testing

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 2_855))

func client(_ parts: String...) -> ConversationStep { .bytes(Array(parts.joined().utf8), from: .initiator) }
func server(_ parts: String...) -> ConversationStep { .bytes(Array(parts.joined().utf8), from: .responder) }

func decode(_ steps: [ConversationStep]) -> DecodingOutcome { run(MSRPDecoder(), on: steps, over: connection) }

let alice = "msrp://alice.example:7777/ia;tcp"
let bob = "msrp://bob.example:8888/ib;tcp"

/// A chunk, or a request without one when `body` is nil.
func send(
  _ transaction: String, _ identifier: String, _ range: String, _ body: String?, flag: String = "$",
  type: String = "text/plain", more: [String] = [], method: String = "SEND", isBack: Bool = false
) -> String {
  var lines = [
    "MSRP \(transaction) \(method)", "To-Path: \(isBack ? alice : bob)", "From-Path: \(isBack ? bob : alice)",
    "Message-ID: \(identifier)", "Byte-Range: \(range)",
  ]
  lines += more
  if let body { lines += ["Content-Type: \(type)", "", body] }
  return (lines + ["-------\(transaction)\(flag)", ""]).joined(separator: "\r\n")
}

func answer(_ transaction: String, _ status: String = "200 OK") -> String {
  ["MSRP \(transaction) \(status)", "To-Path: \(alice)", "From-Path: \(bob)", "-------\(transaction)$", ""]
    .joined(separator: "\r\n")
}

extension DecodingOutcome {
  var messages: [EmittedRecord] { all("msrp/message") }
  var session: EmittedRecord? { all("msrp/session").first }
  /// What messages carried.
  var carried: [Content] { contents.filter { $0.description.role == "msrp message" } }
  /// The transcript without explanations and times.
  var transcript: [String] {
    (contents.first { $0.description.isComputed }?.text ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }.map
    {
      String($0.drop { $0 != " " }.dropFirst())
    }
  }
}

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
