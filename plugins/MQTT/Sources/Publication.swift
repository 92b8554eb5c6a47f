import DecoderKit

/// A message whose payload is being read.
struct Publication {
  let header: PacketHeader
  /// As it stood; empty when the alias stands for it.
  let sentTopic: [UInt8]
  /// Nil when its alias is not known.
  let topic: [UInt8]?
  let identifier: UInt16?
  let properties: PacketProperties
  var handle: ContentHandle?
  /// Bytes of the payload that are still to come.
  var remaining: Int
  var trace: Trace
  /// The beginning of the payload, to show it when it is text.
  var beginning: [UInt8] = []
  var hasGap = false

  mutating func see(_ bytes: RawSpan) {
    let room = PayloadText.maximumByteCount + 1 - beginning.count
    if room > 0 { beginning += bytes.extracting(first: room).array() }
  }

  /// What precedes the payload.
  struct Start {
    let topic: [UInt8]
    let identifier: UInt16?
    let properties: PacketProperties
    let length: Int
  }

  static func start(_ header: PacketHeader, _ body: RawSpan, hasProperties: Bool) throws(ReadError) -> Start {
    var reader = ByteReader(body)
    let topic = try BodyReading.binary(&reader, "topic")
    let identifier: UInt16? = header.qualityOfService > 0 ? try reader.read("packet identifier") : nil
    let properties = hasProperties ? try PacketProperties(&reader) : PacketProperties()
    return Start(topic: topic, identifier: identifier, properties: properties, length: reader.offset)
  }

  /// The fields of its record, and its line of the transcript.
  func summary(_ stored: ContentReference?, isWhole: Bool) -> (fields: Fields, line: [UInt8]) {
    var fields: Fields = [
      "qualityOfService": .integer(Int64(header.qualityOfService)), "isRetained": .boolean(header.isRetained),
      "isRetransmission": .boolean(header.isRepeated), "byteCount": .integer(Int64(stored?.byteCount ?? 0)),
      "isComplete": .boolean(isWhole),
    ]
    if let topic { fields.set("topic", wire: topic) }
    if let alias = properties.topicAlias { fields.set("topicAlias", alias) }
    if let identifier { fields.set("transactionID", identifier) }
    if let type = properties.first("contentType") { fields.set("mediaType", wire: type) }
    if !properties.entries.isEmpty { fields.set("properties", properties.value) }
    if let stored { fields.set("sha256", stored.hash.hex) }
    var line = Array("PUBLISH ".utf8) + (topic ?? Array("(alias \(properties.topicAlias ?? 0))".utf8))
    line += " QoS \(header.qualityOfService)".utf8
    if header.isRetained { line += ", retained".utf8 }
    if header.isRepeated { line += ", repeated".utf8 }
    line.append(0x3a)
    line.append(0x20)
    if isWhole, let text = PayloadText.text(beginning), beginning.count == stored?.byteCount {
      fields.set("text", text)
      line += text.utf8
    } else if let stored {
      line += "[\(stored.byteCount) bytes, SHA-256 \(stored.hash.hex)]".utf8
    } else {
      line += "[no payload]".utf8
    }
    return (fields, line)
  }
}
