import Foundation

/// Why a run could not be done; each carries what the command line prints and returns.
public struct ProcessingError: Error, Hashable, Sendable {
  public enum Code: String, Sendable {
    /// What was asked for makes no sense.
    case usage
    /// An input cannot be opened at all.
    case input
    /// The output could not be written.
    case output
    /// An original changed while it was used, or is not what was expected.
    case originalChanged
    case expectation
    /// A defect of ours.
    case defect
  }
  public let code: Code
  /// The file it is about, as the user named it; empty when none.
  public let path: String
  public let message: String

  public init(_ code: Code, _ path: String, _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  static func writing(_ path: String, _ number: Int32) -> ProcessingError {
    ProcessingError(.output, path, systemText(number))
  }

  static func systemText(_ number: Int32) -> String {
    // Safe: strerror gives a string that stays.
    unsafe String(cString: strerror(number))
  }
}
