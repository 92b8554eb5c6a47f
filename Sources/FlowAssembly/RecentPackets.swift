import ByteReading
public import EvidenceModel
public import PacketLayers

/// Remembers the last packets of a slice, to know those that a mirror port or a second recorder brings again.
///
/// A packet is a duplicate of an earlier one when
///
/// 1. both are the same IPv4 packet: addresses, protocol, an identification that is not 0, and all bytes behind the IP header are equal,
///    and they were captured within `window` of each other; link headers, tags, tunnels and the time to live may differ; or
/// 2. they stand in different originals, with the same time and the same bytes from first to last.
///
/// A sender that gives different packets one identification (RFC 6864, 4.1) does not number them: to it the first rule does not apply.
/// What cannot be told apart from a repetition by its sender is no duplicate. No bytes are kept: whoever asks compares them.
public struct RecentPackets {
  /// Packets of a slice that are remembered.
  public static let capacity = 1_024
  /// Nanoseconds of capture time between two appearances of one packet.
  public static let window: Int64 = 5_000_000
  /// Packets of the same form that are compared.
  public static let comparisons = 8
  private static let senderCount = 64

  /// Where a packet stands.
  public struct Place: Sendable {
    public let position: PacketPosition
    public let time: CaptureTime
    /// The offset of its first byte in the original, and how many bytes were captured.
    public let offset: UInt64
    public let count: Int

    public init(position: PacketPosition, time: CaptureTime, offset: UInt64, count: Int) {
      self.position = position
      self.time = time
      self.offset = offset
      self.count = count
    }
  }

  /// Bytes of an earlier packet, and those of this one that must equal them.
  public struct Comparison {
    public let position: PacketPosition
    public let offset: UInt64
    public let range: Range<Int>
  }

  private struct Entry {
    var key: UInt64
    var place: Place
    var contentStart: Int
    /// The entry before it in the same bucket.
    var former: UInt64
  }

  private struct Sender {
    var pair: UInt64 = 0
    var key: UInt64 = 0
    var identification: UInt16 = 0
    /// Its last two packets had one identification and different content.
    var isConstant = false
  }

  private let hasSeveralOriginals: Bool
  private var entries: [Entry] = []
  private var buckets = [UInt64](repeating: 0, count: RecentPackets.capacity)
  private var senders = [Sender](repeating: Sender(), count: RecentPackets.senderCount)
  private var total: UInt64 = 0

  public init(hasSeveralOriginals: Bool) { self.hasSeveralOriginals = hasSeveralOriginals }

  /// The earlier packet that this one is a duplicate of; nil when it is none, and then it is remembered.
  ///
  /// `isSame` reads earlier bytes again and compares them.
  public mutating func original(
    of view: PacketView, _ bytes: RawSpan, _ place: Place, isSame: (Comparison) -> Bool
  ) -> PacketPosition? {
    let identification = view.identification
    guard identification != 0 || hasSeveralOriginals else { return nil }
    let content = view.networkPayload(of: bytes.byteCount)
    let pair = Self.mix(Self.mix(view.source.words, 1), view.destination.words)
    let key = Self.key(view, bytes, content, pair)
    // Fragments of one packet share its identification.
    let isNumbered = identification != 0 && (view.outcome == .fragment || numbers(pair, key, identification))
    let bucket = Int(key & UInt64(Self.capacity - 1))
    var number = buckets[bucket]
    for _ in 0..<Self.comparisons {
      guard number > 0, total - number < UInt64(Self.capacity) else { break }
      let entry = entries[Int((number - 1) % UInt64(Self.capacity))]
      number = entry.former
      guard entry.key == key, entry.place.time.isKnown, place.time.isKnown else { continue }
      let earlier = entry.place
      if isNumbered, place.time.nanoseconds(since: earlier.time).magnitude <= UInt64(Self.window),
        isSame(
          Comparison(
            position: earlier.position, offset: earlier.offset &+ UInt64(entry.contentStart), range: content))
      {
        return earlier.position
      }
      if earlier.position.original != place.position.original, earlier.time == place.time, earlier.count == place.count,
        isSame(Comparison(position: earlier.position, offset: earlier.offset, range: 0..<place.count))
      {
        return earlier.position
      }
    }
    remember(Entry(key: key, place: place, contentStart: content.lowerBound, former: buckets[bucket]), bucket)
    return nil
  }

  @inline(__always)
  private mutating func remember(_ entry: Entry, _ bucket: Int) {
    if entries.count < Self.capacity {
      if entries.isEmpty { entries.reserveCapacity(Self.capacity) }
      entries.append(entry)
    } else {
      entries[Int(total % UInt64(Self.capacity))] = entry
    }
    total += 1
    buckets[bucket] = total
  }

  /// Whether a sender tells its packets apart by their identification, as far as its last one shows.
  @inline(__always)
  private mutating func numbers(_ pair: UInt64, _ key: UInt64, _ identification: UInt16) -> Bool {
    let slot = Int(pair >> 58)
    if senders[slot].pair != pair {
      senders[slot] = Sender(pair: pair, key: key, identification: identification)
      return true
    }
    if senders[slot].identification != identification {
      senders[slot].isConstant = false
    } else if senders[slot].key != key {
      senders[slot].isConstant = true
    }
    senders[slot].identification = identification
    senders[slot].key = key
    return !senders[slot].isConstant
  }

  /// A number for what two appearances of one packet have in common: addresses, identification, lengths and the first bytes.
  @inline(__always)
  private static func key(_ view: PacketView, _ bytes: RawSpan, _ content: Range<Int>, _ pair: UInt64) -> UInt64 {
    var reader = ByteReader(bytes.extracting(content))
    let first = (try? reader.read(UInt64.self, "content")) ?? 0
    let second = (try? reader.read(UInt64.self, "content")) ?? 0
    // The last bytes, which tell messages apart that begin alike.
    try? reader.move(to: max(0, content.count - 8), "content")
    let third = (try? reader.read(UInt64.self, "content")) ?? 0
    let shape =
      UInt64(view.identification) << 48 | UInt64(view.networkProtocol) << 40
      | UInt64(UInt32(truncatingIfNeeded: view.fragment.offset)) << 16
      ^ UInt64(UInt32(truncatingIfNeeded: content.count)) << 8 ^ third &* 0x9e37_79b9_7f4a_7c15
      ^ UInt64(UInt32(truncatingIfNeeded: view.announcedPayloadCount)) << 28
    return mix((mix((first, second), pair), shape), view.tunnels.network)
  }

  @inline(__always)
  private static func mix(_ words: (UInt64, UInt64), _ seed: UInt64) -> UInt64 {
    let mixed = (words.0 ^ seed) &* 0x9e37_79b9_7f4a_7c15 ^ words.1 &* 0xc2b2_ae3d_27d4_eb4f
    let hash = (mixed ^ mixed >> 29) &* 0xbf58_476d_1ce4_e5b9
    return hash ^ hash >> 32
  }

  @inline(__always)
  private static func mix(_ seed: UInt64, _ words: (UInt64, UInt64)) -> UInt64 { mix(words, seed) }
}
