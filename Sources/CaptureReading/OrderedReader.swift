import ByteReading

/// A reader of integers in the byte order that a capture file declares.
struct OrderedReader: ~Escapable {
  private var reader: ByteReader
  let isLittleEndian: Bool

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ bytes: RawSpan, isLittleEndian: Bool) {
    reader = ByteReader(bytes)
    self.isLittleEndian = isLittleEndian
  }

  var offset: Int { reader.offset }
  var remaining: Int { reader.remaining }

  @_lifetime(self: copy self)
  @inline(__always)
  mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_ field: StaticString) throws(ReadError) -> T {
    let value = try reader.read(T.self, field)
    return isLittleEndian ? value.byteSwapped : value
  }

  @_lifetime(self: copy self)
  mutating func skip(_ count: Int, _ field: StaticString) throws(ReadError) { try reader.skip(count, field) }

  @_lifetime(copy self)
  mutating func take(_ count: Int, _ field: StaticString) throws(ReadError) -> RawSpan {
    try reader.take(count, field)
  }
}
