import EvidenceBundle
public import EvidenceModel
import Foundation

/// A result that is kept outside bundles: canonical JSON in a file of its own.
public enum ResultFile {
  /// Where a detached signature of a result stands: beside it.
  public static func signaturePath(of path: String) -> String { path + ".p7s" }

  /// Writes a result into a new file. Throws when the file exists or cannot be written.
  public static func write(_ fields: Fields, to path: String) throws(ProcessingError) {
    do throws(BundleError) { try BundleWriter.write(CanonicalJSON.bytes(fields), to: path) } catch {
      throw ProcessingError(.output, error.path, error.message)
    }
  }

  /// Throws when `write` could not make a new file here, so that nobody works for hours first.
  public static func check(_ path: String) throws(ProcessingError) {
    let parent = (path as NSString).deletingLastPathComponent
    // Safe here and below: the paths are strings of ours.
    guard unsafe access(path, F_OK) != 0 else { throw .writing(path, EEXIST) }
    guard unsafe access(parent.isEmpty ? "." : parent, W_OK) == 0 else { throw .writing(path, errno) }
  }
}
