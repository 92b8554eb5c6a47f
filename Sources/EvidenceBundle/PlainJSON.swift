import ByteReading

/// A look at a line of JSON that is as our own files have it, without making values of it: no white space, names in the order of
/// their bytes, strings of ASCII without escapes, whole numbers of at most 18 digits.
///
/// On anything else, valid or not, it gives up: `ValueReader` is then to say what it is. Whatever is plain, `ValueReader` takes too.
public struct PlainJSON: ~Escapable {
  /// Deeper nesting is given up.
  private static let maximumDepth = 32

  private let bytes: RawSpan
  private var place = 0

  @_lifetime(copy bytes)
  private init(_ bytes: RawSpan) { self.bytes = bytes }

  /// Gives name and value of each member of the object that takes all of `bytes`; false when it is not plain or `body` gives up.
  public static func forEachMember(of bytes: RawSpan, _ body: (RawSpan, RawSpan) -> Bool) -> Bool {
    var reader = PlainJSON(bytes)
    return reader.object(0, body) && reader.place == bytes.byteCount
  }

  /// Gives each value of the list that takes all of `bytes`; false when it is not plain or `body` gives up.
  public static func forEachElement(of bytes: RawSpan, _ body: (RawSpan) -> Bool) -> Bool {
    var reader = PlainJSON(bytes)
    return reader.list(0, body) && reader.place == bytes.byteCount
  }

  /// What stands between the quotes of a value that is a string; nil for any other value.
  @_lifetime(copy value)
  public static func text(_ value: RawSpan) -> RawSpan? {
    guard value.byteCount >= 2, byte(value, 0) == 0x22 else { return nil }
    return value.extracting(1..<(value.byteCount - 1))
  }

  // MARK: Reading

  private static func byte(_ bytes: RawSpan, _ place: Int) -> UInt8 {
    // Safe: callers look at places within the bytes only.
    unsafe bytes.unsafeLoad(fromUncheckedByteOffset: place, as: UInt8.self)
  }

  /// The next byte; zero at the end, which stands nowhere in JSON.
  private var next: UInt8 { place < bytes.byteCount ? Self.byte(bytes, place) : 0 }

  @_lifetime(self: copy self)
  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    place += 1
    return true
  }

  @_lifetime(self: copy self)
  private mutating func value(_ depth: Int) -> Bool {
    guard depth < Self.maximumDepth else { return false }
    switch next {
    case 0x22: return string()
    case 0x7b: return object(depth) { _, _ in true }
    case 0x5b: return list(depth) { _ in true }
    case 0x74: return word("true")
    case 0x66: return word("false")
    default: return number()
    }
  }

  @_lifetime(self: copy self)
  private mutating func word(_ text: StaticString) -> Bool {
    guard bytes.starts(with: text, at: place) else { return false }
    place += text.utf8CodeUnitCount
    return true
  }

  @_lifetime(self: copy self)
  private mutating func number() -> Bool {
    _ = take(0x2d)
    let start = place
    while (0x30...0x39).contains(next) { place += 1 }
    return (1...18).contains(place - start)
  }

  @_lifetime(self: copy self)
  private mutating func list(_ depth: Int, _ body: (RawSpan) -> Bool) -> Bool {
    guard take(0x5b) else { return false }
    if take(0x5d) { return true }
    while true {
      let start = place
      guard value(depth + 1), body(bytes.extracting(start..<place)) else { return false }
      if take(0x5d) { return true }
      guard take(0x2c) else { return false }
    }
  }

  @_lifetime(self: copy self)
  private mutating func object(_ depth: Int, _ body: (RawSpan, RawSpan) -> Bool) -> Bool {
    guard take(0x7b) else { return false }
    if take(0x7d) { return true }
    var last: Range<Int>?
    while true {
      let start = place
      guard string() else { return false }
      let name = (start + 1)..<(place - 1)
      // Names that rise differ from each other.
      guard last.map({ isBefore($0, name) }) ?? true, take(0x3a) else { return false }
      last = name
      let from = place
      guard value(depth + 1), body(bytes.extracting(name), bytes.extracting(from..<place)) else { return false }
      if take(0x7d) { return true }
      guard take(0x2c) else { return false }
    }
  }

  private func isBefore(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    let count = min(left.count, right.count)
    for offset in 0..<count {
      let (one, two) = (Self.byte(bytes, left.lowerBound + offset), Self.byte(bytes, right.lowerBound + offset))
      if one != two { return one < two }
    }
    return left.count < right.count
  }

  @_lifetime(self: copy self)
  private mutating func string() -> Bool {
    guard take(0x22) else { return false }
    while true {
      skipPlainWords()
      guard place < bytes.byteCount else { return false }
      switch Self.byte(bytes, place) {
      case 0x22:
        place += 1
        return true
      case 0x20..<0x80 where Self.byte(bytes, place) != 0x5c: place += 1
      default: return false
      }
    }
  }

  /// Passes over eight bytes at a time as long as none of them is a quote, a backslash, a control character or beyond ASCII.
  @_lifetime(self: copy self)
  private mutating func skipPlainWords() {
    let (ones, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    while place + 8 <= bytes.byteCount {
      // Safe: the eight bytes are there.
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self)
      let (quotes, escapes) = (word ^ ones &* 0x22, word ^ ones &* 0x5c)
      // The top bit of a byte that is below what is subtracted; a byte behind such a one may be told wrongly, which costs a closer look.
      let odd = (quotes &- ones) & ~quotes | (escapes &- ones) & ~escapes | (word &- ones &* 0x20) & ~word | word
      guard odd & tops == 0 else { return }
      place += 8
    }
  }
}
