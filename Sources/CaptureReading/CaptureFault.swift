/// Why an original, or the rest of it, could not be read as a capture.
public struct CaptureFault: Error, Hashable, Sendable {
  public enum Code: String, Sendable {
    /// The system refused to open or read the file.
    case system
    /// The file has no bytes.
    case empty
    /// The first bytes are those of no capture format that is known.
    case unknownFormat
    /// The format is known and not supported.
    case unsupportedFormat
    /// The file ends inside a header, block or packet.
    case truncated
    /// Lengths or markers contradict the format.
    case corrupted
  }

  public let code: Code
  /// The offset in the original of the first byte that could not be used.
  public let offset: UInt64
  /// One sentence for people: what was wrong.
  public let message: String

  public init(_ code: Code, at offset: UInt64, _ message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }
}
