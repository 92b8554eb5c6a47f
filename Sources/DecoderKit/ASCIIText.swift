/// What text protocols ask of bytes, whatever the locale: letters and digits of ASCII only.
extension Collection<UInt8> {
  /// Whether these bytes equal `text`, in any case of ASCII letters.
  public func equalsIgnoringCase(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    // Safe: a static string's bytes live as long as the program.
    return unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
      .elementsEqual(self) { $0.asciiLowercased == $1.asciiLowercased }
  }

  /// The bytes without spaces, tabs and line ends at both ends.
  public var trimmed: [UInt8] {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
    var list = Array(self.drop(while: isSpace))
    while let last = list.last, isSpace(last) { list.removeLast() }
    return list
  }

  /// The bytes without CR and LF at their end.
  public var withoutLineEnd: [UInt8] {
    var list = Array(self)
    while let last = list.last, last == 0x0d || last == 0x0a { list.removeLast() }
    return list
  }

  /// The bytes with ASCII letters in lower case.
  public var asciiLowercased: [UInt8] { map(\.asciiLowercased) }
  /// The bytes with ASCII letters in upper case.
  public var asciiUppercased: [UInt8] { map(\.asciiUppercased) }

  /// The decimal number that these bytes are; nil when they are none, or have another count of digits.
  ///
  /// Records hold numbers of 15 digits; 18 are the most that can be asked for.
  public func decimal(digits: ClosedRange<Int> = 1...15) -> Int? {
    guard digits.clamped(to: 1...18).contains(count), allSatisfy({ $0.isDigit }) else { return nil }
    return reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}

extension UInt8 {
  public var isDigit: Bool { (0x30...0x39).contains(self) }
  public var asciiLowercased: UInt8 { (0x41...0x5a).contains(self) ? self + 0x20 : self }
  public var asciiUppercased: UInt8 { (0x61...0x7a).contains(self) ? self - 0x20 : self }
}
