import ByteReading
public import EvidenceModel
public import PacketLayers

/// Puts IP packets together from their fragments (RFC 791, 3.2; RFC 8200, 4.5).
///
/// Where fragments overlap, the bytes that came first stay, and it is said whether the others differed. Every worker does this with
/// every fragment of the capture, so that what comes out does not depend on how slices are divided.
public struct FragmentAssembler: ~Copyable {
  public struct Limits: Hashable, Sendable {
    /// Packets that wait for fragments at once; the oldest gives way.
    public var packets = 8_192
    /// Bytes that wait in all.
    public var waitingBytes = 64 << 20
    /// Seconds of capture time after which missing fragments are not waited for (RFC 8200, 4.5).
    public var seconds: Int64 = 60
    /// Bytes of a whole packet (RFC 791, 3.1).
    public var packetBytes = 65_535
    /// Fragments of one packet.
    public var pieces = 8_192
    /// Nanoseconds of capture time in which a repeated fragment of a whole packet is known again; identifications come round.
    public var repetition: Int64 = 1_000_000_000
    /// Bytes of whole packets that are kept to know repetitions by.
    public var recentBytes = 4 << 20
    public init() {}
  }

  /// A packet of which all fragments came.
  public struct Whole {
    /// The headers of the fragment with offset 0.
    public let view: PacketView
    public let bytes: [UInt8]
    /// The packets that carried it, the last one to come at the end.
    public let packets: [CountedPacket]
    /// Fragments overlapped.
    public let hasOverlap: Bool
    /// Fragments overlapped and brought different bytes.
    public let hasConflict: Bool
  }

  /// A packet that was given up.
  public struct Unfinished {
    public let view: PacketView
    public let packets: [CountedPacket]
    public let time: CaptureTime
    public let byteCount: Int
    /// How many bytes of the packet are missing; nil when its last fragment is.
    public let missingBytes: Int?
  }

  public enum Reception {
    case waiting
    case whole(Whole)
    /// Its packet was whole a moment ago, and held the same bytes there.
    case duplicate
    /// It reaches beyond what a packet can be.
    case refused
  }

  private struct Key: Hashable {
    let source: InternetAddress
    let destination: InternetAddress
    let identification: UInt32
    let number: UInt8
    let isIPv6: Bool
    let network: UInt64
  }

  private struct Pending {
    var view: PacketView
    var bytes: [UInt8] = []
    /// Ranges of `bytes` that have come, in order, none touching another.
    var ranges: [Range<Int>] = []
    var end: Int?
    var packets: [CountedPacket] = []
    var time: CaptureTime
    /// How many packets began to wait before it.
    let arrival: UInt64
    var hasOverlap = false
    var hasConflict = false

    /// The first range that ends at `offset` or later.
    func firstRange(endingFrom offset: Int) -> Int {
      var low = 0
      var high = ranges.count
      while low < high {
        let middle = (low + high) / 2
        if ranges[middle].upperBound < offset { low = middle + 1 } else { high = middle }
      }
      return low
    }

    var byteCount: Int { ranges.reduce(0) { $0 + $1.count } }
    var isWhole: Bool { end.map { ranges == [0..<$0] } ?? false }
  }

  private struct Recent {
    let bytes: [UInt8]
    let time: CaptureTime
  }

  private let limits: Limits
  private var pending: [Key: Pending] = [:]
  /// Packets that became whole a short time ago, and the order in which they did.
  private var recent: [Key: Recent] = [:]
  private var recentOrder: [Key] = []
  private var recentStart = 0
  private var recentBytes = 0
  private var waitingBytes = 0
  private var arrivals: UInt64 = 0
  private var nextSweep = CaptureTime.unknown

  public init(limits: Limits = Limits()) { self.limits = limits }

  /// Takes a fragment; `bytes` is its payload, `packets` what carried it.
  ///
  /// `unfinished` gets what was given up meanwhile.
  public mutating func take(
    _ view: PacketView, _ bytes: RawSpan, _ packets: [CountedPacket], at time: CaptureTime,
    unfinished: (Unfinished) -> Void
  ) -> Reception {
    sweep(time, unfinished)
    let place = view.fragment
    let key = Key(
      source: view.source, destination: view.destination, identification: place.identification,
      number: place.isIPv6 ? 0 : place.protocolNumber, isIPv6: place.isIPv6, network: view.tunnels.network)
    guard place.offset + bytes.byteCount <= limits.packetBytes else { return .refused }
    if pending[key] == nil {
      if isRepetition(key, place.offset, bytes, time) { return .duplicate }
      makeRoom(bytes.byteCount, unfinished)
      arrivals += 1
      pending[key] = Pending(view: view, time: time, arrival: arrivals)
    }
    guard var packet = pending.removeValue(forKey: key) else { return .refused }
    waitingBytes -= packet.bytes.count
    if place.offset == 0 { packet.view = view }
    packet.packets += packets
    // What the recorder cut off leaves a hole.
    if place.isLast, !view.isCut { packet.end = packet.end ?? place.offset + bytes.byteCount }
    Self.insert(bytes, at: place.offset, into: &packet)
    if packet.isWhole {
      remember(key, packet.bytes, time)
      return .whole(
        Whole(
          view: packet.view, bytes: packet.bytes, packets: packet.packets, hasOverlap: packet.hasOverlap,
          hasConflict: packet.hasConflict))
    }
    waitingBytes += packet.bytes.count
    if packet.packets.count >= limits.pieces {
      waitingBytes -= packet.bytes.count
      unfinished(Self.unfinished(packet))
    } else {
      pending[key] = packet
    }
    return .waiting
  }

