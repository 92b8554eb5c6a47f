import ByteReading

/// What makes a file worth opening as an archive.
public enum ArchiveSign: Hashable, Sendable {
  /// It begins as archives and compressed files do.
  case beginning
  /// It is something else by its beginning and may hold an archive: a program, or a file with a zip's end.
  case inside

  /// Bytes of the beginning and of the end that are looked at.
  public static let headByteCount = 512
  public static let tailByteCount = 22
  /// Where an ISO 9660 image says what it is (ECMA-119, 8.1), and how many bytes are looked at there.
  public static let imageOffset: UInt64 = 32_769
  public static let imageByteCount = 5

  private static let beginnings: [[UInt8]] = [
    Array("PK\u{3}\u{4}".utf8), Array("PK\u{5}\u{6}".utf8), Array("PK\u{7}\u{8}".utf8),
    [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], Array("Rar!\u{1a}\u{7}".utf8), Array("MSCF\0\0\0\0".utf8),
    Array("!<arch>\n".utf8), Array("070701".utf8), Array("070702".utf8), Array("070707".utf8),
    [0x1f, 0x8b, 0x08], Array("BZh".utf8), [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], [0x28, 0xb5, 0x2f, 0xfd],
    [0x04, 0x22, 0x4d, 0x18], [0x1f, 0x9d], [0x5d, 0x00, 0x00],
  ]
  private static let programs: [[UInt8]] = [Array("MZ".utf8), [0x7f, 0x45, 0x4c, 0x46]]

  /// Looks at the beginning of a file, at its end, and at the place that images of discs have; nil when it is none.
  public init?(head: [UInt8], tail: [UInt8], image: [UInt8]) {
    if Self.beginnings.contains(where: { head.starts(with: $0) }) || Self.isTar(head) || image == Array("CD001".utf8) {
      self = .beginning
    } else if Self.programs.contains(where: { head.starts(with: $0) }) || tail.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
      self = .inside
    } else {
      return nil
    }
  }

  /// Whether the first block is the header of a tar archive, by the sum of its bytes (IEEE Std 1003.1, pax, ustar).
  private static func isTar(_ head: [UInt8]) -> Bool {
    guard head.count >= 512, head[0] != 0 else { return false }
    var stated: UInt32 = 0
    var hasDigit = false
    for byte in head[148..<156] {
      if (0x30...0x37).contains(byte) {
        stated = stated &* 8 &+ UInt32(byte &- 0x30)
        hasDigit = true
      } else if hasDigit {
        break
      } else if byte != 0x20 {
        return false
      }
    }
    let sum = head.prefix(512).enumerated().reduce(UInt32(0)) {
      $0 &+ ((148..<156).contains($1.offset) ? 0x20 : UInt32($1.element))
    }
    return hasDigit && sum == stated
  }
}
