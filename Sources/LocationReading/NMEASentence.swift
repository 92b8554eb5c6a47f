import ByteReading

/// One sentence of NMEA 0183 whose checksum is right (IEC 61162-1).
struct NMEASentence {
  /// What a line turned out to be.
  enum Line {
    case empty
    /// A sentence; `isAlone` says that its line holds nothing else, but for a TAG block (IEC 61162-450).
    case sentence(NMEASentence, isAlone: Bool)
    case damaged(LocationDamage.Code)
  }

  /// Talker and type, such as `GPRMC`.
  let address: [UInt8]
  /// The three letters behind the talker, such as `RMC`; `P` for a maker's own sentence.
  let type: String
  /// The fields behind the address.
  let fields: [ArraySlice<UInt8>]

  private static let dollar: UInt8 = 0x24
  private static let exclamation: UInt8 = 0x21
  private static let star: UInt8 = 0x2a
  private static let backslash: UInt8 = 0x5c

  /// Reads a line without its end. Of several beginnings in a line the last counts: the sentences before it were cut.
  static func read(_ line: [UInt8]) -> Line {
    guard line.contains(where: { !isSpace($0) }) else { return .empty }
    guard let start = line.lastIndex(where: { $0 == dollar || $0 == exclamation }) else { return .damaged(.line) }
    let body = line[start...].dropFirst().prefix { $0 != star }
    let behind = line[body.endIndex...].dropFirst()
    let digits = behind.prefix(2).compactMap(hexadecimal)
    guard body.endIndex < line.endIndex, behind.count >= 2 else { return .damaged(.checksumMissing) }
    guard digits.count == 2, digits.reduce(0, { $0 << 4 | $1 }) == body.reduce(0, ^) else { return .damaged(.checksum) }
    guard body.allSatisfy({ (0x20...0x7e).contains($0) }) else { return .damaged(.sentence) }
    let address = Array(body.prefix { $0 != 0x2c })
    let prefix = line[..<start].filter { !isSpace($0) }
    let isTagBlock = prefix.first == backslash && prefix.last == backslash && prefix.count > 1
    let isAlone = (prefix.isEmpty || isTagBlock) && behind.dropFirst(2).allSatisfy(isSpace)
    let fields = body.dropFirst(address.count + 1).split(separator: 0x2c, omittingEmptySubsequences: false)
    let sentence = NMEASentence(address: address, type: type(address), fields: fields)
    return .sentence(sentence, isAlone: isAlone)
  }

  private static func type(_ address: [UInt8]) -> String {
    if address.first == 0x50 { return "P" }
    let isPlain = address.count == 5 && address.allSatisfy { (0x41...0x5a).contains($0) || (0x30...0x39).contains($0) }
    return isPlain ? String(decoding: address.suffix(3), as: UTF8.self) : "other"
  }

  /// The field at a 1-based place, as the standard numbers them; empty where there is none.
  func field(_ place: Int) -> [UInt8] {
    Array(fields.dropFirst(max(0, place - 1)).first ?? [])
  }

  /// The only letter of a field; nil when it is another text.
  func letter(_ place: Int) -> Character? {
    guard let field = fields.dropFirst(max(0, place - 1)).first else { return nil }
    return field.count == 1 ? field.first.map { Character(Unicode.Scalar($0)) } : nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
