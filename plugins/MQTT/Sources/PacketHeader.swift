import DecoderKit

/// The fixed header of a control packet (MQTT 5.0, 2.1).
struct PacketHeader: Hashable {
  enum Kind: UInt8 {
    case connect = 1
    case connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback, pingreq, pingresp,
      disconnect
    case auth

    /// The name that the standard gives it.
    var name: String {
      let names = [
        "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE",
        "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
      ]
      return names[Int(rawValue) - 1]
    }

    /// Who sends it: true for the client, false for the server, nil for both.
    var isClients: Bool? {
      switch self {
      case .connect, .subscribe, .unsubscribe, .pingreq: true
      case .connack, .suback, .unsuback, .pingresp: false
      default: nil
      }
    }
  }

  let kind: Kind
  let flags: UInt8
  /// Bytes behind the header.
  let length: Int
  /// Bytes of the header.
  let headerLength: Int

  enum Outcome {
    case header(PacketHeader)
    case needsMore
    /// No packet begins so.
    case malformed
  }

  static func read(_ bytes: RawSpan) -> Outcome {
    var reader = ByteReader(bytes)
    guard let first: UInt8 = try? reader.read("type") else { return .needsMore }
    guard let kind = Kind(rawValue: first >> 4) else { return .malformed }
    var length = 0
    // Each turn takes one of at most four bytes.
    for place in 0..<4 {
      guard let byte: UInt8 = try? reader.read("length") else { return .needsMore }
      length |= Int(byte & 0x7f) << (7 * place)
      if byte & 0x80 == 0 {
        return .header(PacketHeader(kind: kind, flags: first & 0x0f, length: length, headerLength: place + 2))
      }
    }
    return .malformed
  }

  var qualityOfService: Int { Int(flags >> 1 & 3) }
  var isRepeated: Bool { flags & 8 != 0 }
  var isRetained: Bool { flags & 1 != 0 }

  /// Whether its flags are those that the standard asks for (2.1.3; MQTT 3.1 lets SUBSCRIBE, UNSUBSCRIBE and PUBREL be repeated).
  var hasOrderlyFlags: Bool {
    switch kind {
    case .publish: qualityOfService < 3 && (qualityOfService > 0 || !isRepeated)
    case .pubrel, .subscribe, .unsubscribe: flags & ~8 == 2
    default: flags == 0
    }
  }

  /// Whether a packet of its kind can have its length, in any version.
  var isPlausible: Bool {
    guard hasOrderlyFlags else { return false }
    return switch kind {
    case .connect: (10...1_048_576).contains(length)
    case .connack: (2...65_536).contains(length)
    case .publish: length >= 2
    case .puback, .pubrec, .pubrel, .pubcomp: (2...65_536).contains(length)
    case .subscribe: (5...1_048_576).contains(length)
    case .suback: (3...65_536).contains(length)
    case .unsubscribe: (4...1_048_576).contains(length)
    case .unsuback: (2...65_536).contains(length)
    case .pingreq, .pingresp: length == 0
    case .disconnect, .auth: length <= 65_536
    }
  }
}
