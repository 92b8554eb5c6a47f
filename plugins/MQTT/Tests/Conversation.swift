import DecoderKit
import DecoderTesting
import Foundation
import MQTTDecoder
import Testing

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 1_883))

func client(_ packets: [UInt8]...) -> ConversationStep { .bytes(Array(packets.joined()), from: .initiator) }
func server(_ packets: [UInt8]...) -> ConversationStep { .bytes(Array(packets.joined()), from: .responder) }

func decode(_ steps: [ConversationStep]) -> DecodingOutcome { run(MQTTDecoder(), on: steps, over: connection) }

/// A control packet: its first byte, its length, its body.
func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] { [first] + variable(body.count) + body }

func variable(_ value: Int) -> [UInt8] {
  var value = value
  var out: [UInt8] = []
  repeat {
    out.append(UInt8(value & 0x7f) | (value > 0x7f ? 0x80 : 0))
    value >>= 7
  } while value > 0
  return out
}

/// A text with its length.
func text(_ text: String) -> [UInt8] {
  [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xff)] + Array(text.utf8)
}

func properties(_ list: [UInt8]...) -> [UInt8] {
  let all = Array(list.joined())
  return variable(all.count) + all
}

func connect(level: UInt8 = 4, flags: UInt8 = 2, _ rest: [UInt8] = text("pier")) -> [UInt8] {
  packet(0x10, text(level == 3 ? "MQIsdp" : "MQTT") + [level, flags, 0, 60] + rest)
}

func publish(_ topic: String, _ payload: String, flags: UInt8 = 0, _ between: [UInt8] = []) -> [UInt8] {
  packet(0x30 | flags, text(topic) + between + Array(payload.utf8))
}

extension DecodingOutcome {
  var messages: [EmittedRecord] { all("mqtt/message") }
  var commands: [EmittedRecord] { all("mqtt/command") }
  var session: EmittedRecord? { all("mqtt/session").first }
  /// The payloads.
  var payloads: [Content] { contents.filter { $0.description.role == "mqtt payload" } }
}

/// Reads a sample: a line for each segment, `>` from the client and `<` from the server.
func conversation(_ name: String) throws -> [ConversationStep] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversation", subdirectory: "Samples"))
  return try SampleText.steps(String(contentsOf: file, encoding: .utf8))
}
