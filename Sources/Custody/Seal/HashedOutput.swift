import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation

/// Bytes that go into a new file, or nowhere, and are hashed on the way; memory does not grow with them.
@safe final class HashedOutput {
  private static let bufferBytes = 1 << 20
  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var sha256 = ShortHash()
  private var sha512 = LongHash()
  private(set) var byteCount: UInt64 = 0

  /// Only hashes.
  init() {
    path = ""
    descriptor = -1
  }

  /// Writes a new file.
  init(path: String) throws(BundleError) {
    self.path = path
    // Safe: the path is a string of ours.
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system(path, errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func write(_ bytes: some Collection<UInt8>) throws(BundleError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  private func flush() throws(BundleError) {
    // Safe: the bytes are read within the calls.
    unsafe buffer.withUnsafeBytes {
      unsafe sha256.update($0)
      unsafe sha512.update($0)
    }
    byteCount += UInt64(buffer.count)
    if descriptor >= 0 { try BundleWriter.write(buffer, into: descriptor, of: path) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Waits until the disk has it, and gives the hashes.
  func finish() throws(BundleError) -> FileHashes.Digest {
    try flush()
    guard descriptor < 0 || fsync(descriptor) == 0 else { throw .system(path, errno) }
    return FileHashes.Digest(
      sha256: sha256.finalise(), sha512: sha512.finalise(), byteCount: byteCount, chunks: nil)
  }
}
