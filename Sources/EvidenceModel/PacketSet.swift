/// Packets that are put together one after another and mostly rise; however they come, it takes no longer than to sort them.
public struct PacketGathering: Sendable {
  private var rising = PacketSet()
  /// What came behind a later one.
  private var others: [PacketPosition] = []

  public init() {}

  public mutating func insert(_ position: PacketPosition) {
    if let last = rising.last, position < last { others.append(position) } else { rising.insert(position) }
  }

  /// All of them.
  public var packets: PacketSet {
    var all = PacketSet()
    for position in others.sorted() { all.insert(position) }
    all.formUnion(rising)
    return all
  }
}

/// A set of packets, kept as ordered ranges.
public struct PacketSet: Hashable, Sendable {
  /// The ranges, closed, in order, neither touching nor overlapping.
  public private(set) var ranges: [ClosedRange<UInt64>] = []

  public init() {}
  public init(_ position: PacketPosition) {
    ranges = [position.rawValue...position.rawValue]
  }

  public var isEmpty: Bool { ranges.isEmpty }
  public var first: PacketPosition? { ranges.first.map { PacketPosition(rawValue: $0.lowerBound) } }
  public var last: PacketPosition? { ranges.last.map { PacketPosition(rawValue: $0.upperBound) } }

  /// How many packets there are.
  public var count: Int {
    ranges.reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) + 1 }
  }

  public mutating func insert(_ position: PacketPosition) {
    let value = position.rawValue
    guard let last = ranges.last else {
      ranges.append(value...value)
      return
    }
    if value == last.upperBound + 1 {
      ranges[ranges.count - 1] = last.lowerBound...value
    } else if value > last.upperBound {
      ranges.append(value...value)
    } else if value < last.lowerBound {
      insertEarlier(value)
    }
  }

  private mutating func insertEarlier(_ value: UInt64) {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    guard !ranges[low].contains(value) else { return }
    let joinsNext = value + 1 == ranges[low].lowerBound
    let joinsFormer = low > 0 && ranges[low - 1].upperBound + 1 == value
    switch (joinsFormer, joinsNext) {
    case (true, true):
      ranges[low - 1] = ranges[low - 1].lowerBound...ranges[low].upperBound
      ranges.remove(at: low)
    case (true, false): ranges[low - 1] = ranges[low - 1].lowerBound...value
    case (false, true): ranges[low] = value...ranges[low].upperBound
    case (false, false): ranges.insert(value...value, at: low)
    }
  }

  public mutating func formUnion(_ other: PacketSet) {
    guard !other.isEmpty else { return }
    // What comes behind, or into the last range, needs no sorting.
    if let mine = ranges.last, let theirs = other.ranges.first, theirs.lowerBound >= mine.lowerBound {
      for range in other.ranges {
        let last = ranges[ranges.count - 1]
        if range.lowerBound <= last.upperBound + 1 {
          ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        } else {
          ranges.append(range)
        }
      }
      return
    }
    if ranges.isEmpty {
      ranges = other.ranges
      return
    }
    var all = ranges + other.ranges
    all.sort { $0.lowerBound < $1.lowerBound }
    var joined: [ClosedRange<UInt64>] = []
    for range in all {
      if let last = joined.last, range.lowerBound <= last.upperBound + 1 {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    ranges = joined
  }

  /// The provenance as records print it, one entry for each original: `12-14,17`.
  public var byOriginal: [(original: OriginalName, packets: String)] {
    var result: [(original: OriginalName, packets: String)] = []
    var start = 0
    while start < ranges.count {
      let original = PacketPosition(rawValue: ranges[start].lowerBound).original
      var end = start + 1
      while end < ranges.count, PacketPosition(rawValue: ranges[end].lowerBound).original == original { end += 1 }
      result.append((OriginalName(original), Self.text(ranges[start..<end])))
      start = end
    }
    return result
  }

  /// The packets of one original in words, of which records of long calls have many.
  private static func text(_ ranges: ArraySlice<ClosedRange<UInt64>>) -> String {
    var count = ranges.count - 1
    for range in ranges {
      let last = PacketPosition(rawValue: range.upperBound).packet
      count += DecimalDigits.count(of: PacketPosition(rawValue: range.lowerBound).packet)
      if range.upperBound > range.lowerBound { count += 1 + DecimalDigits.count(of: last) }
    }
    return unsafe String(unsafeUninitializedCapacity: count) { text in
      // From the last on, as digits come. Safe: the bytes were counted before, in the same way.
      var place = count
      func write(_ byte: UInt8) {
        place -= 1
        unsafe text[place] = byte
      }
      for range in ranges.reversed() {
        if place < count { write(0x2c) }
        if range.upperBound > range.lowerBound {
          DecimalDigits.fromLast(of: PacketPosition(rawValue: range.upperBound).packet, write)
          write(0x2d)
        }
        DecimalDigits.fromLast(of: PacketPosition(rawValue: range.lowerBound).packet, write)
      }
      return count
    }
  }
}

extension PacketSet {
  /// The provenance as records print it.
  public var value: Value {
    .list(byOriginal.map { .object(["original": .text($0.original.description), "packets": .text($0.packets)]) })
  }

  /// Adds all packets from one to another of the same original.
  public mutating func insert(from first: PacketPosition, through last: PacketPosition) {
    guard first <= last else { return }
    var other = PacketSet()
    other.ranges = [first.rawValue...last.rawValue]
    formUnion(other)
  }
}
