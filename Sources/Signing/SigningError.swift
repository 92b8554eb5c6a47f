/// Why a key, a certificate or a signature cannot be used.
public struct SigningError: Error, Hashable, Sendable {
  public struct Code: Hashable, Sendable {
    let name: String
    /// The file or token cannot be read.
    public static let unreadable = Code(name: "unreadable")
    /// It is no key, certificate, signature or time-stamp of a form that is known.
    public static let malformed = Code(name: "malformed")
    /// The pass-phrase or PIN is missing or wrong.
    public static let passPhrase = Code(name: "passPhrase")
    /// Key, certificate or algorithm do not fit each other or are not supported.
    public static let unsuitable = Code(name: "unsuitable")
    /// The file exists or cannot be written.
    public static let output = Code(name: "output")
  }

  public let code: Code
  /// The file or token that it is about.
  public let subject: String
  public let message: String

  public init(_ code: Code, _ subject: String, _ message: String) {
    (self.code, self.subject, self.message) = (code, subject, message)
  }
}

extension SigningError: CustomStringConvertible {
  public var description: String { subject.isEmpty ? message : "\(subject): \(message)" }
}
