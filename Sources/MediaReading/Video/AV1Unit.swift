import ByteReading

/// The header of an open bitstream unit (AV1 bitstream specification, 5.3), and numbers of AV1's own form.
struct AV1Unit {
  enum Kind {
    static let sequenceHeader: UInt8 = 1
    static let temporalDelimiter: UInt8 = 2
    static let frameHeader: UInt8 = 3
    static let tileGroup: UInt8 = 4
    static let frame: UInt8 = 6
  }

  let kind: UInt8
  let spatialLayer: UInt8
  /// Bytes of the header, without its size.
  let headerLength: Int
  /// Whether the size of what follows stands behind the header.
  let hasSize: Bool

  init(_ bytes: RawSpan) throws(ReadError) {
    var reader = ByteReader(bytes)
    let first: UInt8 = try reader.read("obu_header")
    guard first & 0x80 == 0 else { throw ReadError(.malformed, at: 0, reading: "obu_forbidden_bit") }
    kind = first >> 3 & 15
    hasSize = first & 2 != 0
    guard first & 4 != 0 else {
      spatialLayer = 0
      headerLength = 1
      return
    }
    let layers: UInt8 = try reader.read("obu_extension_header")
    spatialLayer = layers >> 3 & 3
    headerLength = 2
  }

  /// Reads a number in groups of seven bits, the lowest first (4.10.5): eight bytes and 32 bits at the most.
  static func number(_ reader: inout ByteReader, _ field: StaticString) throws(ReadError) -> Int {
    var value = 0
    for place in 0..<8 {
      let byte: UInt8 = try reader.read(field)
      value |= Int(byte & 0x7f) << (7 * place)
      guard byte & 0x80 != 0 else {
        guard value <= Int(UInt32.max) else { break }
        return value
      }
    }
    throw ReadError(.malformed, at: reader.offset, reading: field)
  }

  /// The same form of a number that is not negative, in as few bytes as it takes.
  static func bytes(of number: Int) -> [UInt8] {
    var rest = number
    var bytes: [UInt8] = []
    repeat {
      bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }

  /// A whole unit as files hold it: its size stands behind its header, where the sender left it out.
  static func sized(_ unit: [UInt8], _ header: AV1Unit) -> [UInt8] {
    guard !header.hasSize, let first = unit.first else { return unit }
    return [first | 2] + unit[1..<header.headerLength] + bytes(of: unit.count - header.headerLength)
      + unit[header.headerLength...]
  }
}
