import EvidenceBundle
import Foundation
import Synchronization

/// A new directory outside of everything that is kept, removed with all in it when nobody holds it any more.
final class ScratchDirectory {
  let path: String

  /// Those of this program that are there; whoever ends it leaves nothing of the evidence behind either.
  private static let open = Mutex<Set<String>>([])
  // Safe: made once, and only held.
  nonisolated(unsafe) private static let watches: [any DispatchSourceSignal] = [SIGINT, SIGTERM, SIGHUP].map { number in
    signal(number, SIG_IGN)
    let watch = DispatchSource.makeSignalSource(signal: number, queue: .global())
    watch.setEventHandler {
      for path in open.withLock({ $0 }) {
        // Workers write until this process ends.
        for _ in 0..<3 { try? FileManager.default.removeItem(atPath: path) }
      }
      _exit(128 + number)
    }
    watch.resume()
    return watch
  }

  /// Makes the directory in `place`, or where the system keeps what is temporary (TMPDIR). Only its owner may look into it.
  init(in place: String?, named name: String) throws(ProcessingError) {
    // Safe: nothing of it is used.
    unsafe _ = Self.watches
    let parent = BundleWriter.withoutLastSlashes(
      place ?? FileManager.default.temporaryDirectory.path(percentEncoded: false))
    var template = Array("\(parent)/\(name)-XXXXXX".utf8CString)
    // Safe: the text is a variable of ours and ends with a zero.
    guard unsafe mkdtemp(&template) != nil else { throw .writing(parent, errno) }
    let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = made
    Self.open.withLock { _ = $0.insert(made) }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
    let gone = path
    Self.open.withLock { _ = $0.remove(gone) }
  }

  /// Whether a path lies in a directory or is it, both as they are on disk.
  static func isInside(_ path: String, _ directory: String) -> Bool {
    let parts = { (text: String) in URL(filePath: text).standardizedFileURL.resolvingSymlinksInPath().pathComponents }
    return parts(path).starts(with: parts(directory))
  }
}
