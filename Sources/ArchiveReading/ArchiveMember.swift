public import EvidenceModel

/// What an archive says of one of its members.
public struct ArchiveMember: Hashable, Sendable {
  public enum Kind: String, Sendable {
    case file, directory, symbolicLink, hardLink, characterDevice, blockDevice, fifo, socket, unknown
  }

  /// Counts from 1 in the order in which the archive gives them.
  public var index: Int
  /// The name as it stands; nil where the archive gives none. Names that are UTF-16 in the archive are UTF-8 here.
  public var name: [UInt8]?
  /// Whether the name was longer than `ArchiveLimits.nameBytes`.
  public var isNameCut = false
  public var kind: Kind
  /// How many bytes the archive says that it has.
  public var statedByteCount: UInt64?
  /// When it was changed, where the archive says that in universal time.
  public var modified: CaptureTime?
  /// When it was changed by a clock of which the archive does not say where it was: `2026-01-02T03:04:05`.
  public var modifiedLocal: String?
  /// Permissions, owner and group, where the format has them of its own.
  public var mode: UInt16?
  public var userID: Int64?
  public var groupID: Int64?
  public var userName: [UInt8]?
  public var groupName: [UInt8]?
  public var linkTarget: [UInt8]?
  public var isEncrypted = false
  /// The format and method in libarchive's words, such as `ZIP 2.0 (deflation)`.
  public var method: String
  /// What libarchive had to say of its header.
  public var warning: String?
}

/// What became of a member's content.
public struct ArchiveContent: Hashable, Sendable {
  /// Bytes that were handed out.
  public var byteCount: UInt64 = 0
  /// Why it ends too early or may be wrong.
  public var fault: String?
  /// Whether whoever took the bytes wanted no more.
  public var isStopped = false

  public init() {}
}
