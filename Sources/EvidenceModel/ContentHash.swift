/// The SHA-256 of some bytes (FIPS 180-4).
public struct ContentHash: Sendable {
  public let bytes: [32 of UInt8]

  public init(_ bytes: [32 of UInt8]) { self.bytes = bytes }

  /// Makes a hash from its 32 bytes; nil for any other number of them.
  public init?(_ source: some Collection<UInt8>) {
    guard source.count == 32 else { return nil }
    var filled = [32 of UInt8](repeating: 0)
    var place = 0
    for byte in source {
      filled[place] = byte
      place += 1
    }
    bytes = filled
  }

  /// Reads 64 lower-case hexadecimal digits; nil when they are none.
  public init?(lowerCaseDigits digits: RawSpan) {
    guard digits.byteCount == 64 else { return nil }
    var filled = [32 of UInt8](repeating: 0)
    for place in filled.indices {
      // Safe: both places are below 64, and a byte of any value is valid.
      let high = unsafe digits.unsafeLoad(fromByteOffset: place * 2, as: UInt8.self)
      let low = unsafe digits.unsafeLoad(fromByteOffset: place * 2 + 1, as: UInt8.self)
      guard let upper = Hexadecimal.value(ofLowerCase: high), let lower = Hexadecimal.value(ofLowerCase: low) else {
        return nil
      }
      filled[place] = upper << 4 | lower
    }
    bytes = filled
  }

  /// Reads 64 hexadecimal digits of either case; nil when they are none.
  public init?(hex: some StringProtocol) {
    guard let decoded = Hexadecimal.decode(hex) else { return nil }
    self.init(decoded)
  }

  /// The 64 lower-case hexadecimal digits that `sha256sum` prints.
  public var hex: String {
    var digits: [UInt8] = []
    digits.reserveCapacity(64)
    appendDigits(to: &digits)
    return String(decoding: digits, as: UTF8.self)
  }

  /// Adds the 64 digits at the end of `digits`.
  public func appendDigits(to digits: inout [UInt8]) {
    for place in bytes.indices {
      digits.append(Hexadecimal.digit(bytes[place] >> 4))
      digits.append(Hexadecimal.digit(bytes[place] & 15))
    }
  }
}

// `InlineArray` is neither equatable nor hashable in Swift 6.3.
extension ContentHash: Hashable {
  public static func == (left: Self, right: Self) -> Bool {
    left.bytes.indices.allSatisfy { left.bytes[$0] == right.bytes[$0] }
  }
  public func hash(into hasher: inout Hasher) {
    for index in bytes.indices { hasher.combine(bytes[index]) }
  }
}

extension ContentHash: CustomStringConvertible {
  public var description: String { hex }
}
