import Foundation
import Synchronization

/// What `body` gives for each number of `range`, in their order, computed on all cores.
func onAllCores<Result: Sendable>(_ range: Range<Int>, _ body: @Sendable (Int) -> Result) -> [Result] {
  let pieces = min(range.count, ProcessInfo.processInfo.activeProcessorCount * 4)
  let found = Mutex<[Int: [Result]]>([:])
  DispatchQueue.concurrentPerform(iterations: pieces) { piece in
    let first = range.lowerBound + range.count * piece / pieces
    let results = (first..<(range.lowerBound + range.count * (piece + 1) / pieces)).map(body)
    found.withLock { $0[piece] = results }
  }
  return found.withLock { found in (0..<pieces).flatMap { found[$0] ?? [] } }
}
