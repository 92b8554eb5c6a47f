public import Glibc

/// A cursor over untrusted bytes.
///
/// Every read checks the bounds and throws; none traps. A reader cannot outlive the bytes it reads.
public struct ByteReader: ~Escapable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline var position: Int

  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.bytes = bytes
    self.position = 0
  }

  /// How many bytes were read.
  @inlinable public var offset: Int { position }
  @inlinable public var remaining: Int { bytes.byteCount - position }

  /// Reads a big-endian integer.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ field: StaticString
  ) throws(ReadError) -> T {
    let size = MemoryLayout<T>.size
    guard remaining >= size else { throw ReadError(.truncated, at: position, reading: field) }
    // Safe: an integer of any bit pattern is valid, and the bounds were checked above.
    let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: T.self)
    position += size
    return T(bigEndian: value)
  }

  /// Takes the next `count` bytes as a view of the same buffer.
  @inlinable
  @_lifetime(copy self)
  public mutating func take(_ count: Int, _ field: StaticString) throws(ReadError) -> RawSpan {
    guard count >= 0, remaining >= count else {
      throw ReadError(.truncated, at: position, reading: field)
    }
    let taken = bytes.extracting(position..<(position + count))
    position += count
    return taken
  }

  /// Reads a big-endian integer of the type that is wanted.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_ field: StaticString) throws(ReadError) -> T {
    try read(T.self, field)
  }

  /// Reads a little-endian integer.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self, _ field: StaticString
  ) throws(ReadError) -> T {
    try read(type, field).byteSwapped
  }

  /// Reads a little-endian integer of the type that is wanted.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    _ field: StaticString
  ) throws(ReadError) -> T {
    try readLittleEndian(T.self, field)
  }

  /// Passes over bytes.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func skip(_ count: Int, _ field: StaticString) throws(ReadError) {
    guard count >= 0, remaining >= count else {
      throw ReadError(.truncated, at: position, reading: field)
    }
    position += count
  }

  /// Moves to a place between the beginning and the end.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func move(to offset: Int, _ field: StaticString) throws(ReadError) {
    guard offset >= 0, offset <= bytes.byteCount else {
      throw ReadError(.truncated, at: position, reading: field)
    }
    position = offset
  }

  /// The byte that stands `distance` bytes ahead; nil beyond the end.
  @inlinable public func peek(_ distance: Int = 0) -> UInt8? {
    guard distance >= 0, distance < remaining else { return nil }
    return bytes[position + distance]
  }

  /// The distance to the first `byte` ahead, looking at `limit` bytes at the most; nil when it does not come.
  @inlinable public func distance(to byte: UInt8, within limit: Int = .max) -> Int? {
    bytes.firstOffset(of: byte, from: position, within: limit)
  }

  /// Takes everything that is left.
  @inlinable
  @_lifetime(copy self)
  public mutating func takeRest() -> RawSpan {
    let taken = bytes.extracting(position..<bytes.byteCount)
    position = bytes.byteCount
    return taken
  }
}

extension RawSpan {
  /// The byte at `offset`, which the caller has checked to be inside.
  @inlinable public subscript(offset: Int) -> UInt8 {
    // Safe: the load itself checks the bounds, and a byte of any value is valid.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The distance from `start` to the first `byte`, looking at `limit` bytes at the most; nil when it does not come.
  @inlinable public func firstOffset(of byte: UInt8, from start: Int = 0, within limit: Int = .max) -> Int? {
    guard start >= 0, start < byteCount, limit > 0 else { return nil }
    // Safe: memchr looks at no more than `length` bytes, which are inside.
    return unsafe withUnsafeBytes { buffer -> Int? in
      let length = Swift.min(limit, buffer.count - start)
      guard let base = buffer.baseAddress, let hit = unsafe memchr(base + start, Int32(byte), length) else {
        return nil
      }
      return unsafe UnsafeRawPointer(hit) - (base + start)
    }
  }

  /// Whether these bytes begin with `text`, case and all.
  @inlinable public func starts(with text: StaticString, at start: Int = 0) -> Bool {
    let length = text.utf8CodeUnitCount
    guard start >= 0, byteCount - start >= length, length > 0 else { return false }
    // Safe: both sides hold `length` bytes.
    return unsafe withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return false }
      return unsafe memcmp(base + start, text.utf8Start, length) == 0
    }
  }

  /// Whether these bytes are `text`, case and all.
  @inlinable public func isSame(as text: StaticString) -> Bool {
    byteCount == text.utf8CodeUnitCount && (byteCount == 0 || starts(with: text))
  }

  /// Whether these bytes are the same as others.
  @inlinable public func isSame(as other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    // Safe: both sides hold `byteCount` bytes.
    return unsafe withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        guard let one = left.baseAddress, let two = right.baseAddress else { return true }
        return unsafe memcmp(one, two, left.count) == 0
      }
    }
  }

  /// A copy of the bytes.
  public func array() -> [UInt8] {
    // Safe: the copy is made within the closure.
    unsafe withUnsafeBytes { unsafe Array($0) }
  }
}

extension String {
  /// Makes text from bytes, replacing what is not UTF-8.
  public init(repairing bytes: RawSpan) {
    // Safe: the copy is made within the closure.
    self = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
