public import EvidenceModel

/// What a decoder knows of an artefact before its bytes come.
public struct ContentDescription: Hashable, Sendable {
  /// What it was, such as `http response body`.
  public var role: String
  /// The name its sender gave it, as it stood on the wire; never used as a file name.
  public var name: [UInt8]?
  /// The media type its sender declared, without parameters and in lower case; empty when none.
  public var mediaType: String
  /// The media type's parameters as they stood, such as `boundary=xyz`.
  public var parameters: String
  /// The codings to undo, in the order in which to undo them.
  public var codings: [ContentCoding]
  /// How many bytes its sender announced, before codings are undone.
  public var announcedByteCount: Int?
  /// Whether the decoder makes it of what was captured, as a transcript; no file decoder is asked for it.
  public var isComputed = false

  public init(role: String, mediaType: String = "", parameters: String = "", codings: [ContentCoding] = []) {
    self.role = role
    self.mediaType = mediaType
    self.parameters = parameters
    self.codings = codings
  }
}

/// A coding that the host undoes, within its limits (RFC 9110, 8.4.1; RFC 4648).
public enum ContentCoding: String, Hashable, Sendable, CaseIterable {
  /// RFC 1952; several members in a row are one file.
  case gzip
  /// RFC 1950, or RFC 1951 without its wrapper as some servers send it.
  case deflate
  /// RFC 7932.
  case brotli = "br"
  /// RFC 4648, 4; line ends are passed over.
  case base64
  /// RFC 2045, 6.7.
  case quotedPrintable = "quoted-printable"
  /// IEEE Std 1003.1, uuencode, historical form: from the line `begin` to the line `end`.
  case uuencode
  /// MS-OXRTFCP: the text of a message as Outlook compresses it.
  case compressedRTF = "compressed-rtf"

  /// The coding that Content-Transfer-Encoding names (RFC 2045, 6.1); nil of those that change nothing, and of unknown ones.
  public init?(transferCoding name: some Collection<UInt8>) {
    if name.equalsIgnoringCase("base64") {
      self = .base64
    } else if name.equalsIgnoringCase("quoted-printable") {
      self = .quotedPrintable
    } else {
      return nil
    }
  }
}

/// An artefact that was stored.
public struct ContentReference: Hashable, Sendable {
  public let hash: ContentHash
  /// Bytes stored, codings undone.
  public let byteCount: Int
  /// False when bytes are missing, its sender meant more to follow, or a coding could not be undone to its end.
  public let isComplete: Bool
  /// All packets that its bytes came from.
  public let trace: Trace

  package init(hash: ContentHash, byteCount: Int, isComplete: Bool, trace: Trace) {
    self.hash = hash
    self.byteCount = byteCount
    self.isComplete = isComplete
    self.trace = trace
  }
}
