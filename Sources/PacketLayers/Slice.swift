public import EvidenceModel

/// One of 256 parts of an original's packets, chosen by the innermost address pair, the same on every machine.
///
/// Both directions, all ports and all protocols between two hosts fall into one slice. Packets without IP belong to slice 0.
/// The hash is not keyed: slices only divide work. For each address, h = high * 0x9E3779B97F4A7C15 ^ low * 0xC2B2AE3D27D4EB4F
/// (mod 2^64; the two words of the address in network order, an IPv4 address in the lower word); the slice is the upper byte of
/// (h1 + h2) * 0x9E3779B97F4A7C15 ^ ((h1 ^ h2) >> 17), its two halves folded.
public struct Slice: Hashable, Sendable {
  public static let count = 256
  public let number: UInt8
  @inlinable public init(_ number: UInt8) { self.number = number }

  /// The slice of a pair of addresses, whichever comes first.
  @inlinable public init(_ first: InternetAddress, _ second: InternetAddress) {
    let one = Self.mix(first)
    let two = Self.mix(second)
    let sum = ((one &+ two) &* 0x9e37_79b9_7f4a_7c15) ^ ((one ^ two) >> 17)
    number = UInt8(truncatingIfNeeded: (sum ^ (sum >> 32)) >> 24)
  }

  /// The slice of a packet.
  @inlinable public init(_ view: PacketView) {
    self = view.hasAddresses ? Slice(view.source, view.destination) : Slice(0)
  }

  @inlinable static func mix(_ address: InternetAddress) -> UInt64 {
    let (high, low) = address.words
    return (high &* 0x9e37_79b9_7f4a_7c15) ^ (low &* 0xc2b2_ae3d_27d4_eb4f)
  }
}
