import ByteReading

/// The first bytes of something, read at any place; nil stands for what is beyond the end.
struct Head: ~Escapable {
  /// Bytes of a line, and of a text, that are looked at.
  static let lineBytes = 256

  private let bytes: RawSpan

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) { self.bytes = bytes }

  var count: Int { bytes.byteCount }

  subscript(_ offset: Int) -> UInt8? { offset >= 0 && offset < bytes.byteCount ? bytes[offset] : nil }

  func two(_ offset: Int) -> UInt16? {
    guard let high = self[offset], let low = self[offset + 1] else { return nil }
    return UInt16(high) << 8 | UInt16(low)
  }

  func four(_ offset: Int) -> UInt32? {
    guard let high = two(offset), let low = two(offset + 2) else { return nil }
    return UInt32(high) << 16 | UInt32(low)
  }

  /// Four bytes, the lowest first.
  func little(_ offset: Int) -> UInt32? { four(offset)?.byteSwapped }

  func starts(_ text: StaticString, at offset: Int = 0) -> Bool { bytes.starts(with: text, at: offset) }

  func ends(with byte: UInt8) -> Bool { self[count - 1] == byte }

  /// Where the content of a BER element begins whose length does not go beyond 2^24; nil when there is none.
  func content(_ start: Int) -> Int? {
    guard let length = self[start + 1] else { return nil }
    if length < 0x80 { return start + 2 }
    let size = Int(length & 0x7f)
    return (1...4).contains(size) ? start + 2 + size : nil
  }

  /// Whether `text` stands in the first line.
  func lineHas(_ text: StaticString) -> Bool {
    has(text, within: min(bytes.firstOffset(of: 0x0a, within: Self.lineBytes) ?? Self.lineBytes, count))
  }

  /// Whether `text` stands in the first bytes.
  func has(_ text: StaticString) -> Bool { has(text, within: min(Self.lineBytes, count)) }

  private func has(_ text: StaticString, within end: Int) -> Bool {
    // Safe: a static text of ours, which is not empty.
    let first = unsafe text.utf8Start.pointee
    let view = bytes.extracting(0..<end)
    var place = 0
    while let distance = view.firstOffset(of: first, from: place) {
      if view.starts(with: text, at: place + distance) { return true }
      place += distance + 1
    }
    return false
  }
}
