/// Stands for bytes of any length in a memory that hostile messages must not fill.
///
/// The hash is keyed by the process, so nobody can make two messages that share a mark; by chance they do once in 2^128.
struct Mark: Hashable {
  private let first: Int
  private let second: Int

  init(_ parts: [UInt8]...) {
    var one = Hasher()
    var two = Hasher()
    two.combine(true)
    for part in parts {
      one.combine(part)
      two.combine(part)
    }
    first = one.finalize()
    second = two.finalize()
  }
}

/// Remembers values by their marks; the oldest half is forgotten when there are too many.
struct RecentMarks<Value> {
  private let limit: Int
  private var values: [Mark: Value] = [:]
  private var order: [Mark] = []

  init(limit: Int) { self.limit = limit }

  subscript(mark: Mark) -> Value? { values[mark] }

  /// Remembers a value in the place of the one of that mark.
  mutating func replace(_ value: Value, for mark: Mark) {
    if !insert(value, for: mark) { values[mark] = value }
  }

  /// Remembers a value, unless there is one of that mark; returns whether it is new.
  mutating func insert(_ value: Value, for mark: Mark) -> Bool {
    guard values[mark] == nil else { return false }
    values[mark] = value
    order.append(mark)
    if order.count > limit {
      for old in order.prefix(limit / 2) { values[old] = nil }
      order.removeFirst(limit / 2)
    }
    return true
  }
}
