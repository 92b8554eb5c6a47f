import DecoderKit
import DecoderTesting
import Foundation
import SIPDecoder
import Testing

let aliceEndpoint = Endpoint(InternetAddress(version4: 0xc000_0201), port: 5_060)
let bobEndpoint = Endpoint(InternetAddress(version4: 0xc633_6407), port: 5_062)
let datagrams = DecodingContext.Carrier.udp(initiator: aliceEndpoint, responder: bobEndpoint)
let stream = DecodingContext.Carrier.tcp(initiator: aliceEndpoint, responder: bobEndpoint)

/// A message's bytes: lines with CRLF behind each, an empty line, and the body with its length and type.
func message(_ lines: [String], body: String = "", type: String = "application/sdp") -> [UInt8] {
  var all = lines
  if !body.isEmpty { all.append("Content-Type: \(type)") }
  all.append("Content-Length: \(body.utf8.count)")
  return Array((all.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
}

/// A message within Alice's call to Bob; `from` is who sends the request of this transaction.
func inCall(
  _ startLine: String, _ sequence: String, from caller: Bool = true, toTag: Bool = true, callID: String = "call-1",
  branch: String = "z9hG4bK1", more: [String] = [], body: String = "", type: String = "application/sdp"
) -> [UInt8] {
  let alice = "\"Alice\" <sip:alice@example.org>"
  let bob = "Bob <sip:bob@example.net>"
  return message(
    [
      startLine, "Via: SIP/2.0/UDP 192.0.2.1;branch=\(branch)",
      "From: \(caller ? alice : bob);tag=\(caller ? "a" : "b")",
      "To: \(caller ? bob : alice)\(toTag ? ";tag=\(caller ? "b" : "a")" : "")",
      "Call-ID: \(callID)", "CSeq: \(sequence)",
    ] + more, body: body, type: type)
}

func description(_ address: String, _ port: Int) -> String {
  "v=0\r\no=- 1 1 IN IP4 \(address)\r\ns=-\r\nc=IN IP4 \(address)\r\nt=0 0\r\nm=audio \(port) RTP/AVP 8 0\r\n"
}

func alice(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .initiator) }
func bob(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .responder) }

func decode(_ steps: ConversationStep...) -> DecodingOutcome { run(SIPDecoder(), on: steps, over: datagrams) }
func decodeStream(_ steps: ConversationStep...) -> DecodingOutcome { run(SIPDecoder(), on: steps, over: stream) }

extension DecodingOutcome.EmittedRecord {
  /// The value of the first header of that name.
  func header(_ name: String) -> String? {
    for case .object(let entry) in list("headers") where entry["name"] == .text(name) {
      if case .text(let value) = entry["value"] { return value }
    }
    return nil
  }
}

extension DecodingOutcome {
  var steps: [CallSignal.Step] { signals.map(\.step) }
}

/// Reads a sample: a line for each datagram, `>` from the caller and `<` from the called party, then hexadecimal digits.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
