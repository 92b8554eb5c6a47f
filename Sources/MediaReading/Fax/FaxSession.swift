public import EvidenceModel

/// A fax between two machines, followed from both sides' packets (ITU-T T.30, 5, and annex A): its messages and its pages.
///
/// It only listens: nothing is answered and nothing is asked for again.
public struct FaxSession: Sendable {
  /// Messages, pages and packets that could not be read, as they are kept.
  public static let maximumMessages = 10_000
  public static let maximumPages = 1_000
  /// Bytes of a message or frame.
  static let maximumFrame = 1_024

  public private(set) var messages: [FaxMessage] = []
  public private(set) var pages: [FaxPage] = []
  public private(set) var omittedMessages: Int64 = 0
  public private(set) var omittedPages: Int64 = 0
  /// Packets that contradict T.38, or cannot be read.
  public private(set) var damage = PacketSet()
  public private(set) var damagedPackets: Int64 = 0

  /// What one side is sending.
  private struct Sending {
    var frame: [UInt8] = []
    var framePackets = PacketSet()
    var frameFirst = CaptureTime.unknown
    var modulation = IFPPacket.messages
    /// Whether something of the frame in hand may be missing.
    var isFrameBroken = false
    /// Image data without error correction that is coming.
    var run: FaxPage?
    /// Packets that are missing right before what comes next.
    var lost: Int64 = 0
  }

  private enum Phase { case idle, training, page }

  private var sides = [Sending(), Sending()]
  private var phase = Phase.idle
  /// The side that sends pages, and how.
  private var sender: Int?
  private var format: FaxFormat?
  /// A page whose last message has not come.
  private var page: FaxPage?
  private var block = FaxBlock()
  /// The numbers of the block before.
  private var lastBlock: [UInt8]?

  /// Follows the packets of one or two sides; `step` is called for each.
  public init(_ directions: [FaxPackets], originals: [UInt16: Int32], step: () -> Void = {}) {
    let payloads = PayloadSource(originals)
    for (side, entry, lost) in Self.merged(directions) {
      step()
      sides[side].lost += lost
      if lost > 0 { noteLoss(side) }
      let isFirstVersion = directions[side].isFirstVersion
      guard let bytes = directions[side].bytes(of: entry, payloads),
        let packet = FaxPackets.packet(bytes, isFirstVersion: isFirstVersion, entry)
      else {
        damagedPackets += 1
        damage.insert(entry.packet.position)
        sides[side].lost += 1
        noteLoss(side)
        continue
      }
      take(packet, side, entry.packet)
    }
    for side in sides.indices { endRun(side) }
    if !block.frames.isEmpty { closeBlock() }
    closePage(nil)
  }

  /// The packets of both sides in the order of the capture, each side's in that of its numbers, with how many are missing before.
  private static func merged(_ directions: [FaxPackets]) -> [(Int, FaxPackets.Entry, Int64)] {
    var all: [(key: UInt64, side: Int, place: Int, entry: FaxPackets.Entry, lost: Int64)] = []
    for (side, direction) in directions.prefix(2).enumerated() {
      var latest: UInt64 = 0
      var former: FaxPackets.Entry?
      for (place, entry) in direction.entries.enumerated() {
        latest = max(latest, entry.packet.position.rawValue)
        all.append((latest, side, place, entry, former.map { FaxPackets.lost(between: $0, entry) } ?? 0))
        former = entry
      }
    }
    all.sort { ($0.key, $0.side, $0.place) < ($1.key, $1.side, $1.place) }
    return all.map { ($0.side, $0.entry, $0.lost) }
  }

  private mutating func noteLoss(_ side: Int) {
    // A frame that begins behind the loss shows its own beginning.
    if !sides[side].frame.isEmpty { sides[side].isFrameBroken = true }
    if sides[side].run != nil {
      let lost = sides[side].lost
      sides[side].run?.addGap(lost)
      sides[side].lost = 0
    }
  }

  // MARK: Packets

