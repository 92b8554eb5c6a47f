import EvidenceModel

/// The two directions of an SCTP association.
final class Association {
  var initiator = ChunkState()
  var responder = ChunkState()
}

/// One direction of an association: which chunks came, and the message that is being put together.
struct ChunkState {
  /// A DATA chunk (RFC 9260, 3.3.1) with the packet that brought it.
  struct Chunk {
    var number: UInt32
    var isUnordered: Bool
    var isBeginning: Bool
    var isEnd: Bool
    var stream: UInt16
    var identifier: UInt32
    var bytes: [UInt8]
    var part: MessagePart
  }

  /// A message of several chunks, so far.
  struct Message {
    var isUnordered: Bool
    var stream: UInt16
    var identifier: UInt32
    var bytes: [UInt8]
    var parts: [MessagePart]
  }

  /// The verification tag of this side's packets, and a run of packets that have another.
  var tag: UInt32?
  var strayTag: UInt32?
  var strayCount = 0
  var isStarted = false
  /// The transmission sequence number of the next chunk.
  var next: UInt32 = 0
  /// Chunks that came before others which are to stand in front of them, in order.
  var waiting: [Chunk] = []
  var waitingBytes = 0
  var message: Message?
  /// The highest number that the other side acknowledged, and packets since it did so with some missing here.
  var acknowledged: UInt32?
  var packetsSinceMissed = 0
  /// Packets with a wrong checksum, and those of them that were left out because right ones came before.
  var hasRightChecksum = false
  var wrongChecksums: UInt64 = 0
  var leftOut: UInt64 = 0
  var firstWrong: PacketContext?

  func distance(to number: UInt32) -> Int { Int(Int32(bitPattern: number &- next)) }

  /// Where among the waiting chunks one of that number stands or would stand.
  func place(of number: UInt32) -> Int {
    var low = 0
    var high = waiting.count
    let wanted = distance(to: number)
    while low < high {
      let middle = (low + high) / 2
      if distance(to: waiting[middle].number) < wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
