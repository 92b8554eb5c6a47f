import DecoderKit
import DecoderTesting
import FTPDecoder
import Foundation
import Testing

let clientHost = InternetAddress(version4: 0xc000_020a)
let serverHost = InternetAddress(version4: 0xc000_0214)
let controlPort = Endpoint(clientHost, port: 40_000)
let control = DecodingContext.Carrier.tcp(initiator: controlPort, responder: Endpoint(serverHost, port: 21))
/// The connection that the client opens to the server's port 50000.
let passive = DecodingContext.Carrier.tcp(
  initiator: Endpoint(clientHost, port: 40_001), responder: Endpoint(serverHost, port: 50_000))
/// The connection that the server opens to the client's port 50000.
let active = DecodingContext.Carrier.tcp(
  initiator: Endpoint(serverHost, port: 20), responder: Endpoint(clientHost, port: 50_000))

typealias Step = (carrier: DecodingContext.Carrier, step: ConversationStep)

func client(_ lines: String...) -> Step {
  (control, .bytes(Array((lines.joined(separator: "\r\n") + "\r\n").utf8), from: .initiator))
}
func server(_ lines: String...) -> Step {
  (control, .bytes(Array((lines.joined(separator: "\r\n") + "\r\n").utf8), from: .responder))
}
func data(_ text: String, from side: Side, over carrier: DecodingContext.Carrier = passive) -> Step {
  (carrier, .bytes(Array(text.utf8), from: side))
}
func end(_ side: Side, over carrier: DecodingContext.Carrier = passive, _ end: StreamEnd = .finished) -> Step {
  (carrier, .end(end, of: side))
}
let passiveReply = "227 Entering Passive Mode (192,0,2,20,195,80)."

func decode(_ steps: [Step]) -> DecodingOutcome { run(FTPDecoder(), on: steps) }

extension DecodingOutcome {
  var commands: [EmittedRecord] { records.filter { $0.kind == "ftp/command" } }
  var transfers: [EmittedRecord] { records.filter { $0.kind == "ftp/transfer" } }
}

/// Reads a sample: a line for each segment, `>` or `<`, the sender's endpoint, the receiver's, then hexadecimal digits or `end`.
func conversations(_ name: String) throws -> [Step] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversations", subdirectory: "Samples"))
  return try SampleText.conversations(String(contentsOf: file, encoding: .utf8)) {
    .tcp(initiator: $0, responder: $1)
  }
}
