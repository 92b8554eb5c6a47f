import DecoderKit
import DecoderTesting
import Foundation
import SMBDecoder
import Testing

let connection = DecodingContext.Carrier.tcp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_020a), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc000_0214), port: 445))

func client(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .initiator) }
func server(_ bytes: [UInt8]) -> ConversationStep { .bytes(bytes, from: .responder) }
func decode(_ steps: [ConversationStep]) -> DecodingOutcome { run(SMBDecoder(), on: steps, over: connection) }

func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  (0..<(T.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> T(8 * $0)) }
}
func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
func wide(_ text: String) -> [UInt8] { text.utf16.flatMap { little($0) } }

/// A message of SMB 2 without its prefix; `next` is where the next of a compound begins.
func message(
  _ command: UInt16, _ id: UInt64, isResponse: Bool = false, status: UInt32 = 0, flags: UInt32 = 0, next: UInt32 = 0,
  _ body: [UInt8]
) -> [UInt8] {
  let head = [0xfe] + Array("SMB".utf8) + little(UInt16(64)) + little(UInt16(1)) + little(status) + little(command)
  let marks = little(UInt16(1)) + little((isResponse ? 1 : 0) | flags) + little(next) + little(id)
  return head + marks + little(UInt32(0)) + little(UInt32(7)) + little(UInt64(9)) + zeros(16) + body
}

/// A message with its prefix.
func frame(_ message: [UInt8]) -> [UInt8] {
  [0, UInt8(message.count >> 16), UInt8(message.count >> 8 & 255), UInt8(message.count & 255)] + message
}

func treeConnect(_ id: UInt64, _ path: String) -> [UInt8] {
  message(3, id, little(UInt16(9)) + zeros(2) + little(UInt16(72)) + little(UInt16(path.utf16.count * 2)) + wide(path))
}
func treeConnected(_ id: UInt64, type: UInt8 = 1) -> [UInt8] {
  message(3, id, isResponse: true, little(UInt16(16)) + [type, 0] + zeros(12))
}
func create(_ id: UInt64, _ name: String, next: UInt32 = 0, options: UInt32 = 0) -> [UInt8] {
  let body = little(UInt16(57)) + zeros(34) + little(UInt32(1)) + little(options) + little(UInt16(120))
  return message(5, id, next: next, body + little(UInt16(name.utf16.count * 2)) + zeros(8) + wide(name))
}
func created(_ id: UInt64, size: UInt64, file: UInt64, next: UInt32 = 0) -> [UInt8] {
  let times = little(UInt64(132_000_000_000_000_000)) + zeros(8) + little(UInt64(132_000_000_000_000_010)) + zeros(16)
  let body = little(UInt16(89)) + zeros(2) + little(UInt32(1)) + times + little(size)
  return message(5, id, isResponse: true, next: next, body + zeros(8) + little(file) + little(file) + zeros(8))
}
func read(_ id: UInt64, _ offset: UInt64, file: UInt64) -> [UInt8] {
  message(8, id, little(UInt16(49)) + zeros(6) + little(offset) + little(file) + little(file) + zeros(17))
}
func answer(_ id: UInt64, _ bytes: [UInt8]) -> [UInt8] {
  message(8, id, isResponse: true, little(UInt16(17)) + [80, 0] + little(UInt32(bytes.count)) + zeros(8) + bytes)
}
func write(_ id: UInt64, _ offset: UInt64, file: UInt64, flags: UInt32 = 0, next: UInt32 = 0, _ bytes: [UInt8])
  -> [UInt8]
{
  let body = little(UInt16(49)) + little(UInt16(112)) + little(UInt32(bytes.count)) + little(offset)
  return message(9, id, flags: flags, next: next, body + little(file) + little(file) + zeros(16) + bytes)
}
func written(_ id: UInt64, status: UInt32 = 0) -> [UInt8] {
  message(9, id, isResponse: true, status: status, little(UInt16(17)) + zeros(14))
}
func close(_ id: UInt64, file: UInt64, flags: UInt32 = 0) -> [UInt8] {
  message(6, id, flags: flags, little(UInt16(24)) + zeros(6) + little(file) + little(file))
}
func closed(_ id: UInt64) -> [UInt8] { message(6, id, isResponse: true, little(UInt16(60)) + zeros(58)) }

extension DecodingOutcome {
  func records(_ kind: String) -> [EmittedRecord] { all("smb/\(kind)") }
}

/// Reads a sample's conversations, each by itself: a line for each segment, `>` from the client or `<` from the server.
func conversations(_ name: String) throws -> [[ConversationStep]] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "conversations", subdirectory: "Samples"))
  let steps = try SampleText.conversations(String(contentsOf: file, encoding: .utf8)) {
    .tcp(initiator: $0, responder: $1)
  }
  var order: [DecodingContext.Carrier] = []
  for (carrier, _) in steps where !order.contains(carrier) { order.append(carrier) }
  return order.map { carrier in steps.filter { $0.carrier == carrier }.map(\.step) }
}
