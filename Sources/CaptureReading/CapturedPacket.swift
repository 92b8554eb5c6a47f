public import EvidenceModel

/// One packet of an original, without its bytes, which the reader shows beside it.
///
/// A pcapng block that is no packet and yet has a `frame.number` in Wireshark (systemd journal, custom and Sysdig blocks)
/// is one as well, with `blockLinkType` and without a time, so that the numbers stay equal.
public struct CapturedPacket: Hashable, Sendable {
  /// Stands for the link type of a block that is no packet; no LINKTYPE_ value.
  public static let blockLinkType: UInt16 = 0xffff

  /// Counts from 1, as Wireshark's `frame.number`.
  public var number: UInt64
  public var time: CaptureTime
  /// Bytes that the original holds.
  public var capturedLength: UInt32
  /// Bytes that were on the wire.
  public var originalLength: UInt32
  /// The offset of the packet's first byte in the original.
  public var dataOffset: UInt64
  /// LINKTYPE_ value of the interface.
  public var linkType: UInt16
  /// The number of its interface over all sections, from 0.
  public var interface: UInt32

  /// Whether it is a block that is no packet; libpcap does not count it.
  @inlinable public var isBlock: Bool { linkType == Self.blockLinkType }

  @inlinable public init(
    number: UInt64, time: CaptureTime, capturedLength: UInt32, originalLength: UInt32, dataOffset: UInt64,
    linkType: UInt16, interface: UInt32
  ) {
    self.number = number
    self.time = time
    self.capturedLength = capturedLength
    self.originalLength = originalLength
    self.dataOffset = dataOffset
    self.linkType = linkType
    self.interface = interface
  }
}

/// Something that a capture file says beside its packets: an interface, a comment, names, statistics.
public struct CaptureFact: Hashable, Sendable {
  /// The kind of record it becomes, such as `capture/interface`.
  public var kind: String
  public var fields: Fields
  /// First and last offset in the original.
  public var bytes: ClosedRange<UInt64>
  /// The packet it speaks of; nil when it speaks of the file.
  public var packet: UInt64?

  public init(_ kind: String, _ fields: Fields, bytes: ClosedRange<UInt64>, packet: UInt64? = nil) {
    self.kind = kind
    self.fields = fields
    self.bytes = bytes
    self.packet = packet
  }
}

/// What reading on brought.
public enum CaptureStep: Sendable {
  case packet(CapturedPacket)
  /// The end, in order or by a fault; nothing follows.
  case end(CaptureFault?)
}
