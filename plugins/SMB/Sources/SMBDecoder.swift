public import DecoderKit

/// Decodes SMB 2 and 3 that is not encrypted (MS-SMB2), and names and files of SMB 1 (MS-CIFS, MS-SMB), on any port.
public struct SMBDecoder: EvidenceDecoder {
  private static let names = [
    FieldDeclaration("path", .text, "the file's path on the share"),
    FieldDeclaration("fileName", .text, "the last part of the path"),
    FieldDeclaration("share", .text, "the share as the client named it"),
    FieldDeclaration("user", .text, "who is logged in, as DOMAIN\\name"),
  ]

  public static let identity = DecoderIdentity(
    name: "smb", version: "1.0", summary: "Server Message Block: logins, shares, files that were read and written",
    kinds: [
      RecordKind(
        "smb/session", "One login, or one attempt",
        [
          FieldDeclaration("user", .text, "the name, as DOMAIN\\name"),
          FieldDeclaration("domain", .text, "the domain that the client names"),
          FieldDeclaration("workstation", .text, "the client's own name"),
          FieldDeclaration("mechanism", .text, "NTLM, NTLM, anonymous, Kerberos or unknown"),
          FieldDeclaration("dialect", .text, "the version that was agreed on, such as 3.1.1"),
          FieldDeclaration("ntStatus", .text, "the status of the answer; 0x00000000 is success"),
          FieldDeclaration("isGuest", .boolean, "the server took the client for a guest"),
          FieldDeclaration("sessionID", .text, "the session's identifier"),
        ]),
      RecordKind(
        "smb/tree", "One share that a client connected to",
        [
          FieldDeclaration("share", .text, "the share as the client named it"),
          FieldDeclaration("shareType", .text, "disk, pipe or printer"),
          FieldDeclaration("user", .text, "who is logged in, as DOMAIN\\name"),
          FieldDeclaration("ntStatus", .text, "the status of the answer; 0x00000000 is success"),
        ]),
      RecordKind(
        "smb/file", "One file, folder or pipe that a client opened, or tried to",
        names + [
          FieldDeclaration("isPipe", .boolean, "it is a named pipe"),
          FieldDeclaration("isDirectory", .boolean, "it is a folder"),
          FieldDeclaration("disposition", .text, "what the client asked for: open, create, overwrite …"),
          FieldDeclaration("action", .text, "what the server did: opened, created, overwritten, superseded"),
          FieldDeclaration("ntStatus", .text, "the status of an open that failed"),
          FieldDeclaration("fileByteCount", .integer, "the file's size when it was opened"),
          FieldDeclaration("fileCreatedAt", .time, "when it was created, by the server's clock"),
          FieldDeclaration("fileModifiedAt", .time, "when it was last written, by the server's clock"),
          FieldDeclaration("openedAt", .time, "when the answer to the open was captured"),
          FieldDeclaration("closedAt", .time, "when the answer to the close was captured"),
          FieldDeclaration("isClosed", .boolean, "its close was captured"),
          FieldDeclaration("isDeleted", .boolean, "the client asked to delete it"),
          FieldDeclaration("renamedTo", .text, "the path that the client gave it"),
          FieldDeclaration("refusedWrites", .integer, "requests to write that the server refused"),
        ]),
      RecordKind(
        "smb/transfer", "What was read of a file, or written to it, while it was open",
        names + [
          FieldDeclaration("direction", .text, "download (read) or upload (written)"),
          FieldDeclaration(
            "offset", .integer, "the byte of the file with which the artefact begins, when not the first"),
          FieldDeclaration("announcedByteCount", .integer, "the file's size when it was opened"),
          FieldDeclaration("repeatedBytes", .integer, "bytes that were read or written again"),
          FieldDeclaration("sha256", .text, "the stored bytes"),
          FieldDeclaration("byteCount", .integer, "bytes of what is stored, holes included"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing from the first byte to the last"),
        ]),
      RecordKind(
        "smb/encrypted", "The encrypted messages of one session; their content cannot be read",
        [
          FieldDeclaration("sessionID", .text, "the session's identifier"),
          FieldDeclaration("messageCount", .integer, "messages of both sides"),
          FieldDeclaration("byteCount", .integer, "their bytes"),
        ]),
    ],
    limits: [
      NamedLimit("bytes of a message that is read as a whole", FrameReading.maximumWhole, "bytes"),
      NamedLimit("bytes of a message", FrameReading.maximumFrame, "bytes"),
      NamedLimit("messages of a compound", SMB2Reading.maximumCompound, "messages"),
      NamedLimit("requests that wait for a response", SMB2Reading.maximumWaiting, "requests"),
      NamedLimit("sessions, and shares, of a connection", SMB2Reading.maximumNames, "each"),
      NamedLimit("files that are open at once", OpenFileList.maximumOpen, "files"),
      NamedLimit("files with content that are open at once", OpenFileList.maximumContents, "files"),
      NamedLimit("bytes held until those before them come", ContentAssembly.maximumHeldBytes, "bytes"),
      NamedLimit("pieces of a file held until those before them come", ContentAssembly.maximumHeldPieces, "pieces"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier else { return .none }
    return FrameReading.claim(bytes, isOwnPort: context.carrier.usesPort(139, 445))
  }

  public func makeSession(in context: borrowing DecodingContext) -> SMBSession { SMBSession() }
}
