import EvidenceModel
import MediaReading

/// What the payload types of one stream carry, as its packets bring them.
struct PayloadTable {
  private let offered: [UInt8: MediaOffer.Payload]
  private let isEncrypted: Bool
  private(set) var kinds: [UInt8: PayloadKind] = [:]
  /// Names of the encodings in the order of their first packet.
  private(set) var codecs: [String] = []
  /// Hertz of the timestamps: that of the first payload type whose rate is known.
  private(set) var clockRate: UInt32 = 8_000
  private var isRateKnown = false
  /// The payload type that holds copies of others, once it came (RFC 2198).
  private(set) var redundancy: UInt8?

  init(offered: [UInt8: MediaOffer.Payload], isEncrypted: Bool) {
    self.offered = offered
    self.isEncrypted = isEncrypted
  }

  /// Types of telephone events.
  var events: Set<UInt8> { Set(kinds.filter { $0.value == .event }.keys) }

  /// Takes another format for a payload type than the signalling's.
  mutating func replace(_ type: UInt8, with format: VoiceFormat) { kinds[type] = .audio(format) }

  mutating func take(_ packet: MediaPacket) {
    let type = packet.payloadType
    guard kinds[type] == nil, type != redundancy else { return }
    if type == SecureStream.unopened {
      kinds[type] = .other("encrypted (SRTP)")
      return
    }
    let payload = offered[type].flatMap { $0.encoding.isEmpty ? nil : $0 } ?? .assigned(type)
    let name = payload?.encoding ?? "payload type \(type)"
    let kind = isEncrypted ? .other("encrypted (SRTP)") : Self.kind(payload, name, packet)
    if payload?.encoding == "RED", !isEncrypted {
      redundancy = type
      codecs.append(name)
      return
    }
    kinds[type] = kind
    codecs.append(name)
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
    default: break
    }
    guard let format = VoiceFormat(payload) else { return .other(name) }
    return .audio(format.settled(byPayloadOf: Int(packet.payloadLength)))
  }
}
