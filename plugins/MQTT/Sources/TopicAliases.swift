import DecoderKit

/// The numbers that one side has given to topics (MQTT 5.0, 3.3.2.3.4).
struct TopicAliases {
  static let maximumCount = 4_096
  static let maximumByteCount = 1 << 20

  private var topics: [Int: [UInt8]] = [:]
  private var byteCount = 0
  /// An alias came that would have been too many.
  private(set) var isFull = false

  /// The topic of a message: its own, which is remembered under its alias, else that of its alias.
  mutating func resolve(_ topic: [UInt8], _ alias: Int?) -> [UInt8]? {
    guard let alias else { return topic }
    guard !topic.isEmpty else { return topics[alias] }
    let former = topics[alias]
    let size = byteCount - (former?.count ?? 0) + topic.count
    guard size <= Self.maximumByteCount, former != nil || topics.count < Self.maximumCount else {
      isFull = true
      topics[alias] = nil
      byteCount -= former?.count ?? 0
      return topic
    }
    topics[alias] = topic
    byteCount = size
    return topic
  }
}