  private mutating func take(_ packet: IFPPacket, _ side: Int, _ source: MediaPacket) {
    guard case .data(let modulation, let fields) = packet else {
      // What the modem begins anew ends what it sent before.
      cutFrame(side, source)
      endRun(side)
      return
    }
    if modulation != sides[side].modulation { cutFrame(side, source) }
    sides[side].modulation = modulation
    for field in fields {
      switch field.kind {
      case .frameData: append(field.bytes, side, source)
      case .frameGood, .frameGoodEnd, .frameBad, .frameBadEnd:
        append(field.bytes, side, source)
        let isGood = field.kind == .frameGood || field.kind == .frameGoodEnd
        endFrame(side, isGood: isGood, source)
      case .signalEnd: cutFrame(side, source)
      case .imageData, .imageEnd:
        if sides[side].run == nil {
          guard !field.bytes.isEmpty else { break }
          sides[side].run = FaxPage(side: side, format: format)
          let lost = sides[side].lost
          if lost > 0 { sides[side].run?.addGap(lost) }
        }
        sides[side].lost = 0
        sides[side].run?.append(field.bytes)
        sides[side].run?.note(source)
        if field.kind == .imageEnd { endRun(side) }
      }
    }
  }

  private mutating func append(_ bytes: [UInt8], _ side: Int, _ source: MediaPacket) {
    if sides[side].frame.isEmpty { sides[side].frameFirst = source.time }
    sides[side].framePackets.insert(source.position)
    let room = Self.maximumFrame - sides[side].frame.count
    if bytes.count > room { sides[side].isFrameBroken = true }
    sides[side].frame += bytes.prefix(room)
  }

  /// Ends a frame whose own end did not come.
  private mutating func cutFrame(_ side: Int, _ source: MediaPacket) {
    if !sides[side].frame.isEmpty { endFrame(side, isGood: false, source) }
  }

  private mutating func endFrame(_ side: Int, isGood: Bool, _ source: MediaPacket) {
    let bytes = sides[side].frame
    // Address and control (T.30, 5.3.4, 5.3.5).
    let isBegun = bytes.count >= 3 && bytes.first == 0xff && bytes.dropFirst().first.map { $0 & 0xf7 == 0xc0 } == true
    let isWhole = isGood && !sides[side].isFrameBroken && isBegun
    defer {
      sides[side].frame = []
      sides[side].framePackets = PacketSet()
      sides[side].isFrameBroken = false
    }
    guard !bytes.isEmpty else { return }
    if sides[side].modulation == IFPPacket.messages {
      let message = FaxMessage(
        bytes, from: side, isWhole: isWhole, sides[side].framePackets, sides[side].frameFirst, source.time)
      if messages.count < Self.maximumMessages { messages.append(message) } else { omittedMessages += 1 }
      sides[side].lost = 0
      if isWhole { take(message) }
    } else if isWhole, FaxMessage.code(bytes) == 0x60, let number = bytes.dropFirst(3).first {
      takeFrame(FaxMessage.reversed(number), Array(bytes.dropFirst(4)), side)
    }
  }

  // MARK: Messages

  private mutating func take(_ message: FaxMessage) {
    let isSender = sender == nil || sender == message.side
    switch message.name {
    case "DCS":
      // A page that still waits for its last message will not get it.
      finishBlock()
      closePage(nil)
      lastBlock = nil
      sender = message.side
      format = message.format
      phase = .training
    case "CFR", "CTR": phase = .page
    case "FTT": phase = .idle
    case "MPS", "EOP", "EOM", "PRI-MPS", "PRI-EOP", "PRI-EOM":
      guard isSender, page != nil else { break }
      note(message)
      closePage(message.name)
    case "EOR": if isSender { block.isGivenUp = true }
    case "PPR": if !isSender { block.isAskedAgain = true }
    case "MCF", "RTP", "RTN", "PIP", "PIN", "ERR":
      guard message.side != sender else { break }
      if block.isAnnounced || block.isGivenUp { finishBlock() }
      if page == nil, let last = pages.indices.last, pages[last].answer == nil, pages[last].endedBy != nil {
        pages[last].answer = message.name
        pages[last].packets.formUnion(message.packets)
      }
    default:
      if isSender, FaxMessage.code(message.bytes) == FaxMessage.partialPageSignal { takeBlockEnd(message) }
    }
  }

