import Glibc

/// Why a bundle could not be written or read.
public struct BundleError: Error, Hashable, Sendable {
  public enum Code: String, Sendable {
    /// Something stands where the bundle was to be.
    case exists
    /// The system refused.
    case system
    /// The disk is full.
    case full
    /// The bundle contradicts its format.
    case malformed
    /// What was to be signed could not be.
    case signature
  }
  public let code: Code
  public let path: String
  public let message: String

  public init(_ code: Code, _ path: String, _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  public static func system(_ path: String, _ number: Int32) -> BundleError {
    // Safe: strerror gives a string that stays.
    BundleError(number == ENOSPC ? .full : .system, path, unsafe String(cString: strerror(number)))
  }
}
