import ByteReading

/// The file header of a classic capture (draft-ietf-opsawg-pcap).
struct PcapHeader: Hashable, Sendable {
  static let byteCount = 24

  let isLittleEndian: Bool
  let scale: TimeScale
  let majorVersion: UInt16
  let minorVersion: UInt16
  let snapLength: UInt32
  /// Where libpcap cuts records: 0 and absurd values mean its largest packet.
  var effectiveSnapLength: UInt32 {
    snapLength == 0 || snapLength > UInt32(Int32.max) ? CaptureReader.maximumLength(ofLinkType: linkType) : snapLength
  }
  let linkType: UInt16
  /// Bytes of frame check sequence at the end of each packet, when the header says so; it counts in 16-bit words.
  let checkSequenceLength: UInt8?

  /// Whether the first four bytes are a magic number of a pcap file, supported or not.
  static func isMagic(_ bytes: RawSpan) -> Bool { Magic(bytes) != nil }

  private struct Magic {
    let isLittleEndian: Bool
    let value: UInt32

    init?(_ bytes: RawSpan) {
      var reader = ByteReader(bytes)
      guard let big = try? reader.read(UInt32.self, "magic number") else { return nil }
      if Self.known.contains(big) {
        isLittleEndian = false
        value = big
      } else if Self.known.contains(big.byteSwapped) {
        isLittleEndian = true
        value = big.byteSwapped
      } else {
        return nil
      }
    }

    static let microseconds: UInt32 = 0xa1b2_c3d4
    static let nanoseconds: UInt32 = 0xa1b2_3c4d
    /// Alexey Kuznetzov's patched libpcap.
    static let kuznetzov: UInt32 = 0xa1b2_cd34
    /// Two more patched formats whose records differ.
    static let others: [UInt32] = [0xa1b2_34cd, 0xa12b_3c4d]
    static let known = Set([microseconds, nanoseconds, kuznetzov] + others)
  }

  init(_ bytes: RawSpan) throws(CaptureFault) {
    guard let magic = Magic(bytes) else {
      throw CaptureFault(.unknownFormat, at: 0, "no magic number of a pcap file")
    }
    switch magic.value {
    case Magic.microseconds: scale = TimeScale(ticksPerSecond: 1_000_000)
    case Magic.nanoseconds: scale = TimeScale(ticksPerSecond: 1_000_000_000)
    case Magic.kuznetzov:
      throw CaptureFault(
        .unsupportedFormat, at: 0,
        "this is a modified pcap file (magic number a1b2cd34, Kuznetzov's patch); convert it with `editcap -F pcap`")
    default:
      throw CaptureFault(
        .unsupportedFormat, at: 0,
        "this is a variant of pcap (magic number \(String(magic.value, radix: 16))); convert it with `editcap -F pcap`")
    }
    isLittleEndian = magic.isLittleEndian
    var reader = OrderedReader(bytes, isLittleEndian: magic.isLittleEndian)
    do throws(ReadError) {
      try reader.skip(4, "magic number")
      majorVersion = try reader.read("major version")
      minorVersion = try reader.read("minor version")
      try reader.skip(8, "time zone and accuracy")
      snapLength = try reader.read("snap length")
      let network: UInt32 = try reader.read("link type")
      linkType = UInt16(truncatingIfNeeded: network)
      checkSequenceLength = network & 0x0400_0000 != 0 ? UInt8(network >> 28) * 2 : nil
    } catch {
      throw CaptureFault(.truncated, at: UInt64(error.offset), "the file ends inside its header")
    }
    guard majorVersion == 2 || (majorVersion == 543 && minorVersion == 0) else {
      throw CaptureFault(.unsupportedFormat, at: 4, "pcap version \(majorVersion).\(minorVersion) is not known")
    }
  }
}
