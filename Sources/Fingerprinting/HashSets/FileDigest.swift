/// A digest of a whole file by one of the algorithms that sets of hashes use.
public struct FileDigest: Hashable, Sendable {
  public enum Algorithm: String, CaseIterable, Sendable {
    /// The strongest first: an entry of a set is looked up by the strongest digest that it has.
    case sha256 = "sha-256"
    case sha1 = "sha-1"
    case md5 = "md5"

    public var byteCount: Int {
      switch self {
      case .sha256: 32
      case .sha1: 20
      case .md5: 16
      }
    }

    /// The algorithm whose digests have that many hexadecimal digits; nil for any other number.
    init?(digitCount: Int) {
      guard let found = Self.allCases.first(where: { $0.byteCount * 2 == digitCount }) else { return nil }
      self = found
    }
  }

  public let algorithm: Algorithm
  /// Its bytes as numbers in network order, filled with zeros at the end.
  let words: [4 of UInt64]

  /// Reads hexadecimal digits of either case; nil when they are not as many as the algorithm has, or one is none.
  public init?(_ algorithm: Algorithm, hex digits: some Collection<UInt8>) {
    guard digits.count == algorithm.byteCount * 2 else { return nil }
    var words = [4 of UInt64](repeating: 0)
    var place = 0
    for digit in digits {
      guard let value = Self.value(digit) else { return nil }
      let word = place / 16
      words[word] = words[word] << 4 | value
      place += 1
    }
    let filled = place % 16
    if filled > 0 {
      let word = place / 16
      words[word] <<= UInt64(64 - filled * 4)
    }
    self.algorithm = algorithm
    self.words = words
  }

  init(_ algorithm: Algorithm, words: [4 of UInt64]) {
    self.algorithm = algorithm
    self.words = words
  }

  private static func value(_ digit: UInt8) -> UInt64? {
    switch digit {
    case 0x30...0x39: UInt64(digit - 0x30)
    case 0x41...0x46: UInt64(digit - 0x37)
    case 0x61...0x66: UInt64(digit - 0x57)
    default: nil
    }
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.algorithm == right.algorithm && (0..<4).allSatisfy { left.words[$0] == right.words[$0] }
  }

  public func hash(into hasher: inout Hasher) { for place in 0..<4 { hasher.combine(words[place]) } }
}
