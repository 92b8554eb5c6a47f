public import EvidenceBundle
public import Signing

/// Why something could not be done to a bundle.
public struct CustodyError: Error, Hashable, Sendable {
  /// What kind of reason it is; each has its exit code (docs/cli.md).
  public enum Code: Int, Sendable {
    /// A check failed: exit code 1.
    case checkFailed = 1
    /// The order cannot be carried out as given: exit code 2.
    case usage = 2
    /// Something that was given cannot be used: exit code 4.
    case input = 4
    /// The result cannot be written: exit code 5.
    case output = 5
  }
  public let code: Code
  /// The file in question; may be empty.
  public let path: String
  public let message: String

  public init(_ code: Code, _ path: String, _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  public init(_ error: BundleError) {
    self.init([.malformed, .signature].contains(error.code) ? .input : .output, error.path, error.message)
  }

  public init(_ error: SigningError) {
    self.init(error.code == .output ? .output : .input, error.subject, error.message)
  }

  /// Does something with keys or signatures.
  static func signing<Result>(_ body: () throws(SigningError) -> Result) throws(CustodyError) -> Result {
    do throws(SigningError) { return try body() } catch { throw CustodyError(error) }
  }

  /// Does something with a bundle's files.
  static func bundling<Result>(_ body: () throws(BundleError) -> Result) throws(CustodyError) -> Result {
    do throws(BundleError) { return try body() } catch { throw CustodyError(error) }
  }
}
