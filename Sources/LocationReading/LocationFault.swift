/// Why a file, or the rest of it, could not be read as a location track; what was given before stays.
public struct LocationFault: Error, Hashable, Sendable {
  public enum Code: String, Sendable {
    /// The system refused to read the file, or has no memory.
    case system
    /// The file ends inside a document or an element.
    case truncated
    /// The file breaks the rules of XML.
    case malformed
    /// The document is another one than was announced.
    case otherFormat
    /// The document is in an encoding that is not read: other than UTF-8, UTF-16, ISO-8859-1 and US-ASCII.
    case unsupportedEncoding
    /// A bound of `LocationLimits` was reached.
    case limitExceeded
  }

  public let code: Code
  /// The offset in the file of the first byte that could not be used.
  public let offset: UInt64
  /// One sentence for people: what was wrong.
  public let message: String

  public init(_ code: Code, at offset: UInt64, _ message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }
}

extension LocationFault: CustomStringConvertible {
  public var description: String { "\(code.rawValue) at byte \(offset): \(message)" }
}
