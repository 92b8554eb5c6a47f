import DecoderKit

/// The header of a message (MS-SMB2, 2.2.1).
struct SMB2Header: Hashable {
  static let byteCount = 64

  enum Command: UInt16 {
    case negotiate = 0
    case sessionSetup = 1
    case logoff = 2
    case treeConnect = 3
    case create = 5
    case close = 6
    case read = 8
    case write = 9
    case setInfo = 17
  }

  let status: UInt32
  let command: UInt16
  let flags: UInt32
  /// Where the next message of a compound begins; 0 of the last.
  let next: Int
  let messageID: UInt64
  let treeID: UInt32
  let sessionID: UInt64

  var isResponse: Bool { flags & 1 != 0 }
  var isAsynchronous: Bool { flags & 2 != 0 }
  var isRelated: Bool { flags & 4 != 0 }
  /// STATUS_PENDING: another response follows.
  var isInterim: Bool { isResponse && status == 0x103 && isAsynchronous }
  var isSuccess: Bool { status == 0 }
  /// A response that has its command's form: a success, or a warning such as STATUS_BUFFER_OVERFLOW.
  var hasBody: Bool { status >> 30 != 3 }

  init(_ bytes: RawSpan) throws(ReadError) {
    var reader = ByteReader(bytes)
    try reader.skip(4, "protocol")
    let size: UInt16 = try reader.readLittleEndian("header size")
    guard size == 64 else { throw ReadError(.malformed, at: 4, reading: "header size") }
    try reader.skip(2, "credit charge")
    status = try reader.readLittleEndian("status")
    command = try reader.readLittleEndian("command")
    try reader.skip(2, "credits")
    flags = try reader.readLittleEndian("flags")
    next = Int(try reader.readLittleEndian(UInt32.self, "next command"))
    messageID = try reader.readLittleEndian("message identifier")
    try reader.skip(4, "reserved")
    treeID = try reader.readLittleEndian("tree identifier")
    sessionID = try reader.readLittleEndian("session identifier")
    try reader.skip(16, "signature")
  }

  static func text(status: UInt32) -> String {
    let digits = String(status, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// The name of a version of the protocol (MS-SMB2, 2.2.4).
  static func name(dialect: UInt16) -> String {
    switch dialect {
    case 0x0202: "2.0.2"
    case 0x0210: "2.1"
    case 0x02ff: "2.?"
    case 0x0300: "3.0"
    case 0x0302: "3.0.2"
    case 0x0311: "3.1.1"
    default: String(dialect, radix: 16)
    }
  }
}

/// An open's identifier (MS-SMB2, 2.2.14.1).
struct FileID: Hashable {
  let persistent: UInt64
  let volatile: UInt64

  init(_ reader: inout ByteReader) throws(ReadError) {
    persistent = try reader.readLittleEndian("file identifier")
    volatile = try reader.readLittleEndian("file identifier")
  }

  /// The identifier of a former version's message, in one number.
  init(short: UInt16) {
    persistent = 0
    volatile = UInt64(short)
  }

  /// It stands for the file of the message before in a compound (MS-SMB2, 3.3.5.2.7.2).
  var isOfFormerMessage: Bool { persistent == .max && volatile == .max }
}
