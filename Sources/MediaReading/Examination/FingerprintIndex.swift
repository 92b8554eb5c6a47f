/// The sub-fingerprints of many recordings one after another, and where each value of their first bits stands.
struct FingerprintIndex {
  /// Bits of a sub-fingerprint that are looked up.
  static let keyBits: UInt32 = 20
  /// Places of a value; when it occurs more often, it is not looked up at all.
  static let maximumPlaces = 1_024
  /// Sub-fingerprints on each side by which it is decided whether there is enough change (about a second each).
  private static let around = 8
  /// Half bits by which a sub-fingerprint differs from the one before, on average, where it is compared.
  private static let changingHalfBits = 7

  private(set) var items: [UInt32] = []
  /// Whether each item is compared: there is sound that changes.
  private(set) var isVaried: [Bool] = []
  /// Where each recording begins, and behind the last one.
  private(set) var starts: [Int] = [0]
  private(set) var frequentItems: Int64 = 0
  /// For each key, where its places begin.
  private(set) var firsts: [UInt32]
  private(set) var places: [UInt32] = []

  init(_ fingerprints: ArraySlice<[UInt32]>) {
    for fingerprint in fingerprints {
      items.append(contentsOf: fingerprint)
      starts.append(items.count)
      isVaried.append(contentsOf: Self.varied(fingerprint))
    }
    firsts = Array(repeating: 0, count: 1 << Int(Self.keyBits) + 1)
    fillPlaces()
  }

  static func key(_ item: UInt32) -> Int { Int(item >> (32 - keyBits)) }

  private static func varied(_ items: [UInt32]) -> [Bool] {
    var sums = [0]
    sums.reserveCapacity(items.count)
    var sum = 0
    for (before, item) in zip(items, items.dropFirst()) {
      sum += (before ^ item).nonzeroBitCount
      sums.append(sum)
    }
    return items.indices.map { place in
      let (low, high) = (max(0, place - around), min(items.count - 1, place + around))
      return high > low && 2 * (sums[high] - sums[low]) >= changingHalfBits * (high - low)
    }
  }

  /// Sorts the places by key, each key's in rising order.
  private mutating func fillPlaces() {
    var counts = [UInt32](repeating: 0, count: firsts.count)
    for (place, item) in items.enumerated() where isVaried[place] { counts[Self.key(item)] += 1 }
    var total: UInt32 = 0
    for key in counts.indices {
      firsts[key] = total
      if counts[key] > Self.maximumPlaces {
        frequentItems += Int64(counts[key])
      } else {
        total += counts[key]
      }
    }
    places = Array(repeating: 0, count: Int(total))
    var next = firsts
    for (place, item) in items.enumerated() where isVaried[place] {
      let key = Self.key(item)
      guard counts[key] <= Self.maximumPlaces else { continue }
      places[Int(next[key])] = UInt32(place)
      next[key] += 1
    }
  }

  /// The recording that an item belongs to.
  func recording(_ place: Int) -> Int {
    var (low, high) = (0, starts.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= place { low = middle } else { high = middle }
    }
    return low
  }
}
