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
    var properties = PacketProperties()
    if hasProperties {
      let beginning = reader.offset
      do throws(ReadError) { properties = try PacketProperties(&reader) } catch {
        // The block was shown to its end, or reaches beyond the packet: more bytes change nothing.
        var again = ByteReader(body)
        try again.skip(beginning, "properties")
        let length = try BodyReading.variableLength(&again, "properties' length")
        guard length > again.remaining, length <= header.length - again.offset else {
          throw ReadError(.malformed, at: beginning, reading: "properties")
        }
        throw error
      }
    }
    return Start(topic: topic, identifier: identifier, properties: properties, length: reader.offset)
  }

  /// Whether the topic is UTF-8 without control characters, and empty only where an alias may stand for it;
  /// nil when more bytes are needed to tell.
  static func hasPlausibleTopic(_ header: PacketHeader, _ bytes: RawSpan) -> Bool? {
    var reader = ByteReader(bytes)
    guard (try? reader.skip(header.headerLength, "header")) != nil, let count: UInt16 = try? reader.read("length")
    else { return nil }
    let rest = header.length - 2 - (header.qualityOfService > 0 ? 2 : 0)
    // Behind no topic stand the length of the properties and an alias of three bytes.
    guard Int(count) <= rest, count > 0 || rest >= 4 else { return false }
    guard count > 0 else {
      let start = bytes.extracting(header.headerLength + 2 + (header.qualityOfService > 0 ? 2 : 0)..<bytes.byteCount)
        .extracting(first: 2).array()
      return start.count < 2 ? nil : start[0] >= 3 && [1, 2, 3, 8, 9, 11, 35, 38].contains(start[1])
    }
    let shown = bytes.extracting(header.headerLength + 2..<bytes.byteCount).extracting(first: Int(count)).array()
    guard shown.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != 0x23 && $0 != 0x2b }) else { return false }
    guard shown.count == Int(count) else { return nil }
    return String(validating: shown, as: UTF8.self) != nil
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
