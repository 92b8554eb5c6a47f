/// A header field's value with parameters behind it: `form-data; name="a"; filename*=UTF-8''b` (RFC 2045, 5.1; RFC 6266).
///
/// Quoted strings lose their quotes and backslashes. Limit: `maximumCount` parameters; what stands behind them is left out.
public struct FieldParameters: Hashable, Sendable {
  public static let maximumCount = 200

  public struct Parameter: Hashable, Sendable {
    /// The name in lower case, with the `*` or `*0` that it may end in.
    public let name: [UInt8]
    public let value: [UInt8]
  }

  /// What stands before the first semicolon, in lower case and without white space around it.
  public let value: [UInt8]
  public let parameters: [Parameter]
  /// Where the parameters begin, behind the first semicolon; the count of all bytes when there is none.
  public let parametersOffset: Int

  public init(_ bytes: some Collection<UInt8>) {
    var scanner = Scanner(bytes)
    value = scanner.take { $0 != 0x3b }.trimmed.asciiLowercased
    _ = scanner.next()
    parametersOffset = scanner.offset
    parameters = Self.parameters(&scanner)
  }

  /// Reads parameters that stand alone, such as `boundary=xyz`.
  public init(parametersOnly bytes: some Collection<UInt8>) {
    var scanner = Scanner(bytes)
    value = []
    parametersOffset = 0
    parameters = Self.parameters(&scanner)
  }

  private static func parameters(_ scanner: inout Scanner) -> [Parameter] {
    var list: [Parameter] = []
    while !scanner.isAtEnd, list.count < maximumCount {
      let name = scanner.take { $0 != 0x3d && $0 != 0x3b }.trimmed.asciiLowercased
      guard scanner.next() == 0x3d else { continue }
      _ = scanner.take { $0 == 0x20 || $0 == 0x09 }
      let value: [UInt8]
      if scanner.peek == 0x22 {
        value = scanner.takeQuoted()
        _ = scanner.take { $0 != 0x3b }
      } else {
        value = scanner.take { $0 != 0x3b }.trimmed
      }
      _ = scanner.next()
      if !name.isEmpty { list.append(Parameter(name: name, value: value)) }
    }
    return list
  }

  /// The value of the first parameter of that name, which is given in lower case.
  public func first(_ name: StaticString) -> [UInt8]? {
    parameters.first { $0.name.equalsIgnoringCase(name) }?.value
  }

  /// The value of a parameter that may stand in extended form or in pieces, in UTF-8 (RFC 8187, 3.2; RFC 2231, 3 and 4).
  ///
  /// The extended form goes before the plain one. ISO-8859-1 becomes UTF-8; bytes of other character sets stay as they are.
  public func extended(_ name: StaticString) -> [UInt8]? {
    let wanted = name.description
    let named = { (suffix: String) in
      let full = Array((wanted + suffix).utf8)
      return parameters.first { $0.name == full }?.value
    }
    if let value = named("*") { return Self.decodeExtended(value) }
    if named("*0") != nil || named("*0*") != nil {
      var joined: [UInt8] = []
      var charset: [UInt8] = []
      for piece in 0..<Self.maximumCount {
        if let value = named("*\(piece)*") {
          let (ofPiece, rest) = piece == 0 ? Self.splitCharset(value) : ([], value)
          if piece == 0 { charset = ofPiece }
          joined += Self.percentDecode(rest)
        } else if let value = named("*\(piece)") {
          joined += value
        } else {
          break
        }
      }
      return Self.toUTF8(joined, charset)
    }
    return named("")
  }

  private static func decodeExtended(_ value: [UInt8]) -> [UInt8] {
    let (charset, rest) = splitCharset(value)
    return toUTF8(percentDecode(rest), charset)
  }

  /// Splits `charset'language'value`.
  private static func splitCharset(_ value: [UInt8]) -> (charset: [UInt8], rest: [UInt8]) {
    let parts = value.split(separator: 0x27, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let charset = parts.first, let rest = parts.last else { return ([], value) }
    return (Array(charset), Array(rest))
  }

  private static func toUTF8(_ bytes: [UInt8], _ charset: [UInt8]) -> [UInt8] {
    guard charset.equalsIgnoringCase("iso-8859-1") else { return bytes }
    return bytes.flatMap { $0 < 0x80 ? [$0] : [0xc0 | $0 >> 6, 0x80 | $0 & 0x3f] }
  }

  /// Undoes percent-encoding (RFC 3986, 2.1); a percent sign that two digits do not follow stays.
  public static func percentDecode(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var scanner = Scanner(bytes)
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    while let byte = scanner.next() {
      if byte == 0x25, let high = scanner.peek.flatMap(digit), let low = scanner.peekSecond.flatMap(digit) {
        out.append(high << 4 | low)
        _ = scanner.next()
        _ = scanner.next()
      } else {
        out.append(byte)
      }
    }
    return out
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// A cursor over a copy of the value.
  private struct Scanner {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes) }

    var isAtEnd: Bool { offset >= bytes.count }
    var peek: UInt8? { bytes.indices.contains(offset) ? bytes[offset] : nil }
    var peekSecond: UInt8? { bytes.indices.contains(offset + 1) ? bytes[offset + 1] : nil }

    mutating func next() -> UInt8? {
      guard let byte = peek else { return nil }
      offset += 1
      return byte
    }

    mutating func take(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
      let taken = bytes[offset...].prefix(while: isWanted)
      offset = taken.endIndex
      return taken
    }

    /// Takes a quoted string (RFC 9110, 5.6.4).
    ///
    /// A backslash before anything but a quote or a backslash stays: some senders put Windows paths here (RFC 6266, D).
    mutating func takeQuoted() -> [UInt8] {
      var out: [UInt8] = []
      _ = next()
      while let byte = next(), byte != 0x22 {
        if byte == 0x5c, let escaped = peek, escaped == 0x22 || escaped == 0x5c {
          out.append(escaped)
          _ = next()
        } else {
          out.append(byte)
        }
      }
      return out
    }
  }
}
