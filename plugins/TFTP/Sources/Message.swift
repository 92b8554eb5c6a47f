import DecoderKit

/// One message (RFC 1350, 5; RFC 2347).
enum Message: Hashable {
  case request(Request)
  /// A block, whose bytes stand behind the first four of the datagram.
  case data(block: UInt16)
  case acknowledgement(block: UInt16)
  case error(code: UInt16, text: [UInt8])
  case optionAcknowledgement([Option])

  static let maximumOptionCount = 32
  /// Where a block's bytes begin.
  static let dataOffset = 4

  struct Option: Hashable {
    let name: [UInt8]
    let value: [UInt8]
    var number: Int? { Int(String(decoding: value, as: UTF8.self)) }
  }

  struct Request: Hashable {
    let isWrite: Bool
    let name: [UInt8]
    let mode: [UInt8]
    let options: [Option]
    /// Bytes behind the mode that are no options.
    let hasOddEnd: Bool
  }

  init(_ bytes: RawSpan) throws(ReadError) {
    var reader = ByteReader(bytes)
    let operation: UInt16 = try reader.read("operation")
    switch operation {
    case 1, 2:
      let name = try Self.text(&reader, "file name")
      let mode = try Self.text(&reader, "mode")
      let (options, hasOddEnd) = Self.options(&reader)
      self = .request(
        Request(isWrite: operation == 2, name: name, mode: mode, options: options, hasOddEnd: hasOddEnd))
    case 3: self = .data(block: try reader.read("block"))
    case 4: self = .acknowledgement(block: try reader.read("block"))
    case 5:
      let code: UInt16 = try reader.read("error code")
      let length = reader.distance(to: 0) ?? reader.remaining
      self = .error(code: code, text: try reader.take(length, "error message").array())
    case 6: self = .optionAcknowledgement(Self.options(&reader).list)
    default: throw ReadError(.malformed, at: 0, reading: "operation")
    }
  }

  private static func text(_ reader: inout ByteReader, _ field: StaticString) throws(ReadError) -> [UInt8] {
    guard let length = reader.distance(to: 0) else { throw ReadError(.truncated, at: reader.offset, reading: field) }
    let text = try reader.take(length, field).array()
    try reader.skip(1, field)
    return text
  }

  /// Reads pairs of name and value; what stands behind the last whole pair, or the limit, makes the end odd.
  private static func options(_ reader: inout ByteReader) -> (list: [Option], hasOddEnd: Bool) {
    var list: [Option] = []
    while reader.remaining > 0, list.count < maximumOptionCount {
      guard let name = try? text(&reader, "option"), let value = try? text(&reader, "option value") else {
        return (list, true)
      }
      list.append(Option(name: name, value: value))
    }
    return (list, reader.remaining > 0)
  }

  /// Whether a datagram is a request, by its two texts and its mode.
  static func isRequest(_ bytes: RawSpan) -> Bool {
    guard let end = bytes.firstOffset(of: 0, from: 2), end > 0 else { return false }
    let mode = end + 3
    return ["octet", "netascii", "mail"].contains { (name: StaticString) in
      let length = name.utf8CodeUnitCount
      guard bytes.byteCount > mode + length, bytes[mode + length] == 0 else { return false }
      return bytes.extracting(mode..<(mode + length)).array().equalsIgnoringCase(name)
    }
  }
}
