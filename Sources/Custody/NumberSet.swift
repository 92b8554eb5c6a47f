/// Numbers that were met: a bit each where they lie close together, so that millions need little memory.
struct NumberSet: Sendable {
  private var bits: [UInt64] = []
  /// Numbers far above the count of those that were met: few in a bundle that is in order.
  private var others: Set<Int> = []
  private(set) var count = 0
  private(set) var highest = 0

  /// Adds a number that is not negative; false when it was there.
  mutating func insert(_ number: Int) -> Bool {
    let (word, bit) = (number / 64, UInt64(1) << UInt64(number % 64))
    if word < bits.count {
      guard bits[word] & bit == 0, others.isEmpty || !others.contains(number) else { return false }
      bits[word] |= bit
    } else if word < count + 8 {
      guard others.isEmpty || !others.contains(number) else { return false }
      bits += [UInt64](repeating: 0, count: word + 1 - bits.count)
      bits[word] |= bit
    } else {
      guard others.insert(number).inserted else { return false }
    }
    count += 1
    highest = max(highest, number)
    return true
  }
}
