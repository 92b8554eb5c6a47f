import EvidenceModel
import Foundation
import Synchronization

/// Hashes files on a thread beside the workers.
final class FileHashing: Sendable {
  private let results = Mutex<(hashes: [UInt16: ContentHash], failure: ProcessingError?)>(([:], nil))
  private let done = DispatchSemaphore(value: 0)

  init(_ originals: [(number: UInt16, path: String)]) {
    Thread.detachNewThread { [self] in
      for (number, path) in originals {
        do throws(ProcessingError) {
          let hash = try OriginalIntake.read(path, into: nil) { _ in }
          results.withLock { $0.hashes[number] = hash }
        } catch {
          results.withLock { $0.failure = error }
          break
        }
      }
      done.signal()
    }
  }

  /// Waits for the hashes, by original. Throws when one could not be read.
  func wait() throws(ProcessingError) -> [UInt16: ContentHash] {
    done.wait()
    let (hashes, failure) = results.withLock { ($0.hashes, $0.failure) }
    if let failure { throw failure }
    return hashes
  }
}
