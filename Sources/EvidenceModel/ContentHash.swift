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

  /// Reads 64 lower-case hexadecimal digits.
  public init?(hex: some StringProtocol) {
    guard let decoded = Hexadecimal.decode(hex) else { return nil }
    self.init(decoded)
  }

  /// The 64 lower-case hexadecimal digits that `sha256sum` prints.
  public var hex: String {
    var list: [UInt8] = []
    list.reserveCapacity(32)
    for index in bytes.indices { list.append(bytes[index]) }
    return Hexadecimal.encode(list)
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
