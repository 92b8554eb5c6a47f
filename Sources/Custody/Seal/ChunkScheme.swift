/// Where one chunk of a file ends and the next begins, so that some can be shown and others withheld.
///
/// The scheme is told by the file's first bytes and its name, never by anything outside the file.
enum ChunkScheme: Hashable, Sendable {
  /// pcap: the file header (24 bytes), then each record's header (16 bytes) with its packet.
  case pcapRecord(isBigEndian: Bool)
  /// pcapng: each block.
  case pcapngBlock
  /// WAVE: everything before the samples, then one second each.
  case wavSecond(headerBytes: UInt64, bytesPerSecond: UInt64)
  /// Lines that end in a line feed.
  case line

  /// What an item calls its scheme.
  enum Name: String, Sendable {
    case pcapRecord = "pcap-record"
    case pcapngBlock = "pcapng-block"
    case wavSecond = "wav-1s"
    case line
  }

  var name: Name {
    switch self {
    case .pcapRecord: .pcapRecord
    case .pcapngBlock: .pcapngBlock
    case .wavSecond: .wavSecond
    case .line: .line
    }
  }

  /// First bytes that are looked at.
  static let prefixBytes = 65_536

  /// The scheme of a file by its name and the first `prefixBytes` of it; nil when it has none.
  init?(_ path: String, _ prefix: RawSpan) {
    if path.hasSuffix(".ndjson") {
      self = .line
      return
    }
    switch Self.number(prefix, 0, 4, isBigEndian: true) {
    case 0xa1b2_c3d4, 0xa1b2_3c4d: self = .pcapRecord(isBigEndian: true)
    case 0xd4c3_b2a1, 0x4d3c_b2a1: self = .pcapRecord(isBigEndian: false)
    case 0x0a0d_0d0a: self = .pcapngBlock
    case 0x5249_4646 where Self.number(prefix, 8, 4, isBigEndian: true) == 0x5741_5645:
      guard let wave = Self.wave(prefix) else { return nil }
      self = wave
    default: return nil
    }
  }

  /// Finds the samples of a WAVE file and its bytes a second.
  private static func wave(_ prefix: RawSpan) -> ChunkScheme? {
    var offset = 12
    var rate: UInt64?
    while let name = number(prefix, offset, 4, isBigEndian: true),
      let size = number(prefix, offset + 4, 4, isBigEndian: false)
    {
      if name == 0x666d_7420 { rate = number(prefix, offset + 16, 4, isBigEndian: false) }
      if name == 0x6461_7461 {
        guard let rate, rate > 0 else { return nil }
        return .wavSecond(headerBytes: UInt64(offset) + 8, bytesPerSecond: rate)
      }
      offset += 8 + Int(size) + Int(size & 1)
    }
    return nil
  }

  /// An unsigned number of at most 4 bytes; nil when it reaches beyond the bytes.
  static func number(_ bytes: RawSpan, _ offset: Int, _ count: Int, isBigEndian: Bool) -> UInt64? {
    guard offset >= 0, offset <= bytes.byteCount - count else { return nil }
    var value: UInt64 = 0
    for index in 0..<count {
      let place = isBigEndian ? offset + index : offset + count - 1 - index
      // Safe: the place was checked.
      value = value << 8 | UInt64(unsafe bytes.unsafeLoad(fromUncheckedByteOffset: place, as: UInt8.self))
    }
    return value
  }

  /// Bytes at a chunk's beginning that tell its length.
  func headerBytes(at offset: UInt64) -> Int {
    switch self {
    case .pcapRecord: offset == 0 ? 0 : 16
    case .pcapngBlock: 12
    case .wavSecond, .line: 0
    }
  }

  /// The length of the chunk at `offset` with these bytes of its header; nil when the file does not say: then the rest is one chunk.
  ///
  /// `isBigEndian` is the order of the pcapng section, which a section header block sets.
  func length(at offset: UInt64, _ bytes: RawSpan, isBigEndian: inout Bool) -> UInt64? {
    switch self {
    case .pcapRecord(let isBigEndian):
      if offset == 0 { return 24 }
      return Self.number(bytes, 8, 4, isBigEndian: isBigEndian).map { 16 + $0 }
    case .pcapngBlock:
      if Self.number(bytes, 0, 4, isBigEndian: true) == 0x0a0d_0d0a {
        switch Self.number(bytes, 8, 4, isBigEndian: true) {
        case 0x1a2b_3c4d: isBigEndian = true
        case 0x4d3c_2b1a: isBigEndian = false
        default: return nil
        }
      }
      return Self.number(bytes, 4, 4, isBigEndian: isBigEndian).flatMap { $0 < 12 ? nil : $0 }
    case .wavSecond(let headerBytes, let bytesPerSecond): return offset == 0 ? headerBytes : bytesPerSecond
    case .line: return nil
    }
  }
}
