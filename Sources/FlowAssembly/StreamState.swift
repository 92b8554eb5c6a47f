import EvidenceModel

/// One direction of a TCP conversation: what was delivered, and what waits for missing bytes.
struct StreamState {
  /// A segment that came before bytes which are to stand in front of it.
  struct Waiting {
    var sequence: UInt32
    var bytes: [UInt8]
    var packet: PacketContext
  }

  var isStarted = false
  /// The sequence number of the next byte to deliver.
  var next: UInt32 = 0
  var waiting: [Waiting] = []
  var waitingBytes = 0
  /// The sequence number behind the last byte, once a FIN told it.
  var finish: UInt32?
  var isEnded = false
  /// The highest acknowledgement that the other side gave.
  var acknowledged: UInt32?
  /// Packets of the conversation since the other side acknowledged bytes that are missing here.
  var packetsSinceMissed = 0
  /// A run of segments far from all others: where its next one would begin, and how many came.
  var strayNext: UInt32?
  var strayCount = 0
  /// Bytes of those that came, which are not delivered.
  var strayBytes = 0
  /// The newest of its entries in the slice's memory of segments.
  var lastEntry: UInt64 = 0

  /// How far `sequence` is ahead of the next byte, modulo 2^32.
  func distance(to sequence: UInt32) -> Int { Int(Int32(bitPattern: sequence &- next)) }

  /// Puts a segment among the waiting ones, cut where those hold the same bytes; returns how many bytes were new.
  ///
  /// What came first stays; `repeated` gets each segment that holds some of the bytes already, and which of them.
  mutating func wait(
    _ sequence: UInt32, _ bytes: [UInt8], _ packet: PacketContext,
    repeated: (Waiting, _ theirs: Int, _ ours: Range<Int>) -> Void
  ) -> Int {
    var fresh = 0
    var from = distance(to: sequence)
    let end = from + bytes.count
    let base = from
    var place = 0
    while from < end {
      while place < waiting.count, distance(to: waiting[place].sequence) + waiting[place].bytes.count <= from {
        place += 1
      }
      let nextBegin = place < waiting.count ? distance(to: waiting[place].sequence) : Int.max
      if nextBegin <= from {
        let nextEnd = nextBegin + waiting[place].bytes.count
        repeated(waiting[place], from - nextBegin, (from - base)..<(min(end, nextEnd) - base))
        from = nextEnd
        continue
      }
      let pieceEnd = min(end, nextBegin)
      var context = packet
      context.advance(from - base)
      waiting.insert(
        Waiting(
          sequence: next &+ UInt32(truncatingIfNeeded: from), bytes: Array(bytes[(from - base)..<(pieceEnd - base)]),
          packet: context), at: place)
      fresh += pieceEnd - from
      from = pieceEnd
    }
    waitingBytes += fresh
    return fresh
  }
}
