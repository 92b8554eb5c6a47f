import EvidenceModel

/// Remembers where the bytes that streams delivered last stand in their originals, so that a repetition can be compared with them.
///
/// One for all streams of a slice, of a fixed size: no bytes are kept, and what is oldest gives way.
struct SegmentMemory {
  struct Entry {
    var sequence: UInt32
    var count: UInt32
    /// The entry before it of the same stream; 0 when there is none.
    var former: UInt64
    var packet: PacketContext
    /// Whether these bytes were passed over as missing.
    var isGap: Bool
  }

  private let capacity: Int
  private var entries: [Entry] = []
  /// Entries that were ever made; they are numbered from 1.
  private var total: UInt64 = 0

  init(capacity: Int) { self.capacity = max(1, capacity) }

  /// Notes what a stream delivered or passed over; `last` is the stream's newest entry, and becomes this one.
  @inline(__always)
  mutating func add(_ sequence: UInt32, _ count: Int, _ packet: PacketContext, isGap: Bool = false, last: inout UInt64)
  {
    let entry = Entry(
      sequence: sequence, count: UInt32(truncatingIfNeeded: count), former: last, packet: packet, isGap: isGap)
    if entries.count < capacity {
      entries.append(entry)
    } else {
      entries[Int(total % UInt64(capacity))] = entry
    }
    total += 1
    last = total
  }

  /// The entry of a number; nil when it gave way to newer ones.
  func entry(_ number: UInt64) -> Entry? {
    guard number > 0, number <= total, total - number < UInt64(capacity) else { return nil }
    return entries[Int((number - 1) % UInt64(capacity))]
  }
}

/// What became of bytes that a stream had delivered, or passed over, before they came.
public enum Repetition: UInt8, Comparable, Sendable {
  /// They are the same as those that were delivered.
  case same
  /// One byte that the other side has: a question whether it is still there (RFC 9293, 3.8.4).
  case keepAlive
  /// What was delivered is no longer remembered, or came in fragments.
  case notCompared
  /// They had been passed over as missing, and came too late.
  case late
  /// They differ from what was delivered.
  case different

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
