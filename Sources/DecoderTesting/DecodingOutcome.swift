public import ByteReading
public import DecoderKit
public import EvidenceModel

/// What a decoder made of a sample.
public struct DecodingOutcome: Sendable {
  public struct EmittedRecord: Hashable, Sendable {
    public let kind: String
    public let fields: Fields
    public let side: Side
    public let trace: Trace
  }
  public struct Content: Hashable, Sendable {
    public struct Hole: Hashable, Sendable {
      public let at: Int
      public let byteCount: Int
      public init(at place: Int, _ byteCount: Int) {
        at = place
        self.byteCount = byteCount
      }
    }
    public var description: ContentDescription
    public let side: Side
    /// The bytes as appended, codings not undone, holes left out.
    public var bytes: [UInt8]
    public var holes: [Hole] = []
    public var isWhole = false
    public var isClosed = false
  }
  public struct Stream: Hashable, Sendable {
    public struct Packet: Hashable, Sendable {
      public let header: MediaPacketHeader
      public let payload: Range<Int>
    }
    public let identifier: UInt32
    public let side: Side
    public var packets: [Packet] = []
    /// Nil while the stream is open.
    public var verdict: MediaStream.Verdict?
    public var evidence = ""
    init(identifier: UInt32, side: Side) {
      self.identifier = identifier
      self.side = side
    }
  }

  public struct Expansion: Hashable, Sendable {
    public let compression: StreamCompression
    public let side: Side
  }

  public var records: [EmittedRecord] = []
  public var findings: [Finding] = []
  public var contents: [Content] = []
  public var signals: [CallSignal] = []
  public var reports: [MediaReport] = []
  public var streams: [Stream] = []
  /// Conversations that were expected.
  public var expected: [ExpectedConversation] = []
  /// Sides that were said to be compressed from some place on.
  public var expansions: [Expansion] = []
  /// What `decode`, `skip` or `close` threw; the session was finished after it.
  public var failure: ReadError?
  /// Breaches of the rules of the plugin API.
  public var violations: [String] = []
  /// Bytes shown and never consumed, by side.
  public var unconsumed: [Side: Int] = [:]

  public init() {}

  /// Each record as `kind {json}`, for comparison in tests.
  public var recordLines: [String] {
    records.map { "\($0.kind) \(CanonicalJSON.text(.object($0.fields)))" }
  }
}
