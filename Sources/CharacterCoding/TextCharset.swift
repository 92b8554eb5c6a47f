import CICU

/// A character set by the name that a message gives it (RFC 2978, IANA's registry), read by ICU.
///
/// Names have 1 to 64 letters, digits and `-_.:()+`; what follows a `*` is a language (RFC 2231, 5) and does not count.
public struct TextCharset: Hashable, Sendable {
  public static let maximumNameByteCount = 64
  /// Text of more bytes is not converted.
  public static let maximumTextByteCount = 4 << 20

  private let name: String

  /// Nil when no such set is known.
  public init?(_ name: some Collection<UInt8>) {
    let plain = name.prefix { $0 != 0x2a }
    guard (1...Self.maximumNameByteCount).contains(plain.count), plain.allSatisfy(Self.isNameByte) else { return nil }
    self.name = String(decoding: plain, as: UTF8.self)
    guard let converter = unsafe exhibit_charset_open(self.name) else { return nil }
    unsafe exhibit_charset_close(converter)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f, 0x2e, 0x3a, 0x28, 0x29, 0x2b: true
    default: false
    }
  }

  /// The text in UTF-8; nil when bytes have no meaning in this set.
  public func utf8(_ bytes: [UInt8]) -> [UInt8]? { convert(bytes, repairs: false) }

  /// The text in UTF-8, with U+FFFD for bytes that have no meaning; nil only when there is too much of it.
  public func repairedUTF8(_ bytes: [UInt8]) -> [UInt8]? { convert(bytes, repairs: true) }

  private func convert(_ bytes: [UInt8], repairs: Bool) -> [UInt8]? {
    guard bytes.count <= Self.maximumTextByteCount else { return nil }
    guard !bytes.isEmpty else { return [] }
    guard let converter = unsafe exhibit_charset_open(name) else { return nil }
    defer { unsafe exhibit_charset_close(converter) }
    // No set has a byte that becomes more than four bytes of UTF-8 beyond what pairs of code points do.
    let capacity = bytes.count * 8 + 16
    var isFine = false
    let out = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      // Safe: ICU reads `bytes.count` bytes and writes at most `capacity`.
      let written = unsafe bytes.withUnsafeBytes { source in
        unsafe exhibit_charset_to_utf8(
          converter, repairs ? 1 : 0, UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self),
          Int32(clamping: capacity), source.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(source.count))
      }
      isFine = written >= 0 && Int(written) <= capacity
      count = isFine ? Int(written) : 0
    }
    return isFine ? out : nil
  }
}
