/// Numbers that were seen, most of them near the one before.
struct SeenNumbers {
  /// A bit for each number, 64 together, but for those in hand.
  private var words: [Int64: UInt64] = [:]
  private var hand: Int64 = 0
  private var word: UInt64 = 0

  /// Notes a number; false when it was noted before.
  mutating func insert(_ number: Int64) -> Bool {
    if number >> 6 != hand {
      words[hand] = word
      hand = number >> 6
      word = words[hand] ?? 0
    }
    let bit = UInt64(1) << UInt64(number & 63)
    defer { word |= bit }
    return word & bit == 0
  }
}

/// Extends 16-bit sequence numbers over wraps, restarts of the sender and strays (RFC 3550, A.1).
struct SequenceNumbering {
  /// A jump of the sequence number beyond this is a restart of the sender, or a stray (RFC 3550, A.1).
  static let maximumDropout = 3_000

  private var base: Int64
  private var highest: Int64
  /// A number out of order; when the next one goes on from it, a new numbering has begun.
  private var stray: Int64?
  private var former: Int64 = 0
  /// Above all numbers that were given.
  private var top: Int64
  private(set) var restarts: Int64 = 0

  init(_ first: UInt16) {
    base = Int64(first)
    highest = base
    top = base
  }

  /// How many packets the numbers so far stand for.
  var expected: Int64 { former + highest - base + 1 }

  /// The number over all wraps, and whether a higher one came before it.
  mutating func extend(_ sequence: UInt16) -> (number: Int64, isEarlier: Bool) {
    let number = Self.near(highest, sequence)
    if abs(number - highest) <= Self.maximumDropout {
      stray = nil
      defer {
        highest = max(highest, number)
        base = min(base, number)
      }
      return (number, number < highest)
    }
    if let stray {
      let next = Self.near(stray, sequence)
      if next == stray { return (stray, false) }
      if abs(next - stray) <= Self.maximumDropout {
        // The stray was counted as one packet already.
        former += highest - base
        base = min(stray, next)
        highest = max(stray, next)
        self.stray = nil
        restarts += 1
        return (next, next < stray)
      }
    }
    // A numbering of its own, behind all that were used.
    let alone = (max(highest, top) / 65_536 + 2) * 65_536 + Int64(sequence)
    stray = alone
    top = alone
    former += 1
    return (alone, false)
  }

  private static func near(_ number: Int64, _ sequence: UInt16) -> Int64 {
    number + Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: number)))
  }
}
