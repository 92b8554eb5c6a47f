import CSandbox
import Foundation

/// Shuts a worker in before it reads the first captured byte (docs/sandbox.md).
struct WorkerSandbox: Codable, Hashable, Sendable {
  /// Private memory of a worker, in bytes: RLIMIT_DATA.
  static let memoryLimit: UInt64 = 2 << 30
  /// Bytes of a file that a worker writes, beside 32 times those of the originals: RLIMIT_FSIZE.
  static let fileLimit: UInt64 = 64 << 30

  /// What the machine could not hold, in words; empty when all holds.
  var missing: [String] = []

  /// Enters the sandbox for good: the originals may be read, `writable` written, and nothing else.
  ///
  /// What cannot be applied is told, not fatal; a second thread is a defect.
  static func enter(readable: [String], writable: [String], fileLimit: UInt64) throws(ProcessingError) -> WorkerSandbox
  {
    // Safe: the lists live as long as the call.
    let holds = unsafe withPaths(readable) { first, firstCount in
      unsafe withPaths(writable) { second, secondCount in
        var wanted = unsafe exhibit_sandbox(
          readable: first, readable_count: firstCount, writable: second, writable_count: secondCount,
          memory: memoryLimit, file_size: fileLimit)
        return unsafe exhibit_sandbox_enter(&wanted)
      }
    }
    guard holds >= 0 else {
      throw ProcessingError(.defect, "", "the sandbox could not be entered: \(ProcessingError.systemText(errno))")
    }
    var state = WorkerSandbox()
    for (bit, words) in [
      (EXHIBIT_SANDBOX_PRIVILEGES, "no new privileges"), (EXHIBIT_SANDBOX_FILES, "files by Landlock"),
      (EXHIBIT_SANDBOX_NETWORK, "network by Landlock"), (EXHIBIT_SANDBOX_CALLS, "system calls by seccomp"),
      (EXHIBIT_SANDBOX_LIMITS, "limits of memory and files"),
    ] where UInt32(holds) & UInt32(bit) == 0 { state.missing.append(words) }
    return state
  }

  /// Calls `body` with C strings that live as long as the call.
  private static func withPaths<Result>(
    _ paths: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>, Int) -> Result
  ) -> Result {
    var copies = unsafe paths.map { unsafe UnsafePointer<CChar>(strdup($0)) } + [nil]
    // Safe: each text was copied by strdup and is freed once.
    defer { while let copy = unsafe copies.popLast() { unsafe free(UnsafeMutablePointer(mutating: copy)) } }
    return unsafe copies.withUnsafeBufferPointer { unsafe body($0.baseAddress!, paths.count) }
  }
}
