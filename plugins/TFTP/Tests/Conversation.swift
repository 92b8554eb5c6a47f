import DecoderKit
import DecoderTesting
import Foundation
import TFTPDecoder
import Testing

let clientPort = Endpoint(InternetAddress(version4: 0xc000_020a), port: 40_000)
let serverPort = Endpoint(InternetAddress(version4: 0xc000_0214), port: 69)
let answeringPort = Endpoint(InternetAddress(version4: 0xc000_0214), port: 50_000)
let asking = DecodingContext.Carrier.udp(initiator: clientPort, responder: serverPort)
let answering = DecodingContext.Carrier.udp(initiator: answeringPort, responder: clientPort)

typealias Step = (carrier: DecodingContext.Carrier, step: ConversationStep)

/// A datagram to port 69.
func ask(_ bytes: [UInt8]) -> Step { (asking, .bytes(bytes, from: .initiator)) }
/// A datagram from the port that answers.
func server(_ bytes: [UInt8]) -> Step { (answering, .bytes(bytes, from: .initiator)) }
/// A datagram to the port that answers.
func client(_ bytes: [UInt8]) -> Step { (answering, .bytes(bytes, from: .responder)) }

func request(_ operation: UInt8, _ texts: String...) -> [UInt8] {
  [0, operation] + texts.flatMap { Array($0.utf8) + [0] }
}
func block(_ number: UInt16, _ bytes: [UInt8]) -> [UInt8] {
  [0, 3, UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] + bytes
}
func acknowledgement(_ number: UInt16) -> [UInt8] { [0, 4, UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }
func full(_ byte: UInt8, _ count: Int = 512) -> [UInt8] { [UInt8](repeating: byte, count: count) }

func decode(_ steps: [Step]) -> DecodingOutcome { run(TFTPDecoder(), on: steps) }

/// Reads a sample: a line for each datagram, `>` or `<`, the sender's endpoint, the receiver's, then hexadecimal digits.
func conversations(_ name: String) throws -> [Step] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversations", subdirectory: "Samples"))
  return try SampleText.conversations(String(contentsOf: file, encoding: .utf8)) {
    .udp(initiator: $0, responder: $1)
  }
}
