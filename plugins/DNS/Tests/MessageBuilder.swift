import DNSDecoder
import DecoderKit
import DecoderTesting
import Foundation
import Testing

func carrier(_ port: UInt16, isStream: Bool = false) -> DecodingContext.Carrier {
  let initiator = Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000)
  let responder = Endpoint(InternetAddress(version4: 0xc633_6407), port: port)
  return isStream
    ? .tcp(initiator: initiator, responder: responder) : .udp(initiator: initiator, responder: responder)
}

/// Builds messages for tests.
struct MessageBuilder {
  var bytes: [UInt8]

  init(flags: UInt16 = 0x0100, _ counts: (UInt8, UInt8, UInt8, UInt8) = (1, 0, 0, 0)) {
    bytes = [0x12, 0x34, UInt8(flags >> 8), UInt8(flags & 0xff), 0, counts.0, 0, counts.1, 0, counts.2, 0, counts.3]
  }

  static func name(_ text: String) -> [UInt8] {
    text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }

  func question(_ name: String, _ type: UInt16 = 1, _ number: UInt16 = 1) -> Self {
    adding(Self.name(name) + Self.short(type) + Self.short(number))
  }

  func record(_ name: [UInt8], _ type: UInt16, _ data: [UInt8], number: UInt16 = 1, ttl: UInt16 = 60) -> Self {
    adding(
      name + Self.short(type) + Self.short(number) + [0, 0] + Self.short(ttl) + Self.short(UInt16(data.count)) + data)
  }

  func adding(_ more: [UInt8]) -> Self {
    var copy = self
    copy.bytes += more
    return copy
  }

  static func short(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

  /// The message behind its length, as in a stream.
  var framed: [UInt8] { Self.short(UInt16(bytes.count)) + bytes }
}

func decode(_ bytes: [UInt8], port: UInt16 = 53, from side: Side = .initiator) -> DecodingOutcome {
  run(DNSDecoder(), on: [.bytes(bytes, from: side)], over: carrier(port))
}

extension DecodingOutcome.EmittedRecord {
  /// The entries of a section.
  func section(_ name: String) -> [Fields] {
    list(name).compactMap { if case .object(let entry) = $0 { entry } else { nil } }
  }

  /// The data of the first answer.
  var data: String? {
    if case .text(let text) = section("answers").first?["data"] { text } else { nil }
  }
}

func sampleLines(_ name: String, _ type: String) throws -> [Substring] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: type, subdirectory: "Samples"))
  return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
}
