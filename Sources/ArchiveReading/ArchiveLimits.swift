/// The bounds of what is read of archives.
public enum ArchiveLimits {
  /// Members of one file and of all archives in it.
  public static let members = 100_000
  /// How deep archives may stand in archives.
  public static let depth = 8
  /// Bytes of all members together, of one file and of all archives in it, whatever the file's size.
  public static let bytesFloor: UInt64 = 64 << 20
  /// How many times more bytes than the file the members may have, once they are more than `bytesFloor`.
  public static let expansionRatio: UInt64 = 250
  /// Bytes of a name or of a link's target that are kept.
  public static let nameBytes = 65_536
  /// Heads of members that cannot be read, one behind the other, before an archive is given up. A damaged tar is looked
  /// through in blocks of 512 bytes.
  public static let unreadableHeads = 1 << 20
  /// Members that a finding names.
  public static let namedMembers = 20

  /// Bytes that the members of a file may have.
  public static func bytes(of byteCount: UInt64) -> UInt64 {
    let (product, overflow) = byteCount.multipliedReportingOverflow(by: expansionRatio)
    return overflow ? .max : max(bytesFloor, product)
  }
}
