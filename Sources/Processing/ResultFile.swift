import Custody
import EvidenceBundle
public import EvidenceModel
import Foundation
public import Signing

/// A result that is kept outside bundles: canonical JSON in a file of its own, with a detached signature beside it.
public enum ResultFile {
  /// Where a detached signature of a result stands: beside it.
  public static func signaturePath(of path: String) -> String { BundleLayout.signature(of: path) }

  /// Writes a result into a new file and, with a signer, its signature (CAdES-B-B) beside it.
  ///
  /// Throws when one of them exists or cannot be written, or the key does not sign; then neither is there.
  public static func write(
    _ fields: Fields, to path: String, by signer: Signer? = nil
  ) throws(ProcessingError) {
    try check(path)
    let bytes = CanonicalJSON.bytes(fields)
    guard let signer else { return try writeNew(bytes, to: path) }
    let message: [UInt8]
    do throws(SigningError) { message = try CAdESSignature.sign(bytes, by: [signer], at: SystemClock.now) } catch {
      throw ProcessingError(.input, error.subject, error.message)
    }
    // The signature first: a result that its signer signed never stands without it.
    try writeNew(message, to: signaturePath(of: path))
    do throws(ProcessingError) { try writeNew(bytes, to: path) } catch {
      // Safe: the path is a string of ours, and what lies there was made a line above.
      unsafe unlink(signaturePath(of: path))
      throw error
    }
  }

  /// Throws when `write` could not make a new file here, so that nobody works for hours first.
  ///
  /// Nor may there be the signature of another file, for it would seem to be this one's.
  public static func check(_ path: String) throws(ProcessingError) {
    for name in [path, signaturePath(of: path)] where exists(name) { throw .writing(name, EEXIST) }
    // Safe: the path is a string of ours.
    guard unsafe access(ParentDirectory.of(path), W_OK) == 0 else { throw .writing(path, errno) }
  }

  /// Whether `check` would find a name taken, by a result or by a signature.
  static func isTaken(_ path: String) -> Bool { exists(path) || exists(signaturePath(of: path)) }

  /// Whether something has this name; a link that leads nowhere counts.
  private static func exists(_ path: String) -> Bool {
    var status = stat()
    // Safe: the path is a string of ours, and the structure a variable of ours.
    return unsafe lstat(path, &status) == 0
  }

  /// Writes a new file whole; removes the part of one that could not be finished.
  private static func writeNew(_ bytes: [UInt8], to path: String) throws(ProcessingError) {
    do throws(BundleError) { try BundleWriter.write(bytes, to: path) } catch {
      // Safe: the path is a string of ours. What somebody else made in the meantime stays.
      if error.message != ProcessingError.systemText(EEXIST) { unsafe unlink(path) }
      throw ProcessingError(.output, error.path, error.message)
    }
  }
}
