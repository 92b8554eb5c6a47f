import Foundation

/// Work that is done beside other work, on a thread of its own, until somebody asks what came of it.
public final class Beside<Result: Sendable>: @unchecked Sendable {
  private let group = DispatchGroup()
  private var result: Result?

  public init(_ body: @escaping @Sendable () -> Result) {
    group.enter()
    Thread.detachNewThread {
      self.result = body()
      self.group.leave()
    }
  }

  /// Waits for it, as often as asked.
  public func wait() -> Result {
    group.wait()
    guard let result else { preconditionFailure("the work ended without a result") }
    return result
  }
}
