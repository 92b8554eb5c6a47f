import ByteReading

/// What a pcapng file has declared so far (draft-ietf-opsawg-pcapng).
struct PcapngState {
  /// The section header block's type, the same in both byte orders.
  static let sectionHeaderType: UInt32 = 0x0a0d_0d0a

  var isLittleEndian = true
  /// Sections begun.
  var sectionCount = 0
  /// The interfaces of the current section.
  var interfaces: [PcapngInterface] = []
  /// The interfaces of earlier sections.
  var formerInterfaceCount: UInt32 = 0

  static func isMagic(_ bytes: RawSpan) -> Bool {
    var reader = ByteReader(bytes)
    return (try? reader.read(UInt32.self, "block type")) == sectionHeaderType
  }
}

/// An interface description block (pcapng, 4.2).
struct PcapngInterface {
  var linkType: UInt16
  var snapLength: UInt32
  var scale: TimeScale
}

/// The block types of pcapng that are known (draft-ietf-opsawg-pcapng, 11.1).
enum PcapngBlockType: UInt32 {
  case interfaceDescription = 1
  case obsoletePacket = 2
  case simplePacket = 3
  case nameResolution = 4
  case interfaceStatistics = 5
  case enhancedPacket = 6
  case systemdJournal = 9
  case decryptionSecrets = 0xa
  case sysdigEvent = 0x204
  case sysdigEventV2 = 0x216
  case sysdigEventV2Large = 0x221
  case custom = 0xbad
  case customNotCopied = 0x4000_0bad
  case sectionHeader = 0x0a0d_0d0a
}
