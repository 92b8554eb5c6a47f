public import DecoderKit

/// Decodes rlogin (RFC 1282).
public struct RloginDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "rlogin", version: "1.0", summary: "rlogin: who logs in to which account, what was typed and what was shown",
    kinds: [
      RecordKind(
        "rlogin/session", "One connection",
        [
          FieldDeclaration("clientUser", .text, "the user's name on the client's host, as the client states it"),
          FieldDeclaration(
            "user", .text, "the last name typed at a prompt for one, else the account that is asked for"),
          FieldDeclaration("userNames", .list, "the account that is asked for, and every name typed at a prompt"),
          FieldDeclaration("terminalType", .text, "the client's terminal"),
          FieldDeclaration("terminalSpeed", .text, "its speed, in bits a second"),
          FieldDeclaration("windowWidth", .integer, "columns of the window, as last told"),
          FieldDeclaration("windowHeight", .integer, "its rows"),
          FieldDeclaration(
            "isAccepted", .boolean, "the server took the names; absent where its answer was not captured"),
          FieldDeclaration("lineCount", .integer, "lines of both sides"),
          FieldDeclaration("withheldCount", .integer, "lines of which something is withheld"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing from the capture, and all of it was read"),
          FieldDeclaration("transcriptSha256", .text, "the dialogue as text, with times"),
        ]),
      RecordKind(
        "rlogin/line", "One line that a side sent",
        [
          FieldDeclaration("speaker", .text, "client or server"),
          FieldDeclaration("text", .text, "the line without its end; what is typed at prompts for secrets is withheld"),
          FieldDeclaration("isWhole", .boolean, "false of a line that was cut, or whose end is missing"),
          FieldDeclaration("isWithheld", .boolean, "something of it is withheld"),
        ]),
    ],
    limits: [
      NamedLimit("bytes of the names that a client begins with", Opening.maximumByteCount, "bytes"),
      NamedLimit("bytes of a line", TerminalDialogue.maximumLineByteCount, "bytes"),
      NamedLimit("names of users that are kept", TerminalDialogue.maximumUserCount, "names"),
      NamedLimit("bytes of a transcript", Transcript.maximumByteCount, "bytes"),
    ])

  /// IANA's port of `login`.
  static let port: UInt16 = 513

  public init() {}

  /// What a client begins with is enough on any port; on port 513 the server's answer and text are, too.
  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier, bytes.byteCount > 0 else { return .none }
    let isOwnPort = context.carrier.usesPort(Self.port)
    let isServer = isOwnPort && context.carrier.endpoint(of: side)?.port == Self.port
    if bytes[0] == 0, !isServer {
      var opening = Opening()
      var reader = ByteReader(bytes)
      // Each turn takes a byte.
      while opening.state == .open, let byte: UInt8 = try? reader.read("name") { opening.take(byte) }
      switch opening.state {
      case .whole: return .content
      case .open: return .needsMore
      case .odd: return .none
      }
    }
    guard isOwnPort else { return .none }
    // A server's answer to the names is a zero byte; in text there is none.
    let text = bytes.extracting(first: 64).array().drop { $0 == 0 }
    return bytes[0] == 0 && bytes.byteCount > 1 && bytes[1] == 0 || !text.allSatisfy(Self.isText) ? .none : .port
  }

  /// Letters, keys, and what controls the client and tells of its window.
  private static func isText(_ byte: UInt8) -> Bool { byte > 0 && byte < 0xf8 || byte == 0xff }

  public func makeSession(in context: borrowing DecodingContext) -> RloginSession { RloginSession(context.carrier) }
}

/// What a client begins with: NUL, its user, NUL, the server's user, NUL, terminal and speed, NUL (RFC 1282, page 2).
struct Opening: Hashable {
  static let maximumByteCount = 1_024

  enum State { case open, whole, odd }

  private(set) var state = State.open
  private(set) var clientUser: [UInt8] = []
  private(set) var serverUser: [UInt8] = []
  private(set) var terminal: [UInt8] = []
  private var byteCount = 0
  /// Zero bytes so far.
  private var place = 0

  /// The terminal's type and, behind a slash, its speed.
  var terminalType: [UInt8] { Array(terminal.prefix { $0 != 0x2f }) }
  var terminalSpeed: [UInt8] { Array(terminal.dropFirst(terminalType.count + 1)) }

  mutating func take(_ byte: UInt8) {
    guard state == .open else { return }
    byteCount += 1
    if byte == 0 {
      place += 1
      if place == 3, serverUser.isEmpty { state = .odd }
      if place == 4 { state = isTerminal ? .whole : .odd }
    } else if byte < 0x20 || byte == 0x7f || place == 0 || byteCount >= Self.maximumByteCount {
      state = .odd
    } else {
      switch place {
      case 1: clientUser.append(byte)
      case 2: serverUser.append(byte)
      default: terminal.append(byte)
      }
    }
  }

  private var isTerminal: Bool {
    !terminalType.isEmpty && terminalSpeed.allSatisfy { $0.isDigit || $0 == 0x2f }
  }
}