  private mutating func note(_ message: FaxMessage) {
    page?.packets.formUnion(message.packets)
    page?.last = message.last
  }

  private mutating func closePage(_ endedBy: String?) {
    guard var done = page else { return }
    page = nil
    done.endedBy = endedBy
    if pages.count < Self.maximumPages { pages.append(done) } else { omittedPages += 1 }
  }

  // MARK: Image data without error correction

  private mutating func endRun(_ side: Int) {
    guard var run = sides[side].run else { return }
    sides[side].run = nil
    if sides[side].lost > 0 {
      run.addGap(sides[side].lost)
      sides[side].lost = 0
    }
    // The check of the line is zeros (T.30, 5.3.6.1); its answer may be missing.
    let zeros = run.bytes.count { $0 == 0 }
    if phase == .training, zeros * 100 >= run.bytes.count * 98 { return }
    finishBlock()
    closePage(nil)
    phase = .page
    page = run
  }

  // MARK: Error correction

  private mutating func takeFrame(_ number: UInt8, _ bytes: [UInt8], _ side: Int) {
    guard sender == nil || sender == side else { return }
    // A new block after one whose answer is missing.
    if block.isAnnounced, !block.isAskedAgain, let known = block.frames[number], known != bytes { finishBlock() }
    block.side = block.side ?? side
    block.add(number, bytes, sides[side].framePackets, sides[side].frameFirst)
  }

  private mutating func takeBlockEnd(_ message: FaxMessage) {
    let information = message.bytes.dropFirst(3)
    guard information.count >= 4, let code = information.first else { return }
    let numbers = information.dropFirst().prefix(3).map(FaxMessage.reversed)
    guard let last = numbers.last else { return }
    if let former = block.numbers, former != Array(numbers.prefix(2)), block.isAnnounced { finishBlock() }
    // The same message again, because its sender missed the answer.
    if block.frames.isEmpty, lastBlock == Array(numbers.prefix(2)) { return }
    block.side = block.side ?? message.side
    block.numbers = Array(numbers.prefix(2))
    block.endedBy = code == 0 ? nil : FaxMessage.name(code & 0x7f)
    block.expected = max(block.expected, Int(last) + 1)
    block.isAnnounced = true
    block.isAskedAgain = false
    block.packets.formUnion(message.packets)
  }

  private mutating func finishBlock() {
    if block.isAnnounced || !block.frames.isEmpty { closeBlock() }
  }

  /// Adds the frames of the block in hand to the page, and ends the page when the block is its last.
  private mutating func closeBlock() {
    let done = block
    block = FaxBlock()
    lastBlock = done.numbers
    var target = page ?? FaxPage(side: done.side ?? sender ?? 0, format: format)
    page = nil
    let expected = max(done.expected, (done.frames.keys.max().map { Int($0) } ?? -1) + 1)
    for number in 0..<min(expected, 256) {
      if let bytes = done.frames[UInt8(number)] { target.append(bytes) } else { target.addGap(1) }
    }
    target.packets.formUnion(done.packets)
    if !target.first.isKnown { target.first = done.first }
    target.last = done.last
    target.repeatedFrames += done.repeatedFrames
    page = target
    if let endedBy = done.endedBy { closePage(endedBy) }
  }
}

/// A partial page of error correction: frames by their numbers (T.30, annex A).
struct FaxBlock: Sendable {
  /// The side that sent it.
  var side: Int?
  var frames: [UInt8: [UInt8]] = [:]
  /// The numbers of page and block.
  var numbers: [UInt8]?
  var expected = 0
  /// Whether the message that ends it came, whether frames of it were asked for again, and whether its sender gave it up.
  var isAnnounced = false
  var isAskedAgain = false
  var isGivenUp = false
  var endedBy: String?
  var repeatedFrames: Int64 = 0
  var packets = PacketSet()
  var first = CaptureTime.unknown
  var last = CaptureTime.unknown

  mutating func add(_ number: UInt8, _ bytes: [UInt8], _ source: PacketSet, _ time: CaptureTime) {
    packets.formUnion(source)
    if !first.isKnown { first = time }
    last = time
    if isAnnounced { repeatedFrames += 1 }
    if frames[number] == nil { frames[number] = bytes }
  }
}
