import EvidenceModel
import Testing

@testable import MediaReading

/// A packet of a stream; number, timestamp and capture time follow from its place unless a test says otherwise.
func packet(
  _ place: Int, sequence: UInt16? = nil, timestamp: UInt32? = nil, at milliseconds: Int64? = nil, type: UInt8 = 8,
  length: UInt16 = 160, timed: Bool = true
) -> MediaPacket {
  MediaPacket(
    time: timed ? CaptureTime(nanoseconds: (milliseconds ?? Int64(place) * 20) * 1_000_000) : .unknown,
    position: PacketPosition(original: 1, packet: UInt64(place + 1)), payloadOffset: UInt64(place) * 160,
    payloadLength: length, sequence: sequence ?? 100 &+ UInt16(truncatingIfNeeded: place),
    timestamp: timestamp ?? 7_000 &+ UInt32(truncatingIfNeeded: place * 160), payloadType: type, marker: false)
}

func packets(_ count: Int) -> [MediaPacket] { (0..<count).map { packet($0) } }

func analyse(_ packets: [MediaPacket], rate: UInt32 = 8_000) -> StreamAnalysis {
  StreamAnalysis(packets, clockRate: rate)
}

extension StreamAnalysis {
  /// The packets' numbers in the original, by place, and where each stands.
  var order: [UInt64] { placed.map(\.packet.position.packet) }
  var positions: [Int64] { placed.map(\.position) }
}

/// The ranges of one stream's time map as `kind from-to packets`.
func map(_ audio: CallAudio, _ stream: Int = 0) -> [String] {
  guard audio.timeMap.indices.contains(stream), case .object(let fields) = audio.timeMap[stream],
    case .list(let ranges) = fields["ranges"]
  else { return [] }
  return ranges.compactMap { range in
    guard case .object(let entry) = range, case .text(let kind) = entry["kind"],
      case .integer(let from) = entry["from"],
      case .integer(let to) = entry["to"]
    else { return nil }
    var text = "\(kind) \(from)-\(to)"
    if case .list(let list) = entry["provenance"], case .object(let home) = list.first,
      case .text(let packets) = home["packets"]
    {
      text += " \(packets)"
    }
    return text
  }
}

/// A call of one stream on the left.
func audio(_ packets: [MediaPacket], rate: UInt32 = 8_000, kinds: [UInt8: PayloadKind] = [8: .aLaw]) -> CallAudio {
  let first = packets.first?.time ?? .unknown
  var audio = CallAudio(start: first)
  audio.add(analyse(packets, rate: rate), track: 0, first: first, kinds: kinds, description: [:])
  audio.settle()
  return audio
}

extension VoiceFormat {
  /// G.711 at 8,000 hertz, by its assigned payload types.
  static let aLaw = VoiceFormat(.assigned(8)!)!
  static let muLaw = VoiceFormat(.assigned(0)!)!
}

extension PayloadKind {
  static let aLaw = audio(.aLaw)
  static let muLaw = audio(.muLaw)
}