  /// Gives up what is still waiting: the capture is over.
  public mutating func finish(unfinished: (Unfinished) -> Void) {
    giveUp(pending.map(\.key), unfinished)
  }

  private static func insert(_ bytes: RawSpan, at offset: Int, into packet: inout Pending) {
    let end = offset + bytes.byteCount
    guard bytes.byteCount > 0 else { return }
    if packet.bytes.count < end { packet.bytes += [UInt8](repeating: 0, count: end - packet.bytes.count) }
    var place = offset
    let first = packet.firstRange(endingFrom: offset)
    var next = first
    var merged = offset..<end
    while next < packet.ranges.count, packet.ranges[next].lowerBound <= end {
      let range = packet.ranges[next]
      if place < range.lowerBound { copy(bytes, from: place - offset, to: place..<range.lowerBound, of: &packet) }
      let common = max(range.lowerBound, offset)..<max(min(range.upperBound, end), max(range.lowerBound, offset))
      if !common.isEmpty { packet.hasOverlap = true }
      for index in common where packet.bytes[index] != bytes[index - offset] { packet.hasConflict = true }
      place = max(place, range.upperBound)
      merged = min(merged.lowerBound, range.lowerBound)..<max(merged.upperBound, range.upperBound)
      next += 1
    }
    if place < end { copy(bytes, from: place - offset, to: place..<end, of: &packet) }
    packet.ranges.replaceSubrange(first..<next, with: CollectionOfOne(merged))
  }

  private static func copy(_ bytes: RawSpan, from start: Int, to range: Range<Int>, of packet: inout Pending) {
    for index in range { packet.bytes[index] = bytes[start + index - range.lowerBound] }
  }

  private static func unfinished(_ packet: Pending) -> Unfinished {
    Unfinished(
      view: packet.view, packets: packet.packets, time: packet.time, byteCount: packet.byteCount,
      missingBytes: packet.end.map { max(0, $0 - packet.byteCount) })
  }

  private mutating func giveUp(_ keys: [Key], _ unfinished: (Unfinished) -> Void) {
    let packets = keys.compactMap { pending.removeValue(forKey: $0) }
    for packet in packets.sorted(by: { $0.arrival < $1.arrival }) {
      waitingBytes -= packet.bytes.count
      unfinished(Self.unfinished(packet))
    }
  }

  private mutating func makeRoom(_ byteCount: Int, _ unfinished: (Unfinished) -> Void) {
    guard pending.count >= limits.packets || waitingBytes + byteCount > limits.waitingBytes else { return }
    let oldest = pending.sorted { $0.value.arrival < $1.value.arrival }
    giveUp(oldest.prefix(max(1, oldest.count / 8)).map(\.key), unfinished)
  }

  private mutating func sweep(_ time: CaptureTime, _ unfinished: (Unfinished) -> Void) {
    guard time.isKnown else { return }
    let wait = limits.seconds * 1_000_000_000
    if !nextSweep.isKnown { nextSweep = time }
    guard time >= nextSweep else { return }
    let (next, isOver) = time.nanoseconds.addingReportingOverflow(1_000_000_000)
    nextSweep = CaptureTime(nanoseconds: isOver ? .max : next)
    let (limit, isUnder) = time.nanoseconds.subtractingReportingOverflow(wait)
    guard !isUnder else { return }
    giveUp(pending.filter { $0.value.time.isKnown && $0.value.time.nanoseconds < limit }.map(\.key), unfinished)
  }

  // MARK: Repetitions

  private func isRepetition(_ key: Key, _ offset: Int, _ bytes: RawSpan, _ time: CaptureTime) -> Bool {
    guard let whole = recent[key], offset + bytes.byteCount <= whole.bytes.count else { return false }
    let (age, isOver) = time.nanoseconds.subtractingReportingOverflow(whole.time.nanoseconds)
    guard !isOver, age <= limits.repetition else { return false }
    for index in 0..<bytes.byteCount where bytes[index] != whole.bytes[offset + index] { return false }
    return true
  }

  private mutating func remember(_ key: Key, _ bytes: [UInt8], _ time: CaptureTime) {
    if let old = recent.updateValue(Recent(bytes: bytes, time: time), forKey: key) {
      recentBytes -= old.bytes.count
    } else {
      recentOrder.append(key)
    }
    recentBytes += bytes.count
    while recentBytes > limits.recentBytes, recentStart < recentOrder.count {
      if let old = recent.removeValue(forKey: recentOrder[recentStart]) { recentBytes -= old.bytes.count }
      recentStart += 1
    }
    if recentStart > 1_024 {
      recentOrder.removeFirst(recentStart)
      recentStart = 0
    }
  }
}
