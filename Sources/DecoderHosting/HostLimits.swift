public import DecoderKit

/// The bounds that the host sets to every decoder.
public struct HostLimits: Hashable, Sendable {
  /// Bytes of one side that a session may leave unconsumed while it waits for more.
  public var pendingBytes = 4 << 20
  /// Bytes of one side that are looked at to find the decoder.
  public var claimBytes = 8_192
  /// Places of a stream without a beginning, or after a gap or fault, at which a decoder is looked for again.
  public var claimAttempts = 32
  public var recordsPerConversation: UInt32 = 4_000_000
  public var findingsPerConversation = 1_000
  /// Other versions of a conversation's bytes, and bytes that came too late, that are kept as artefacts.
  public var versionsPerConversation = 64
  /// Artefacts of one session that are open at once.
  public var openContents = 256
  /// Media streams of one session.
  public var streamsPerConversation = 1_024
  /// Conversations that one session expects at once.
  public var expectedConversations = 16
  /// Bytes of all holes of an artefact that are filled with zeros; more end the artefact.
  public var holeBytes = 64 << 20
  /// How deep files may stand in files.
  public var depth = 8
  /// Bytes that one artefact may have when its codings are undone.
  public var expandedBytes = 1 << 30
  /// How many times larger an artefact may become, once it has `expansionFloor` bytes.
  public var expansionRatio = 250
  public var expansionFloor = 16 << 20
  /// Bytes of an encoded artefact that are kept beside it until it is decoded to its end.
  public var encodedBytes = 64 << 10
  /// Bytes of one text field; a longer one is cut, with a finding.
  public var textBytes = 1 << 20

  public init() {}

  /// The limits by name, for the documentation and the bundle.
  public var named: [NamedLimit] {
    [
      NamedLimit("pending bytes of a side", pendingBytes, "bytes"),
      NamedLimit("bytes looked at for a claim", claimBytes, "bytes"),
      NamedLimit("claim attempts", claimAttempts, "places"),
      NamedLimit("records of a conversation", Int(recordsPerConversation), "records"),
      NamedLimit("findings of a conversation", findingsPerConversation, "findings"),
      NamedLimit("kept versions of a conversation's bytes", versionsPerConversation, "artefacts"),
      NamedLimit("open artefacts of a session", openContents, "artefacts"),
      NamedLimit("media streams of a conversation", streamsPerConversation, "streams"),
      NamedLimit("conversations that a session expects", expectedConversations, "conversations"),
      NamedLimit("bytes of an artefact's holes", holeBytes, "bytes"),
      NamedLimit("depth of files in files", depth, "levels"),
      NamedLimit("bytes of an expanded artefact", expandedBytes, "bytes"),
      NamedLimit("bytes kept of what cannot be decoded", encodedBytes, "bytes"),
      NamedLimit("expansion ratio beyond \(expansionFloor) bytes", expansionRatio, "times"),
    ]
  }
}
