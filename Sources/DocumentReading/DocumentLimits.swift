/// The bounds of what is read of documents' own statements.
public enum DocumentLimits {
  /// Documents larger than this are not read for what they say of themselves.
  public static let documentBytes = 512 << 20
  /// Statements of one document.
  public static let properties = 2_000
  /// Bytes of one statement that are kept.
  public static let valueBytes = 4_096
  /// Bytes of an XML part with properties.
  public static let partBytes = 1 << 20
  /// Elements inside each other.
  public static let depth = 64
  /// Segments or chunks of a picture that are looked at.
  public static let segments = 10_000
}
