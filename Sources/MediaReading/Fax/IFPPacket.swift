import ByteReading

/// A packet of the Internet facsimile protocol (ITU-T T.38, 7.1 to 7.3 and annex A).
enum IFPPacket: Hashable {
  /// What the modem of the other side is to send: silence, tones, a training.
  case indicator(UInt8)
  case data(modulation: UInt8, fields: [Field])

  struct Field: Hashable {
    let kind: Kind
    let bytes: [UInt8]
  }

  /// The kinds of fields (T.38, 7.3.5).
  enum Kind: UInt8, Hashable {
    case frameData, signalEnd, frameGood, frameBad, frameGoodEnd, frameBadEnd, imageData, imageEnd
  }

  /// The modulation of T.30's messages.
  static let messages: UInt8 = 0
  static let maximumFields = 256

  /// `isFirstVersion` reads fields as the version of 1998 writes them; `ignoresZeros` allows zeros behind the packet, which
  /// parity gives when a longer packet was among those that it covers.
  init(_ bytes: RawSpan, isFirstVersion: Bool, ignoresZeros: Bool = false) throws(ReadError) {
    var reader = ByteReader(bytes)
    let first: UInt8 = try reader.read("type")
    let isExtended = first & 0x20 != 0
    var number = first >> 1 & 0x0f
    if isExtended {
      // Six bits, in two bytes, of what later versions added.
      number = (first << 2 & 0x3c) | (try reader.read(UInt8.self, "type")) >> 6
    }
    if first & 0x40 == 0 {
      guard first & 0x80 == 0 else { throw ReadError(.malformed, at: 0, reading: "indicator") }
      self = .indicator(isExtended ? 16 &+ number : number)
    } else {
      guard isExtended || number <= 8 else { throw ReadError(.malformed, at: 0, reading: "data") }
      var fields: [Field] = []
      if first & 0x80 != 0 {
        let count: UInt8 = try reader.read("count of fields")
        for _ in 0..<count { fields.append(try Self.field(&reader, isFirstVersion)) }
      }
      self = .data(modulation: isExtended ? 9 &+ number : number, fields: fields)
    }
    while reader.remaining > 0 {
      let place = reader.offset
      guard ignoresZeros, try reader.read(UInt8.self, "end of a packet") == 0 else {
        throw ReadError(.malformed, at: place, reading: "end of a packet")
      }
    }
  }

  private static func field(_ reader: inout ByteReader, _ isFirstVersion: Bool) throws(ReadError) -> Field {
    let place = reader.offset
    let head: UInt8 = try reader.read("field")
    guard isFirstVersion ? head & 0x0f == 0 : head & 0x47 == 0 else {
      throw ReadError(head & 0x40 != 0 ? .unsupported : .malformed, at: place, reading: "field")
    }
    guard let kind = Kind(rawValue: isFirstVersion ? head >> 4 & 7 : head >> 3 & 7) else {
      throw ReadError(.malformed, at: place, reading: "field")
    }
    guard head & 0x80 != 0 else { return Field(kind: kind, bytes: []) }
    let length: UInt16 = try reader.read("length of a field")
    return Field(kind: kind, bytes: try reader.take(Int(length) + 1, "field").array())
  }
}
