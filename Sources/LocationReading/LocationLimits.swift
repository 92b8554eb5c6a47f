/// The bounds of reading a track: whatever a file holds, memory stays below what follows from these.
public struct LocationLimits: Hashable, Sendable {
  /// Bytes of one token of XML: a tag with its attributes, a comment; text between tags has no limit.
  public var tokenByteCount = 1 << 20
  /// Elements inside each other.
  public var depth = 64
  /// Different names of elements and attributes.
  public var nameCount = 4_096
  /// Bytes of such a name.
  public var nameByteCount = 256
  /// Bytes of a document type with its declarations, to within a piece.
  public var documentTypeByteCount = 1 << 16
  /// Entities, and likewise attributes with a default, that a document type may declare; nothing external is ever fetched.
  public var entityCount = 64
  /// Bytes of a declared entity. One with a reference or an element in it is refused, so that none can grow or hold points.
  public var entityByteCount = 256
  /// How many times as long as the document its entities may make it, once they have made 256 KiB.
  public var entityAmplification = 4
  /// Bytes of a name or another text that is kept; longer ones are cut, with a damage.
  public var textByteCount = 4_096
  /// Bytes of an NMEA sentence with what stands before it in its line; the standard allows 82.
  public var sentenceByteCount = 1_024
  /// Sentences that make up one fix.
  public var sentencesOfFix = 64
  /// Times of a `gx:Track` that wait for their coordinates.
  public var waitingTimes = 1_048_576
  /// Points of a Placemark that wait for its end, for a time or name behind them.
  public var waitingPoints = 64
  /// Damages of one code that are given one by one; the rest comes as one, with its count.
  public var damagesOfCode = 1_000

  public init() {}
}
