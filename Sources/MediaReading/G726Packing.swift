import ByteReading
import EvidenceModel

/// Which end of a byte a stream's G.726 codes begin at: senders disagree with the names that they use.
///
/// RFC 3551, 4.5.4 puts the first code in the lowest bits, ITU-T I.366.2 (AAL2) in the highest; many programs send the latter under
/// the former's name. Read the wrong way round, codes become noise, whose samples differ more from one to the next.
public struct G726Packing: Sendable {
  /// The format that fits the payloads.
  public let format: VoiceFormat
  /// Mean square of the differences between successive samples, in thousandths of that of the samples, read as named.
  public let namedRoughness: Int64
  /// The same when read the other way.
  public let otherRoughness: Int64

  /// Packets that are looked at.
  static let maximumPackets = 250
  /// Fewer samples than these prove nothing.
  static let minimumSamples = 4_000

  /// Nil when the payloads fit the name, or are too few or too quiet to tell.
  ///
  /// The other way must be less rough by a fifth at least. `originals` gives an open descriptor for each original.
  public init?(_ analysis: StreamAnalysis, type: UInt8, format: VoiceFormat, originals: [UInt16: Int32]) {
    guard case .g726(let bits, let isLittleEndian) = format.coding else { return nil }
    let other = format.with(.g726(bits: bits, isLittleEndian: !isLittleEndian))
    let source = PayloadSource(originals)
    let packets = analysis.placed.lazy.map(\.packet).filter { $0.payloadType == type }.prefix(Self.maximumPackets)
    guard let named = Self.roughness(Array(packets), format, source),
      let turned = Self.roughness(Array(packets), other, source), turned < named / 5 * 4
    else { return nil }
    self.format = other
    namedRoughness = named
    otherRoughness = turned
  }

  private static func roughness(_ packets: [MediaPacket], _ format: VoiceFormat, _ source: PayloadSource) -> Int64? {
    guard let decoder = VoiceDecoder(format) else { return nil }
    var samples: [Int16] = []
    for packet in packets {
      _ = source.read(packet.payloadFile, packet.payloadOffset, Int(packet.payloadLength)) { bytes in
        _ = decoder.decode(bytes.array()[...], into: &samples)
      }
    }
    guard samples.count >= minimumSamples else { return nil }
    let power = samples.reduce(Int64(0)) { $0 + Int64($1) * Int64($1) }
    let differences = zip(samples, samples.dropFirst()).reduce(Int64(0)) { sum, pair in
      let step = Int64(pair.1) - Int64(pair.0)
      return sum + step * step
    }
    // Silence of a line has a power of a few units.
    guard power / Int64(samples.count) > 1_000 else { return nil }
    return differences.scaled(1_000, power)
  }
}
