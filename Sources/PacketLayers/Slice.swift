public import EvidenceModel

/// One of 256 parts of an original's packets, chosen by the innermost address pair, the same on every machine.
///
/// Both directions, all ports and all protocols between two hosts fall into one slice. Packets without IP belong to slice 0.
/// The hash is not keyed: slices only divide work. All is modulo 2^64, `>>` shifts in zeros. For each address, with its two
/// words in network order (an IPv4 address in the lower word): m = high * 0x9E3779B97F4A7C15 ^ low * 0xC2B2AE3D27D4EB4F,
/// then h = (m ^ m >> 29) * 0xBF58476D1CE4E5B9, then h ^ h >> 32. The slice is the upper byte of (h1 + h2) * 0x9E3779B97F4A7C15.
public struct Slice: Hashable, Sendable {
  public static let count = 256
  public let number: UInt8
  @inlinable public init(_ number: UInt8) { self.number = number }

  /// The slice of a pair of addresses, whichever comes first.
  @inlinable public init(_ first: InternetAddress, _ second: InternetAddress) {
    let one = Self.mix(first)
    let two = Self.mix(second)
    number = UInt8(truncatingIfNeeded: ((one &+ two) &* 0x9e37_79b9_7f4a_7c15) >> 56)
  }

  /// The slice of a packet.
  @inlinable public init(_ view: PacketView) {
    self = view.hasAddresses ? Slice(view.source, view.destination) : Slice(0)
  }

  @inlinable static func mix(_ address: InternetAddress) -> UInt64 {
    let (high, low) = address.words
    let mixed = (high &* 0x9e37_79b9_7f4a_7c15) ^ (low &* 0xc2b2_ae3d_27d4_eb4f)
    let hash = (mixed ^ (mixed >> 29)) &* 0xbf58_476d_1ce4_e5b9
    return hash ^ (hash >> 32)
  }
}
