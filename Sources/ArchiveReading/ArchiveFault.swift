/// Why an archive cannot be read, or not further.
public struct ArchiveFault: Error, Hashable, Sendable {
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    /// It has the form of no archive that is known.
    public static let unknownFormat = Code(rawValue: "unknownFormat")
    /// It is damaged or cut off.
    public static let damaged = Code(rawValue: "damaged")
    /// The list of its members is encrypted.
    public static let encrypted = Code(rawValue: "encrypted")
    public static let system = Code(rawValue: "system")
  }
  public let code: Code
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
