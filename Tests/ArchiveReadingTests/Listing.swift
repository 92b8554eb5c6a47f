import ArchiveReading
import Foundation
import TestSupport
import Testing

let samples = repository.appending(path: "Tests/ArchiveReadingTests/Samples")

func sample(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: samples.appending(path: name))) }

/// All that was read of an archive.
struct Listing {
  var format = ""
  var compressions: [String] = []
  var members: [ArchiveMember] = []
  var contents: [ArchiveContent] = []
  var bytes: [[UInt8]] = []
  var fault: ArchiveFault?
  var gaps: [(after: Int, reason: String)] = []

  /// Reads bytes; of each member no more than `limit`.
  init(_ data: [UInt8], limit: Int = 1 << 26) {
    // Safe: the archive ends before the closure does.
    unsafe data.withUnsafeBytes { buffer in
      do throws(ArchiveFault) {
        let archive = try unsafe ArchiveFile(memory: buffer)
        defer {
          format = archive.format
          compressions = archive.compressions
          gaps = archive.gaps
        }
        while let member = try archive.next() {
          members.append(member)
          var found: [UInt8] = []
          if !member.isEncrypted {
            contents.append(
              archive.content { part in
                guard found.count + part.byteCount <= limit else { return false }
                unsafe part.withUnsafeBytes { unsafe found += $0 }
                return true
              })
          } else {
            contents.append(ArchiveContent())
          }
          bytes.append(found)
        }
      } catch { fault = error }
    }
  }

  init(sample name: String) throws { self.init(try sample(name)) }

  var names: [String] { members.map { String(decoding: $0.name ?? [], as: UTF8.self) } }

  func content(_ name: String) -> [UInt8]? { names.firstIndex(of: name).map { bytes[$0] } }
}
