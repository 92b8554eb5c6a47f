/// Where a packet stands: the number of its original and its number in there.
///
/// Both count from 1; `packet` is the same number as Wireshark's `frame.number`. Limits: 65,535 originals, 2^40 packets each.
public struct PacketPosition: Hashable, Comparable, Sendable {
  /// The original in the upper 16 bits of 56, the packet in the lower 40.
  public let rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(original: UInt16, packet: UInt64) {
    rawValue = UInt64(original) << 40 | (packet & 0xff_ffff_ffff)
  }

  @inlinable public var original: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 40) }
  @inlinable public var packet: UInt64 { rawValue & 0xff_ffff_ffff }

  @inlinable public static func < (left: Self, right: Self) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension PacketPosition: CustomStringConvertible {
  public var description: String { "\(OriginalName(original)) packet \(packet)" }
}

/// The generated name of an original: `O-0001` for the first of a run.
public struct OriginalName: Hashable, Sendable, CustomStringConvertible {
  public let number: UInt16
  public init(_ number: UInt16) { self.number = number }

  public var description: String {
    var digits: [UInt8] = []
    digits.appendDecimal(Int64(number), width: 4)
    return "O-" + String(decoding: digits, as: UTF8.self)
  }
}
