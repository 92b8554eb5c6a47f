/// An Internet address: 4 or 16 bytes.
public struct InternetAddress: Hashable, Sendable {
  /// The address in network order, IPv4 in the last four bytes.
  @usableFromInline let high: UInt64
  @usableFromInline let low: UInt64
  public let isVersion6: Bool

  @inlinable public init(version4 value: UInt32) {
    high = 0
    low = UInt64(value)
    isVersion6 = false
  }
  @inlinable public init(version6 high: UInt64, _ low: UInt64) {
    self.high = high
    self.low = low
    isVersion6 = true
  }

  /// Whether all its bits are zero, which stands for no address (RFC 3264, 8.4).
  public var isZero: Bool { words == (0, 0) }

  /// The address as two words in network order; an IPv4 address is in the lower 32 bits of the second.
  @inlinable public var words: (UInt64, UInt64) { (high, low) }

  /// The bytes in network order: 4 or 16 of them.
  public var bytes: [UInt8] {
    isVersion6
      ? (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
        + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) }
      : (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * $0)) }
  }
}

extension InternetAddress: CustomStringConvertible {
  /// Dotted decimals, or the canonical text of RFC 5952.
  public var description: String {
    isVersion6 ? version6Text : bytes.map { String($0) }.joined(separator: ".")
  }

  private var version6Text: String {
    let groups = (0..<8).map { place in
      UInt16(truncatingIfNeeded: (place < 4 ? high : low) >> (48 - 16 * (place % 4)))
    }
    if high == 0, low >> 32 == 0xffff {
      return "::ffff:" + InternetAddress(version4: UInt32(truncatingIfNeeded: low)).description
    }
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > best.count, end - start > 1 { best = start..<end }
      start = max(end, start + 1)
    }
    let text = { (part: ArraySlice<UInt16>) in
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard !best.isEmpty else { return text(groups[...]) }
    return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}

extension InternetAddress {
  /// Reads dotted decimals or the text of RFC 4291, 2.2; nil when it is neither. Zeros in front of decimals do not count.
  public init?(_ text: some StringProtocol) {
    if text.utf8.contains(0x3a) {
      self.init(version6Text: Substring(text))
    } else {
      guard let value = Self.dotted(text) else { return nil }
      self.init(version4: value)
    }
  }

  private static func dotted(_ text: some StringProtocol) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let byte = UInt8(part)
      else { return nil }
      value = value << 8 | UInt32(byte)
    }
    return value
  }

  private init?(version6Text text: Substring) {
    guard text.utf8.count <= 45 else { return nil }
    let halves = text.split(separator: "::", omittingEmptySubsequences: false)
    guard halves.count <= 2 else { return nil }
    var parsed: [[UInt16]] = []
    for (place, half) in halves.enumerated() {
      var groups: [UInt16] = []
      for part in half.split(separator: ":", omittingEmptySubsequences: false) where !half.isEmpty {
        if part.utf8.contains(0x2e) {
          guard place == halves.count - 1, part.endIndex == half.endIndex, let value = Self.dotted(part) else {
            return nil
          }
          groups += [UInt16(value >> 16), UInt16(truncatingIfNeeded: value)]
        } else {
          guard (1...4).contains(part.utf8.count), part.utf8.first != 0x2b, let group = UInt16(part, radix: 16) else {
            return nil
          }
          groups.append(group)
        }
      }
      parsed.append(groups)
    }
    let known = parsed.reduce(0) { $0 + $1.count }
    guard parsed.count == 2 ? known < 8 : known == 8 else { return nil }
    let groups =
      parsed.count == 2 ? parsed[0] + Array(repeating: 0, count: 8 - known) + parsed[1] : parsed[0]
    let word = { (part: ArraySlice<UInt16>) in part.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
    self.init(version6: word(groups[0..<4]), word(groups[4..<8]))
  }
}

/// An address with a port of its transport.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  public var address: InternetAddress
  public var port: UInt16

  @inlinable public init(_ address: InternetAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// `192.0.2.1:53` or `[2001:db8::1]:53`.
  public var description: String {
    address.isVersion6 ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}
