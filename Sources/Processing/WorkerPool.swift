import Foundation

/// Starts worker processes, at most so many at once, and waits for them.
///
/// A worker gets its order by a file, no input, no environment but what a program needs to start, and leaves its messages in a
/// file in memory, as it does what it has in hand.
struct WorkerPool {
  struct Job {
    let stage: String
    let worker: Int
    let orderPath: String
    /// Takes the worker's messages.
    let messages: MemoryFile
    /// Its status page.
    let status: MemoryFile
  }

  /// How a worker ended.
  enum Ending: Hashable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  let executable: String
  let limit: Int

  /// Runs all jobs; calls `tick` all the time with what runs, and `ended` for each; a job that `ended` returns is run again.
  func run(
    _ jobs: [Job], tick: ([pid_t: Job]) -> Void, ended: (Job, Ending) throws(ProcessingError) -> Job?
  ) throws(ProcessingError) {
    var waiting = Array(jobs.reversed())
    var running: [pid_t: Job] = [:]
    var failure: ProcessingError?
    while !waiting.isEmpty || !running.isEmpty {
      while failure == nil, running.count < max(1, limit), let job = waiting.popLast() {
        running[try start(job)] = job
      }
      if failure != nil {
        waiting = []
        for process in running.keys { kill(process, SIGKILL) }
        if running.isEmpty { break }
      }
      var status: Int32 = 0
      // Safe: the status is a variable of ours.
      let process = unsafe waitpid(-1, &status, WNOHANG)
      if process > 0, let job = running.removeValue(forKey: process) {
        do throws(ProcessingError) {
          if let again = try ended(job, Self.ending(status)), failure == nil { waiting.append(again) }
        } catch { failure = failure ?? error }
      } else {
        tick(running)
        usleep(running.isEmpty ? 100 : 3_000)
      }
    }
    if let failure { throw failure }
  }

  private static func ending(_ status: Int32) -> Ending {
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
  }

  private func start(_ job: Job) throws(ProcessingError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe _ = posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, job.messages.descriptor, 2)
    unsafe posix_spawn_file_actions_adddup2(&actions, job.status.descriptor, StatusPage.inherited)
    var environment = ["SWIFT_BACKTRACE=enable=no", "LC_ALL=C.UTF-8", "TZ=UTC", "PATH=/usr/bin:/bin"]
    for name in ["LD_LIBRARY_PATH", "MAGIC", "GLIBC_TUNABLES"] {
      if let value = ProcessInfo.processInfo.environment[name] { environment.append("\(name)=\(value)") }
    }
    let arguments = [executable, "worker", job.stage, job.orderPath]
    var process: pid_t = 0
    let result = unsafe withCStrings(arguments) { argv in
      unsafe withCStrings(environment) { envp in
        unsafe posix_spawn(&process, executable, &actions, nil, argv, envp)
      }
    }
    guard result == 0 else {
      throw ProcessingError(.defect, executable, "a worker could not be started: \(ProcessingError.systemText(result))")
    }
    return process
  }

  /// Calls `body` with a null-terminated list of C strings that lives as long as the call.
  private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers = unsafe texts.map { unsafe strdup($0) } + [nil]
    // Safe: each text was copied by strdup and is freed once.
    defer { while let pointer = unsafe pointers.popLast() { unsafe free(pointer) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress!) }
  }
}
