import ByteReading

/// Draws numbers from the fuzzer's bytes; when they are used up, it gives zeros.
struct FuzzInput: ~Escapable {
  private var reader: ByteReader

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) { reader = ByteReader(bytes) }

  var isEmpty: Bool { reader.remaining == 0 }

  @_lifetime(self: copy self)
  mutating func byte() -> UInt8 { (try? reader.read(UInt8.self, "fuzz")) ?? 0 }

  @_lifetime(self: copy self)
  mutating func half() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

  @_lifetime(self: copy self)
  mutating func word() -> UInt32 { UInt32(half()) << 16 | UInt32(half()) }

  @_lifetime(self: copy self)
  mutating func long() -> UInt64 { UInt64(word()) << 32 | UInt64(word()) }

  /// Takes up to `count` bytes.
  @_lifetime(self: copy self)
  mutating func take(_ count: Int) -> [UInt8] {
    (try? reader.take(min(count, reader.remaining), "fuzz").array()) ?? []
  }

  /// Takes what is left.
  @_lifetime(copy self)
  mutating func rest() -> RawSpan { reader.takeRest() }
}

/// Cuts bytes at each mark: a cut survives what a mutation does to the bytes before it.
func parts(_ bytes: [UInt8], mark: (UInt8, UInt8) = (0xfe, 0xd1)) -> [[UInt8]] {
  var parts: [[UInt8]] = [[]]
  var place = 0
  while place < bytes.count {
    if place + 1 < bytes.count, bytes[place] == mark.0, bytes[place + 1] == mark.1 {
      parts.append([])
      place += 2
    } else {
      parts[parts.count - 1].append(bytes[place])
      place += 1
    }
  }
  return parts
}
