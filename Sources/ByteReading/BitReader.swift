/// A cursor over the bits of untrusted bytes, the highest bit of each byte first.
public struct BitReader: ~Escapable {
  private let bytes: RawSpan
  /// How many bits were read.
  public private(set) var position = 0

  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { self.bytes = bytes }

  /// The byte in which the next bit stands.
  public var offset: Int { position / 8 }
  public var remaining: Int { bytes.byteCount * 8 - position }

  /// Reads a number of `count` bits, 0 to 32. Throws `truncated` when there are fewer.
  @_lifetime(self: copy self)
  public mutating func read(_ count: Int, _ field: StaticString) throws(ReadError) -> Int {
    guard (0...32).contains(count), count <= remaining else {
      throw ReadError(.truncated, at: offset, reading: field)
    }
    var value = 0
    var left = count
    while left > 0 {
      // As many as the byte still has of those that are wanted.
      let rest = 8 - position % 8
      let step = min(rest, left)
      value = value << step | (Int(bytes[position / 8]) >> (rest - step)) & (1 << step - 1)
      position += step
      left -= step
    }
    return value
  }

  /// Passes over bits. Throws `truncated` when there are fewer.
  @_lifetime(self: copy self)
  public mutating func skip(_ count: Int, _ field: StaticString) throws(ReadError) {
    guard count >= 0, count <= remaining else { throw ReadError(.truncated, at: offset, reading: field) }
    position += count
  }
}
