import DecoderKit

/// What bodies of packets are made of (MQTT 5.0, 1.5).
enum BodyReading {
  static func binary(_ reader: inout ByteReader, _ field: StaticString) throws(ReadError) -> [UInt8] {
    let count: UInt16 = try reader.read(field)
    return try reader.take(Int(count), field).array()
  }

  static func variableLength(_ reader: inout ByteReader, _ field: StaticString) throws(ReadError) -> Int {
    var value = 0
    // Each turn takes one of at most four bytes.
    for place in 0..<4 {
      let byte: UInt8 = try reader.read(field)
      value |= Int(byte & 0x7f) << (7 * place)
      if byte & 0x80 == 0 { return value }
    }
    throw ReadError(.malformed, at: reader.offset, reading: field)
  }
}

/// The properties of a packet (MQTT 5.0, 2.2.2).
struct PacketProperties {
  /// Properties of a packet that are kept.
  static let maximumKept = 256

  struct Entry {
    let name: String
    /// The name of a user's own property.
    let key: [UInt8]?
    let value: [UInt8]
  }
  private(set) var entries: [Entry] = []
  private(set) var topicAlias: Int?
  private(set) var omittedCount = 0

  init() {}

  init(_ reader: inout ByteReader) throws(ReadError) {
    let length = try BodyReading.variableLength(&reader, "properties' length")
    var inner = ByteReader(try reader.take(length, "properties"))
    // Each turn takes at least one byte.
    while inner.remaining > 0 {
      let identifier = try BodyReading.variableLength(&inner, "property")
      try take(identifier, &inner)
    }
  }

  private enum Form { case byte, two, four, variable, text, binary, pair }

  private static func form(_ identifier: Int) -> (name: String, form: Form)? {
    switch identifier {
    case 1: ("payloadFormatIndicator", .byte)
    case 2: ("messageExpiryInterval", .four)
    case 3: ("contentType", .text)
    case 8: ("responseTopic", .text)
    case 9: ("correlationData", .binary)
    case 11: ("subscriptionIdentifier", .variable)
    case 17: ("sessionExpiryInterval", .four)
    case 18: ("assignedClientIdentifier", .text)
    case 19: ("serverKeepAlive", .two)
    case 21: ("authenticationMethod", .text)
    case 22: ("authenticationData", .binary)
    case 23: ("requestProblemInformation", .byte)
    case 24: ("willDelayInterval", .four)
    case 25: ("requestResponseInformation", .byte)
    case 26: ("responseInformation", .text)
    case 28: ("serverReference", .text)
    case 31: ("reasonString", .text)
    case 33: ("receiveMaximum", .two)
    case 34: ("topicAliasMaximum", .two)
    case 35: ("topicAlias", .two)
    case 36: ("maximumQoS", .byte)
    case 37: ("retainAvailable", .byte)
    case 38: ("userProperty", .pair)
    case 39: ("maximumPacketSize", .four)
    case 40: ("wildcardSubscriptionAvailable", .byte)
    case 41: ("subscriptionIdentifierAvailable", .byte)
    case 42: ("sharedSubscriptionAvailable", .byte)
    default: nil
    }
  }

  private mutating func take(_ identifier: Int, _ reader: inout ByteReader) throws(ReadError) {
    guard let (name, form) = Self.form(identifier) else {
      throw ReadError(.malformed, at: reader.offset, reading: "property")
    }
    let number: Int
    switch form {
    case .byte: number = Int(try reader.read(UInt8.self, "property"))
    case .two: number = Int(try reader.read(UInt16.self, "property"))
    case .four: number = Int(try reader.read(UInt32.self, "property"))
    case .variable: number = try BodyReading.variableLength(&reader, "property")
    case .text, .binary: return keep(name, nil, try BodyReading.binary(&reader, "property"))
    case .pair:
      let key = try BodyReading.binary(&reader, "property's name")
      return keep(name, key, try BodyReading.binary(&reader, "property"))
    }
    if identifier == 35 { topicAlias = number }
    keep(name, nil, Array(String(number).utf8))
  }

  private mutating func keep(_ name: String, _ key: [UInt8]?, _ value: [UInt8]) {
    guard entries.count < Self.maximumKept else {
      omittedCount += 1
      return
    }
    // What authenticates (SASL and its like) is withheld.
    entries.append(
      Entry(name: name, key: key, value: name == "authenticationData" ? WithheldSecret.mark : value))
  }

  func first(_ name: String) -> [UInt8]? { entries.first { $0.name == name }?.value }

  var hasSecret: Bool { first("authenticationData") != nil }

  var value: Value {
    .list(
      entries.map { entry in
        var fields: Fields = ["name": .text(entry.name)]
        if let key = entry.key { fields.set("key", wire: key) }
        fields.set("value", wire: entry.value)
        return .object(fields)
      })
  }
}

/// What codes of answers mean.
enum ReasonCode {
  /// The return code of CONNACK before version 5 (MQTT 3.1.1, 3.2.2.3).
  static func connection(_ code: UInt8) -> String? {
    let words = [
      "connection accepted", "unacceptable protocol version", "identifier rejected", "server unavailable",
      "bad user name or password", "not authorized",
    ]
    return words.indices.contains(Int(code)) ? words[Int(code)] : nil
  }

  /// The return code of SUBACK before version 5 (MQTT 3.1.1, 3.9.3).
  static func subscription(_ code: UInt8) -> String? {
    code < 3 ? "granted QoS \(code)" : code == 0x80 ? "failure" : nil
  }

  /// Reason codes (MQTT 5.0, 2.4).
  static func name(_ code: UInt8, of kind: PacketHeader.Kind) -> String? {
    switch code {
    case 0x00: kind == .disconnect ? "normal disconnection" : kind == .suback ? "granted QoS 0" : "success"
    case 0x01: "granted QoS 1"
    case 0x02: "granted QoS 2"
    case 0x04: "disconnect with will message"
    case 0x10: "no matching subscribers"
    case 0x11: "no subscription existed"
    case 0x18: "continue authentication"
    case 0x19: "re-authenticate"
    case 0x80: "unspecified error"
    case 0x81: "malformed packet"
    case 0x82: "protocol error"
    case 0x83: "implementation specific error"
    case 0x84: "unsupported protocol version"
    case 0x85: "client identifier not valid"
    case 0x86: "bad user name or password"
    case 0x87: "not authorized"
    case 0x88: "server unavailable"
    case 0x89: "server busy"
    case 0x8a: "banned"
    case 0x8b: "server shutting down"
    case 0x8c: "bad authentication method"
    case 0x8d: "keep alive timeout"
    case 0x8e: "session taken over"
    case 0x8f: "topic filter invalid"
    case 0x90: "topic name invalid"
    case 0x91: "packet identifier in use"
    case 0x92: "packet identifier not found"
    case 0x93: "receive maximum exceeded"
    case 0x94: "topic alias invalid"
    case 0x95: "packet too large"
    case 0x96: "message rate too high"
    case 0x97: "quota exceeded"
    case 0x98: "administrative action"
    case 0x99: "payload format invalid"
    case 0x9a: "retain not supported"
    case 0x9b: "QoS not supported"
    case 0x9c: "use another server"
    case 0x9d: "server moved"
    case 0x9e: "shared subscriptions not supported"
    case 0x9f: "connection rate exceeded"
    case 0xa0: "maximum connect time"
    case 0xa1: "subscription identifiers not supported"
    case 0xa2: "wildcard subscriptions not supported"
    default: nil
    }
  }
}
