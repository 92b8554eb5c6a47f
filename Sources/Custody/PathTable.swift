import ByteReading
import Foundation

/// How a path stands to the one before it.
enum PathOrder { case behind, same, before }

/// Values by path, in the order of the paths' bytes.
///
/// Three blocks of memory hold all of it, for a bundle may have millions of files: a path takes its bytes and 8 more.
public struct PathTable<Value> {
  /// The paths, one behind the other, and where each ends.
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  public private(set) var values: [Value] = []
  private var isSorted = true

  init() {}

  /// Makes a table of paths that differ.
  init(_ entries: some Sequence<(String, Value)>) {
    for (path, value) in entries { append(path.utf8, value) }
    _ = sort()
  }

  // MARK: Filling

  /// Adds an entry at the end and tells how it stands to the one before it; when all are there, `sort` must follow.
  @discardableResult
  mutating func append(_ path: some Collection<UInt8>, _ value: Value) -> PathOrder {
    bytes.append(contentsOf: path)
    ends.append(bytes.count)
    values.append(value)
    guard ends.count > 1 else { return .behind }
    let order = Self.order(self, ends.count - 2, self, ends.count - 1)
    if order >= 0 { isSorted = false }
    return order < 0 ? .behind : order == 0 ? .same : .before
  }

  /// The path that was added last.
  var lastKey: String { ends.isEmpty ? "" : key(ends.count - 1) }

  /// Brings the entries in order. Of the same path several times the last entry stays; gives such paths.
  mutating func sort() -> [String] {
    guard !isSorted else { return [] }
    let order = values.indices.sorted {
      let order = Self.order(self, $0, self, $1)
      return order == 0 ? $0 < $1 : order < 0
    }
    var sorted = PathTable()
    var repeated: [String] = []
    for (place, index) in order.enumerated() {
      if place + 1 < order.count, Self.order(self, index, self, order[place + 1]) == 0 {
        repeated.append(key(index))
      } else {
        sorted.append(bytes[start(index)..<ends[index]], values[index])
      }
    }
    self = sorted
    return repeated
  }

  /// The same paths with other values, one for each.
  func with<Other>(_ values: [Other]) -> PathTable<Other> {
    precondition(values.count == count, "a value for each path")
    var table = PathTable<Other>()
    (table.bytes, table.ends, table.isSorted, table.values) = (bytes, ends, isSorted, values)
    return table
  }

  /// All paths of this table and of another one, with `value` where only the other has it.
  func union<Other>(_ other: PathTable<Other>, _ value: Value) -> PathTable {
    var all = PathTable()
    merge(other) { place, added in
      if let place {
        all.append(bytes[start(place)..<ends[place]], values[place])
      } else if let added {
        all.append(other.bytes[other.start(added)..<other.ends[added]], value)
      }
    }
    return all
  }

  /// The entries that `isIncluded`.
  func keeping(_ isIncluded: (String) -> Bool) -> PathTable {
    var kept = PathTable()
    for place in indices where isIncluded(key(place)) { kept.append(bytes[start(place)..<ends[place]], values[place]) }
    return kept
  }

  // MARK: Looking

  private func start(_ place: Int) -> Int { place == 0 ? 0 : ends[place - 1] }

  /// The path at a place.
  func key(_ place: Int) -> String { String(decoding: bytes[start(place)..<ends[place]], as: UTF8.self) }

  /// Whether the path at a place begins with `prefix`.
  func hasPrefix(_ prefix: StaticString, _ place: Int) -> Bool {
    // Safe: a static string lives as long as the program.
    hasPrefix(unsafe Span(_unsafeStart: prefix.utf8Start, count: prefix.utf8CodeUnitCount), place)
  }

  func hasPrefix(_ prefix: Span<UInt8>, _ place: Int) -> Bool {
    let (start, count) = (start(place), prefix.count)
    guard ends[place] - start >= count else { return false }
    // Safe: both sides hold `count` bytes.
    return unsafe prefix.withUnsafeBytes { prefix in
      unsafe bytes.withUnsafeBytes { unsafe memcmp($0.baseAddress! + start, prefix.baseAddress!, count) == 0 }
    }
  }

  /// Whether that is the path at a place.
  func isKey(_ path: RawSpan, _ place: Int) -> Bool {
    let start = start(place)
    guard ends[place] - start == path.byteCount else { return false }
    // Safe: the place is inside the block.
    return unsafe bytes.withUnsafeBytes {
      unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: $0[start..<ends[place]])).isSame(as: path)
    }
  }

  /// Below 0 when the left path comes first, 0 when both are the same.
  private static func order<Other>(_ left: PathTable, _ place: Int, _ right: PathTable<Other>, _ other: Int) -> Int {
    let (from, start) = (left.start(place), right.start(other))
    let (length, width) = (left.ends[place] - from, right.ends[other] - start)
    // Safe: the places are inside both blocks.
    let order = unsafe left.bytes.withUnsafeBytes { one in
      unsafe right.bytes.withUnsafeBytes { two in
        unsafe one.isEmpty || two.isEmpty
          ? 0 : Int(memcmp(one.baseAddress! + from, two.baseAddress! + start, Swift.min(length, width)))
      }
    }
    return order == 0 ? length - width : order
  }

  /// Where a path stands; nil when it is not there.
  func place(of path: String) -> Int? {
    var path = path
    return path.withUTF8 { wanted in
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        let (from, length) = (start(middle), ends[middle] - start(middle))
        // Safe: the range is inside the block, and `wanted` holds as many bytes as are looked at.
        var order = unsafe bytes.withUnsafeBytes { all in
          let shorter = Swift.min(length, wanted.count)
          return unsafe shorter == 0 ? 0 : Int(memcmp(all.baseAddress! + from, wanted.baseAddress!, shorter))
        }
        if order == 0 { order = length - wanted.count }
        if order == 0 { return middle }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return nil
    }
  }

  public subscript(path: String) -> Value? { place(of: path).map { values[$0] } }

  func contains(_ path: String) -> Bool { place(of: path) != nil }

  /// The paths, made as they are asked for.
  public var keys: some RandomAccessCollection<String> { ends.indices.lazy.map { key($0) } }

  /// Goes through this table and another one in order: `body` gets the places of each path, nil where a table does not have it.
  func merge<Other, Failure>(
    _ other: PathTable<Other>, _ body: (Int?, Int?) throws(Failure) -> Void
  ) throws(Failure) {
    var (left, right) = (0, 0)
    while left < count || right < other.count {
      let order =
        left == count ? 1 : right == other.count ? -1 : Self.order(self, left, other, right)
      try body(order <= 0 ? left : nil, order >= 0 ? right : nil)
      if order <= 0 { left += 1 }
      if order >= 0 { right += 1 }
    }
  }
}

extension PathTable: Sendable where Value: Sendable {}

extension PathTable: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { values.count }
  public subscript(place: Int) -> (key: String, value: Value) { (key(place), values[place]) }
}
