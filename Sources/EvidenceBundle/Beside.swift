import Foundation

/// Work that is done beside other work, on a thread of its own, until somebody asks what came of it.
///
/// Where no thread can be had it is done at once.
public final class Beside<Result: Sendable>: @unchecked Sendable {
  private let group = DispatchGroup()
  private var result: Result?

  public init(_ body: @escaping @Sendable () -> Result) {
    group.enter()
    let work = Work {
      self.result = body()
      self.group.leave()
    }
    // Safe: the thread, or the call in its place, takes over what is retained here.
    let argument = unsafe Unmanaged.passRetained(work).toOpaque()
    var thread = pthread_t()
    let status = unsafe pthread_create(&thread, nil, runWork, argument)
    if status == 0 { _ = pthread_detach(thread) } else { unsafe _ = runWork(argument) }
  }

  /// Waits for it, as often as asked.
  public func wait() -> Result {
    group.wait()
    guard let result else { preconditionFailure("the work ended without a result") }
    return result
  }
}

private final class Work {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}

private func runWork(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  // Safe: the argument is what `Beside` retained for this one call.
  if let argument = unsafe argument { unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
  return nil
}
