public import EvidenceModel

/// Something in a track that could not be used, or only by a rule that a reader must know.
public struct LocationDamage: Hashable, Sendable {
  /// What kind; stable, for programs.
  public enum Code: String, Sendable, CaseIterable {
    /// A position that is missing, is no plain decimal or lies outside the globe: there is no point.
    case position
    /// Another field of a point that is no plain decimal or out of its range: the point stands without it.
    case field
    /// A time that cannot be read or be held: the point has none.
    case time
    /// A time without a zone: in GPX taken as UTC, as GPX demands; in KML not taken.
    case zoneMissing
    /// Two places say different things about one fix.
    case contradiction
    /// A line or piece that is no sentence (NMEA).
    case line
    /// A sentence that does not have its checksum (NMEA).
    case checksum
    /// A sentence that has no checksum (NMEA).
    case checksumMissing
    /// A sentence with a right checksum whose fields cannot be read (NMEA).
    case sentence
    /// Times and coordinates of a `gx:Track` that do not pair.
    case pairing
    /// A text was cut at its limit.
    case textCut
    /// A part of the document was not read: an entity that is outside or not known.
    case entity
    /// A position at a place that is not read: a polygon (KML), a point outside of its segment or track (GPX).
    case leftOut
    /// A bound was reached; what is beyond it was not used.
    case limit
  }

  public let code: Code
  public let bytes: FileRange
  /// One sentence for people.
  public let message: String
  /// How many there are; more than 1 in the last one of a code, which stands for those beyond the limit.
  public let count: Int

  public init(_ code: Code, _ bytes: FileRange, _ message: String, count: Int = 1) {
    self.code = code
    self.bytes = bytes
    self.message = message
    self.count = count
  }

  /// Whether something was lost (warning) or only decided by a rule (notice).
  public var severity: Finding.Severity { code == .zoneMissing ? .notice : .warning }
}
