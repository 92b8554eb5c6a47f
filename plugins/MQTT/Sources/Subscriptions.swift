import DecoderKit

/// Requests for topics that wait for their answer.
struct Subscriptions {
  static let maximumWaiting = 1_024
  /// Topics of a request that are kept.
  static let maximumTopics = 4_096

  struct Request {
    let isSubscribe: Bool
    let identifier: UInt16
    let properties: PacketProperties
    let topics: [(filter: [UInt8], options: UInt8?)]
    let omittedCount: Int
    var trace: Trace
    var codes: [UInt8]?
    var answerProperties = PacketProperties()
  }

  private(set) var waiting: [Request] = []

  static func read(
    _ kind: PacketHeader.Kind, _ reader: inout ByteReader, hasProperties: Bool, _ trace: Trace
  ) throws(ReadError) -> Request {
    let identifier: UInt16 = try reader.read("packet identifier")
    let properties = hasProperties ? try PacketProperties(&reader) : PacketProperties()
    var topics: [(filter: [UInt8], options: UInt8?)] = []
    var omitted = 0
    // Each turn takes at least two bytes.
    while reader.remaining > 0 {
      let filter = try BodyReading.binary(&reader, "topic filter")
      let options: UInt8? = kind == .subscribe ? try reader.read("options") : nil
      if topics.count < maximumTopics { topics.append((filter, options)) } else { omitted += 1 }
    }
    return Request(
      isSubscribe: kind == .subscribe, identifier: identifier, properties: properties, topics: topics,
      omittedCount: omitted, trace: trace)
  }

  /// Adds a request; gives the oldest one back when too many wait.
  mutating func add(_ request: Request) -> Request? {
    waiting.append(request)
    return waiting.count > Self.maximumWaiting ? waiting.removeFirst() : nil
  }

  /// Takes the request that an answer is for.
  mutating func take(_ identifier: UInt16, isSubscribe: Bool) -> Request? {
    guard let place = waiting.firstIndex(where: { $0.identifier == identifier && $0.isSubscribe == isSubscribe })
    else { return nil }
    return waiting.remove(at: place)
  }

  mutating func takeAll() -> [Request] {
    defer { waiting = [] }
    return waiting
  }
}

extension Subscriptions.Request {
  private func reason(_ code: UInt8, hasProperties: Bool) -> String? {
    hasProperties
      ? ReasonCode.name(code, of: isSubscribe ? .suback : .unsuback) : ReasonCode.subscription(code)
  }

  func fields(hasProperties: Bool) -> Fields {
    var fields: Fields = [
      "command": .text(isSubscribe ? "SUBSCRIBE" : "UNSUBSCRIBE"), "transactionID": .integer(Int64(identifier)),
      "isAnswered": .boolean(codes != nil),
    ]
    let list = topics.enumerated().map { place, topic in
      var entry = Fields()
      entry.set("topic", wire: topic.filter)
      if let options = topic.options {
        entry.set("qualityOfService", options & 3)
        if hasProperties {
          entry.set("isNoLocal", options & 4 != 0)
          entry.set("isRetainedAsPublished", options & 8 != 0)
          entry.set("retainHandling", options >> 4 & 3)
        }
      }
      if let codes, codes.indices.contains(place) {
        entry.set("status", codes[place])
        if let reason = reason(codes[place], hasProperties: hasProperties) { entry.set("reason", reason) }
      }
      return Value.object(entry)
    }
    fields.set("topics", .list(list))
    if omittedCount > 0 { fields.set("omittedCount", omittedCount) }
    if !properties.entries.isEmpty { fields.set("properties", properties.value) }
    if !answerProperties.entries.isEmpty { fields.set("serverProperties", answerProperties.value) }
    return fields
  }
}
