import DecoderKit

/// A datagram of UDPTL: a packet, and earlier packets or what repairs them (ITU-T T.38, 9.1.4).
struct UDPTLDatagram {
  /// Earlier packets that are kept; senders repeat few.
  static let maximumRepeats = 64

  let sequence: UInt16
  let primary: Range<Int>
  /// The packets before this one, the nearest first; those without bytes are left out.
  private(set) var repeats: [(distance: Int, range: Range<Int>)] = []
  /// The parity information from its count on; nil when the datagram repeats packets.
  private(set) var parity: Range<Int>?

  init(_ bytes: RawSpan) throws(ReadError) {
    var reader = ByteReader(bytes)
    sequence = try reader.read("sequence number")
    primary = try Self.openType(&reader, "primary packet")
    guard !primary.isEmpty else { throw ReadError(.malformed, at: 2, reading: "primary packet") }
    let recovery: UInt8 = try reader.read("error recovery")
    guard recovery & 0x7f == 0 else { throw ReadError(.malformed, at: reader.offset - 1, reading: "error recovery") }
    if recovery == 0 {
      try readRepeats(&reader)
    } else {
      let start = reader.offset
      guard try reader.read(UInt8.self, "length of a number") == 1 else {
        throw ReadError(.malformed, at: start, reading: "length of a number")
      }
      try reader.skip(1, "packets of a parity")
      for _ in 0..<(try Self.count(&reader)) { _ = try Self.openType(&reader, "parity") }
      parity = start..<reader.offset
    }
    // Some senders fill up to an even number of bytes.
    guard reader.remaining == 0 || (reader.remaining == 1 && reader.peek() == 0 && primary.count > 2) else {
      throw ReadError(.malformed, at: reader.offset, reading: "end of a datagram")
    }
  }

  private mutating func readRepeats(_ reader: inout ByteReader) throws(ReadError) {
    for distance in 0..<(try Self.count(&reader)) {
      let range = try Self.openType(&reader, "repeated packet")
      if !range.isEmpty { repeats.append((distance + 1, range)) }
    }
  }

  private static func count(_ reader: inout ByteReader) throws(ReadError) -> Int {
    let count: UInt8 = try reader.read("count of packets")
    guard count <= maximumRepeats else {
      throw ReadError(.limitExceeded, at: reader.offset - 1, reading: "count of packets")
    }
    return Int(count)
  }

  /// The place of an open type's bytes behind their length (ITU-T X.691, 11.9); pieces of 16,384 and more do not fit in.
  private static func openType(_ reader: inout ByteReader, _ field: StaticString) throws(ReadError) -> Range<Int> {
    let first: UInt8 = try reader.read("length")
    var length = Int(first)
    if first & 0x80 != 0 {
      guard first & 0x40 == 0 else { throw ReadError(.unsupported, at: reader.offset - 1, reading: "length") }
      length = Int(first & 0x3f) << 8 | Int(try reader.read(UInt8.self, "length"))
    }
    let start = reader.offset
    try reader.skip(length, field)
    return start..<reader.offset
  }
}

/// Whether bytes have the form of an IFP packet, by T.38 of 1998 or of later versions (7.1 to 7.3, annex A).
enum IFPShape {
  static let maximumFields = 64

  static func fits(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0 else { return false }
    let first = bytes[0]
    if first & 0x40 == 0 {
      // An indicator has no data; those of later versions have a second byte.
      guard first & 0x80 == 0 else { return false }
      return first & 0x20 == 0 ? bytes.byteCount == 1 && first & 1 == 0 : bytes.byteCount == 2
    }
    let start = first & 0x20 == 0 ? 1 : 2
    guard first & 0x80 != 0 else { return bytes.byteCount == start }
    return fits(bytes, start, isFirstVersion: false) || fits(bytes, start, isFirstVersion: true)
  }

  private static func fits(_ bytes: RawSpan, _ start: Int, isFirstVersion: Bool) -> Bool {
    var reader = ByteReader(bytes)
    do throws(ReadError) {
      try reader.skip(start, "type")
      let count: UInt8 = try reader.read("count of fields")
      guard (1...maximumFields).contains(Int(count)) else { return false }
      for _ in 0..<count {
        let head: UInt8 = try reader.read("field")
        if isFirstVersion {
          guard head & 0x0f == 0 else { return false }
        } else if head & 0x40 != 0 {
          try reader.skip(1, "field")
        } else {
          guard head & 0x07 == 0 else { return false }
        }
        if head & 0x80 != 0 {
          let length: UInt16 = try reader.read("length of a field")
          try reader.skip(Int(length) + 1, "field")
        }
      }
      return reader.remaining == 0
    } catch {
      return false
    }
  }
}
