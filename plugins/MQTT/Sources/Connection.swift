import DecoderKit

/// What CONNECT and CONNACK tell of a connection (MQTT 5.0, 3.1 and 3.2).
struct Connection {
  /// Properties stand in packets from this level on.
  static let levelOfProperties = 5

  var level: Int?
  var isBridge = false
  var clientID: [UInt8]?
  var user: [UInt8]?
  var hasPassword = false
  var keepAlive: Int?
  var isClean = false
  var will: Will?
  /// The artefact of the will's payload.
  var willHash: ContentHash?
  var properties = PacketProperties()
  // CONNACK
  var status: UInt8?
  var isSessionPresent = false
  var answerProperties = PacketProperties()

  struct Will {
    let topic: [UInt8]
    let payload: [UInt8]
    let qualityOfService: Int
    let isRetained: Bool
    let properties: PacketProperties
  }

  var hasProperties: Bool { (level ?? 0) >= Self.levelOfProperties }

  /// Reads the body of CONNECT; what was read before an error stays.
  mutating func takeConnect(_ reader: inout ByteReader) throws(ReadError) {
    _ = try BodyReading.binary(&reader, "protocol name")
    let level: UInt8 = try reader.read("protocol level")
    // Mosquitto's bridges mark themselves by the highest bit.
    isBridge = level & 0x80 != 0
    self.level = Int(level & 0x7f)
    let flags: UInt8 = try reader.read("connect flags")
    isClean = flags & 0x02 != 0
    keepAlive = Int(try reader.read(UInt16.self, "keep alive"))
    if hasProperties { properties = try PacketProperties(&reader) }
    clientID = try BodyReading.binary(&reader, "client identifier")
    if flags & 0x04 != 0 {
      let properties = hasProperties ? try PacketProperties(&reader) : PacketProperties()
      let topic = try BodyReading.binary(&reader, "will topic")
      let payload = try BodyReading.binary(&reader, "will payload")
      will = Will(
        topic: topic, payload: payload, qualityOfService: Int(flags >> 3 & 3), isRetained: flags & 0x20 != 0,
        properties: properties)
    }
    if flags & 0x80 != 0 { user = try BodyReading.binary(&reader, "user name") }
    if flags & 0x40 != 0 {
      hasPassword = true
      _ = try BodyReading.binary(&reader, "password")
    }
    guard reader.remaining == 0 else { throw ReadError(.malformed, at: reader.offset, reading: "end of the packet") }
  }

  mutating func takeConnack(_ reader: inout ByteReader) throws(ReadError) {
    let flags: UInt8 = try reader.read("acknowledge flags")
    isSessionPresent = flags & 1 != 0
    status = try reader.read("return code")
    // Without CONNECT the length tells: before version 5 nothing follows.
    if level == nil { level = reader.remaining > 0 ? 5 : nil }
    if hasProperties, reader.remaining > 0 { answerProperties = try PacketProperties(&reader) }
  }

  /// The client's identifier, or the one that the server gives it.
  var name: [UInt8]? {
    let assigned = answerProperties.first("assignedClientIdentifier")
    return clientID?.isEmpty == false ? clientID : assigned ?? clientID
  }

  /// The version by its name.
  var version: String? {
    switch level {
    case 3: "3.1"
    case 4: "3.1.1"
    case 5: "5.0"
    case let level?: "level \(level)"
    case nil: nil
    }
  }

  var hasSecret: Bool { hasPassword || properties.hasSecret }

  func place(in fields: inout Fields) {
    if let version { fields.set("version", version) }
    if let clientID { fields.set("clientID", wire: clientID) }
    if let assigned = answerProperties.first("assignedClientIdentifier") {
      fields.set("assignedClientID", wire: assigned)
    }
    if let user { fields.set("user", wire: user) }
    if hasPassword { fields.set("password", wire: WithheldSecret.mark) }
    if let method = properties.first("authenticationMethod") { fields.set("mechanism", wire: method) }
    if let keepAlive {
      fields.set("keepAliveSeconds", keepAlive)
      fields.set("isClean", isClean)
      fields.set("isBridge", isBridge)
    }
    if let will {
      fields.set("willTopic", wire: will.topic)
      if let text = PayloadText.text(will.payload) { fields.set("willText", text) }
      if let willHash { fields.set("willSha256", willHash.hex) }
      fields.set("willQualityOfService", will.qualityOfService)
      fields.set("isWillRetained", will.isRetained)
      if !will.properties.entries.isEmpty { fields.set("willProperties", will.properties.value) }
    }
    if !properties.entries.isEmpty { fields.set("properties", properties.value) }
    guard let status else { return }
    fields.set("status", status)
    let reason = hasProperties ? ReasonCode.name(status, of: .connack) : ReasonCode.connection(status)
    if let reason { fields.set("reason", reason) }
    fields.set("isSessionPresent", isSessionPresent)
    if !answerProperties.entries.isEmpty { fields.set("serverProperties", answerProperties.value) }
  }
}

/// Payloads that are text.
enum PayloadText {
  /// A longer payload stands in its artefact only.
  static let maximumByteCount = 4_096

  /// Nil when it is no UTF-8, has control characters but tabs and ends of lines, or is empty or too long.
  static func text(_ bytes: [UInt8]) -> String? {
    guard !bytes.isEmpty, bytes.count <= maximumByteCount,
      bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 9 || $0 == 10 || $0 == 13 })
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
