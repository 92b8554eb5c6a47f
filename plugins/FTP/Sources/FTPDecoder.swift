public import DecoderKit

/// Decodes FTP (RFC 959) with the connections that carry its files (RFC 2428), listings (RFC 3659) and TLS (RFC 4217).
///
/// The control connection names the data connection's endpoint, so its session expects that conversation. Nothing is taken for
/// FTP's data whose control connection the capture lacks.
public struct FTPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "ftp", version: "1.0", summary: "File Transfer Protocol: commands, files and listings",
    kinds: [
      RecordKind(
        "ftp/command", "One command with its reply; either may be missing when the capture lacks it",
        [
          FieldDeclaration("command", .text, "the command's name; absent of the greeting"),
          FieldDeclaration("argument", .text, "what stands behind it; passwords are withheld"),
          FieldDeclaration("user", .text, "the name given by USER"),
          FieldDeclaration("status", .integer, "the code of the final reply"),
          FieldDeclaration("reason", .text, "the text of that reply's last line"),
          FieldDeclaration("replyLines", .list, "the lines of a final reply that has several"),
          FieldDeclaration("interimStatuses", .list, "codes of replies before the final one"),
          FieldDeclaration("requestedAt", .time, "when the command was captured"),
          FieldDeclaration("respondedAt", .time, "when the final reply was captured"),
        ]),
      RecordKind(
        "ftp/transfer", "One file or listing that was asked for or sent",
        [
          FieldDeclaration("command", .text, "RETR, STOR, STOU, APPE, LIST, NLST or MLSD"),
          FieldDeclaration("path", .text, "the file or folder as the command, or the reply to STOU, names it"),
          FieldDeclaration("fileName", .text, "the last part of the path"),
          FieldDeclaration("workingDirectory", .text, "the folder that the path is relative to, where it is known"),
          FieldDeclaration("direction", .text, "download or upload"),
          FieldDeclaration("isListing", .boolean, "it is a listing of a folder"),
          FieldDeclaration("user", .text, "the name given by USER"),
          FieldDeclaration("representation", .text, "the type set by TYPE: A (lines end with CR LF), I (as it is) …"),
          FieldDeclaration("restartOffset", .integer, "the byte of the file with which it begins (REST)"),
          FieldDeclaration("interimStatuses", .list, "codes of replies before the final one"),
          FieldDeclaration("status", .integer, "the code of the final reply"),
          FieldDeclaration("reason", .text, "the text of that reply's last line"),
          FieldDeclaration("announcedByteCount", .integer, "the size that a reply or ALLO names"),
          FieldDeclaration("connection", .text, "passive or active: who opened the data connection"),
          FieldDeclaration("dataClient", .text, "the client's endpoint of the data connection"),
          FieldDeclaration("dataServer", .text, "the server's endpoint of the data connection"),
          FieldDeclaration("attachedBy", .text, "signalling, inferred, or none without a data connection"),
          FieldDeclaration("evidence", .text, "on what an inferred attachment rests"),
          FieldDeclaration("sha256", .text, "the stored bytes, as they were sent"),
          FieldDeclaration("byteCount", .integer, "bytes of what is stored"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing, and the server confirmed the end"),
          FieldDeclaration("requestedAt", .time, "when the command was captured"),
          FieldDeclaration("respondedAt", .time, "when the final reply was captured"),
        ]),
      RecordKind(
        "ftp/session", "One control connection",
        [
          FieldDeclaration("user", .text, "the last name given by USER"),
          FieldDeclaration("transferCount", .integer, "commands that move a file or a listing"),
        ] + DialogueTranscript.fields),
    ],
    limits: [
      NamedLimit("bytes of a line", ControlSession.maximumLine, "bytes"),
      NamedLimit("lines of a reply that are kept", ReplyReading.maximumLineCount, "lines"),
      NamedLimit("commands that wait for a reply", ControlSession.maximumWaiting, "commands"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier, bytes.byteCount > 0 else { return .none }
    return SessionStart.claim(bytes, isOwnPort: context.carrier.usesPort(21))
  }

  public func makeSession(in context: borrowing DecodingContext) -> FTPSession {
    FTPSession(.control(ControlSession()))
  }

  public func makeSession(in context: borrowing DecodingContext, expectedFor purpose: AnyObject) -> FTPSession {
    guard let connection = purpose as? DataConnection else { return makeSession(in: context) }
    return FTPSession(.data(DataSession(connection, over: context.carrier)))
  }
}

/// A control connection, or a data connection.
public struct FTPSession: DecodingSession {
  enum Role {
    case control(ControlSession)
    case data(DataSession)
  }
  private let role: Role

  init(_ role: Role) { self.role = role }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    switch role {
    case .control(let session): return try session.decode(bytes, from: side, &sink)
    case .data(let session):
      try session.take(bytes, from: side, &sink)
      return .consumed(bytes.byteCount)
    }
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    switch role {
    case .control(let session): try session.skip(gap, from: side, &sink)
    case .data(let session): try session.skip(gap.byteCount, from: side, &sink)
    }
  }

  public mutating func close(
    _ side: Side, because end: StreamEnd, into sink: inout EvidenceSink
  ) throws(ReadError) {
    if case .data(let session) = role { session.close(side, because: end) }
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    switch role {
    case .control(let session): try? session.finish(&sink)
    case .data(let session): try? session.finish(&sink)
    }
  }
}
