import DecoderKit

/// The header of a message of SMB 1 (MS-CIFS, 2.2.3.1).
struct SMB1Header: Hashable {
  static let byteCount = 32

  enum Command: UInt8 {
    case close = 0x04
    case delete = 0x06
    case rename = 0x07
    case lock = 0x24
    case open = 0x2d
    case read = 0x2e
    case write = 0x2f
    case sessionSetup = 0x73
    case logoff = 0x74
    case treeConnect = 0x75
    case create = 0xa2

    /// Whether another command may follow in the same message.
    var isChained: Bool { rawValue >= Command.lock.rawValue }
  }

  /// What joins a response with its request.
  struct Key: Hashable {
    let process: UInt16
    let message: UInt16
    let command: UInt8
    /// Sorts by time, as far as identifiers tell it.
    var order: (UInt16, UInt16, UInt8) { (message, process, command) }
  }

  let command: UInt8
  let status: UInt32
  let isResponse: Bool
  let isUnicode: Bool
  let tree: UInt16
  let process: UInt16
  let user: UInt16
  let message: UInt16

  var isSuccess: Bool { status == 0 }

  init(_ reader: inout ByteReader) throws(ReadError) {
    try reader.skip(4, "protocol")
    command = try reader.read("command")
    status = try reader.readLittleEndian("status")
    isResponse = try reader.read(UInt8.self, "flags") & 0x80 != 0
    isUnicode = try reader.readLittleEndian(UInt16.self, "flags") & 0x8000 != 0
    try reader.skip(12, "header")
    tree = try reader.readLittleEndian("tree identifier")
    process = try reader.readLittleEndian("process identifier")
    user = try reader.readLittleEndian("user identifier")
    message = try reader.readLittleEndian("message identifier")
  }

  func key(_ command: UInt8) -> Key { Key(process: process, message: message, command: command) }

  /// Reads a text up to its zero; of UTF-16 it begins at an even place of the message (MS-CIFS, 2.2.1.1).
  func text(_ reader: inout ByteReader) throws(ReadError) -> WireText {
    guard isUnicode else {
      let length = reader.distance(to: 0) ?? reader.remaining
      let text = WireText(bytes: try reader.take(length, "text").array())
      if reader.remaining > 0 { try reader.skip(1, "text") }
      return text
    }
    if reader.offset % 2 == 1, reader.remaining > 0 { try reader.skip(1, "padding") }
    var bytes: [UInt8] = []
    while reader.remaining >= 2 {
      let unit = try reader.take(2, "text").array()
      if unit == [0, 0] { break }
      bytes += unit
    }
    return WireText(utf16: bytes)
  }
}
