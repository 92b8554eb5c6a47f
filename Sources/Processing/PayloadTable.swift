import CallAssembly
import EvidenceModel
import MediaReading

/// What the payload types of one stream carry, as its packets bring them.
struct PayloadTable {
  private let initial: [UInt8: MediaOffer.Payload]
  private var offered: [UInt8: MediaOffer.Payload]
  private let redefinitions: [UInt8: [PlannedCall.Redefinition]]
  /// The numbers under which the meanings of types that have several stand: that of the type for the one that came first.
  private var numbers: [Meaning: UInt8] = [:]
  private var nextNumber = firstNumber
  private let isEncrypted: Bool
  private(set) var kinds: [UInt8: PayloadKind] = [:]
  /// Names of the encodings in the order of their first packet.
  private(set) var codecs: [String] = []
  /// Hertz of the timestamps: that of the first payload type whose rate is known.
  private(set) var clockRate: UInt32 = 8_000
  private var isRateKnown = false
  /// The payload types that hold copies of others, once they came (RFC 2198).
  private(set) var redundancy: Set<UInt8> = []
  private var last: UInt8?

  /// Meanings of types beyond their first have numbers that no payload type has; a stream may have as many as there are.
  private static let firstNumber: UInt8 = 128
  static let maximumNumber: UInt8 = 253
  private static let beyondNumbers: UInt8 = 254

  private struct Meaning: Hashable {
    let type: UInt8
    /// How many redefinitions held.
    let place: Int
  }

  init(
    offered: [UInt8: MediaOffer.Payload], redefinitions: [PlannedCall.Redefinition] = [], isEncrypted: Bool
  ) {
    initial = offered
    self.offered = offered
    self.redefinitions = Dictionary(grouping: redefinitions, by: \.payload.type)
    self.isEncrypted = isEncrypted
  }

  /// Types of telephone events.
  var events: Set<UInt8> { Set(kinds.filter { $0.value == .event }.keys) }

  /// Types that repeat packets of another stream, and the payload type of those.
  var repairs: [UInt8: UInt8] {
    kinds.compactMapValues { if case .repair(let type) = $0 { type } else { nil } }
  }

  /// Counts as not decoded what repeats packets of a stream that nobody knows.
  mutating func giveUpRepairs() { for type in repairs.keys { kinds[type] = .other("RTX") } }

  /// Takes another format for a payload type than the signalling's.
  mutating func replace(_ type: UInt8, with format: VoiceFormat) { kinds[type] = .audio(format) }

  /// The packet with the number of the meaning that its type had when it was captured.
  mutating func numbered(_ packet: MediaPacket) -> MediaPacket {
    guard let changes = redefinitions[packet.payloadType] else { return packet }
    let holding = changes.lastIndex { $0.holds(at: packet.time, packet.position) }
    let meaning = Meaning(type: packet.payloadType, place: holding.map { $0 + 1 } ?? 0)
    var result = packet
    if let number = numbers[meaning] {
      result.payloadType = number
      return result
    }
    var number = packet.payloadType
    if numbers.contains(where: { $0.value == number }) {
      guard nextNumber <= Self.maximumNumber else {
        result.payloadType = Self.beyondNumbers
        return result
      }
      number = nextNumber
      nextNumber += 1
    }
    numbers[meaning] = number
    offered[number] = holding.map { changes[$0].payload } ?? initial[packet.payloadType]
    result.payloadType = number
    return result
  }

  mutating func take(_ packet: MediaPacket) {
    let type = packet.payloadType
    guard type != last else { return }
    last = type
    guard kinds[type] == nil, !redundancy.contains(type) else { return }
    if type == SecureStream.unopened {
      kinds[type] = .other("encrypted (SRTP)")
      return
    }
    let payload = offered[type].flatMap { $0.encoding.isEmpty ? nil : $0 } ?? .assigned(type)
    let name =
      payload?.encoding ?? (type < Self.firstNumber ? "payload type \(type)" : "payload type with too many meanings")
    let kind = isEncrypted ? .other("encrypted (SRTP)") : Self.kind(payload, name, packet)
    if payload?.encoding == "RED", !isEncrypted {
      redundancy.insert(type)
      if !codecs.contains(name) { codecs.append(name) }
      return
    }
    kinds[type] = kind
    if !codecs.contains(name) { codecs.append(name) }
    if !isRateKnown, let payload, payload.clockRate > 0, kind != .event {
      clockRate = payload.clockRate
      isRateKnown = true
    }
  }

  private static func kind(_ payload: MediaOffer.Payload?, _ name: String, _ packet: MediaPacket) -> PayloadKind {
    guard let payload else { return .other(name) }
    switch payload.encoding {
    case "CN": return .comfortNoise
    case "TELEPHONE-EVENT", "TONE": return .event
    case "RTX":
      guard let type = Retransmission.type(repeatedBy: payload) else { break }
      return .repair(type)
    default: break
    }
    if let format = VideoFormat(payload) { return .video(format) }
    guard let format = VoiceFormat(payload) else { return .other(name) }
    return .audio(format.settled(byPayloadOf: Int(packet.payloadLength)))
  }
}
