import DecoderKit

/// One file on its way; the session of the request hands it to that of the conversation in which its blocks come.
final class Transfer {
  static let maximumHeldCount = 1_024
  static let maximumHeldBytes = 1 << 20
  static let maximumMissingRanges = 1_000

  let request: Message.Request?
  let client: Endpoint?
  var trace: Trace
  /// The conversation of its blocks is known.
  var isTaken = false
  var isUpload: Bool
  /// It has ended and its record is written.
  private(set) var isOver = false

  private var content: ContentHandle?
  private var accepted: [Message.Option]?
  private var blockSize = 512
  private var isBlockSizeKnown = false
  /// The number of the next block, not reduced to 16 bits.
  private var next = 1
  /// How far ahead of the numbers on the wire ours are: some senders go on with 1 behind 65535.
  private var numberOffset = 0
  private var held: [Int: Held] = [:]
  private var heldBytes = 0
  private var missing: [ClosedRange<Int>] = []
  private var repeatedBlocks = 0
  private var lateBlocks = 0
  private var hasEnded = false
  private var isWholeFile = true
  private var fault: (code: UInt16, text: [UInt8])?
  private var isOddSideNoted = false

  private struct Held {
    let bytes: [UInt8]
    let trace: Trace
  }

  init(_ request: Message.Request?, client: Endpoint?, _ trace: Trace) {
    self.request = request
    self.client = client
    self.trace = trace
    isUpload = request?.isWrite ?? false
  }

  /// The last block's number on the wire, as far as it came.
  var lastBlock: UInt16 { UInt16(truncatingIfNeeded: next - 1 - numberOffset) }

  private func clientSide(_ sink: borrowing EvidenceSink) -> Side {
    sink.carrier.endpoint(of: .initiator) == client ? .initiator : .responder
  }

  // MARK: Messages

  func take(_ message: Message, _ bytes: RawSpan, from side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    trace.formUnion(sink.trace)
    let isFromClient = side == clientSide(sink)
    switch message {
    case .request: break
    case .data(let block):
      guard isFromClient == isUpload else { return noteOddSide(side, &sink) }
      try take(block, bytes.extracting(Message.dataOffset..<bytes.byteCount), side, &sink)
    case .acknowledgement(let block):
      guard isFromClient != isUpload else { return noteOddSide(side, &sink) }
      try acknowledge(number(block), side.other, &sink)
    case .optionAcknowledgement(let options):
      guard !isFromClient else { return noteOddSide(side, &sink) }
      take(options)
    case .error(let code, let text):
      fault = (code, text)
      try conclude(&sink)
    }
  }

  private func noteOddSide(_ side: Side, _ sink: inout EvidenceSink) {
    guard !isOddSideNoted else { return }
    isOddSideNoted = true
    sink.note(
      Finding(
        .warning, "tftp/oddMessage", "A message comes from the side that has no reason to send it; it is not used."),
      from: side, trace: sink.trace)
  }

  private func take(_ options: [Message.Option]) {
    guard accepted == nil else { return }
    accepted = options
    if let size = options.first(where: { $0.name.equalsIgnoringCase("blksize") })?.number,
      (8...65_464).contains(size), next == 1
    {
      blockSize = size
      isBlockSizeKnown = true
    }
  }

  // MARK: Blocks

  /// A block's number, not reduced to 16 bits: the one nearest to the next.
  private func number(_ block: UInt16) -> Int {
    let expected = UInt16(truncatingIfNeeded: next - numberOffset)
    return next + Int(Int16(bitPattern: block &- expected))
  }

  private func take(
    _ block: UInt16, _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    learnBlockSize(bytes.byteCount, side, &sink)
    if block == 1, next > 1, UInt16(truncatingIfNeeded: next - numberOffset) == 0, held.isEmpty { numberOffset -= 1 }
    let place = number(block)
    if place < next {
      if missing.contains(where: { $0.contains(place) }) { lateBlocks += 1 } else { repeatedBlocks += 1 }
    } else if hasEnded {
      noteOddSide(side, &sink)
    } else if place == next {
      try append(bytes, sink.trace, side, &sink)
      try appendHeld(side, &sink)
    } else if held[place] == nil {
      held[place] = Held(bytes: bytes.array(), trace: sink.trace)
      heldBytes += bytes.byteCount
      if held.count > Self.maximumHeldCount || heldBytes > Self.maximumHeldBytes,
        let first = held.keys.min()
      {
        try pass(to: first, side, &sink)
      }
    } else {
      repeatedBlocks += 1
    }
  }

  /// Without an answer to the options in the capture, the first blocks tell whether the asked size was accepted.
  private func learnBlockSize(_ count: Int, _ side: Side, _ sink: inout EvidenceSink) {
    guard !isBlockSizeKnown || count > blockSize else { return }
    let wanted = request?.options.first { $0.name.equalsIgnoringCase("blksize") }?.number
    if accepted == nil, count == wanted {
      blockSize = count
    } else if count > blockSize {
      blockSize = count
      sink.note(
        Finding(
          .warning, "tftp/blockSize", "Blocks are larger than was agreed on.", ["byteCount": .integer(Int64(count))]),
        from: side, trace: sink.trace)
    }
    isBlockSizeKnown = true
  }

  private func append(
    _ bytes: RawSpan, _ source: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    next += 1
    if bytes.byteCount < blockSize { hasEnded = true }
    guard bytes.byteCount > 0 else { return }
    sink.append(bytes, to: try handle(side, &sink), from: source)
  }

  private func handle(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle {
    if let content { return content }
    var description = ContentDescription(role: "tftp file")
    description.name = request?.name
    description.announcedByteCount = announced
    let made = try sink.open(description, from: side)
    content = made
    return made
  }

  private func appendHeld(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    // Each turn takes one of the blocks that are held.
    while !hasEnded, let block = held.removeValue(forKey: next) {
      heldBytes -= block.bytes.count
      // Safe: the view ends before `block` does.
      try unsafe append(block.bytes.span.bytes, block.trace, side, &sink)
    }
  }

  /// The receiver has all blocks up to this one: those that were not captured before are missing.
  private func acknowledge(_ last: Int, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    while next <= last, !hasEnded {
      let first = held.keys.filter { $0 <= last }.min() ?? last + 1
      try pass(to: first, side, &sink)
    }
    if hasEnded, last == next - 1 { try conclude(&sink) }
  }

  /// Leaves a hole for the blocks before `place`, and goes on with those that are held from there.
  private func pass(to place: Int, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    if place > next {
      isWholeFile = false
      if missing.count < Self.maximumMissingRanges { missing.append(next...(place - 1)) }
      sink.skip((place - next) * blockSize, in: try handle(side, &sink))
      next = place
    }
    try appendHeld(side, &sink)
  }

  // MARK: The end

  private var announced: Int? {
    let option = { (list: [Message.Option]?) in list?.first { $0.name.equalsIgnoringCase("tsize") }?.number }
    return option(accepted) ?? (isUpload ? option(request?.options) : nil)
  }

  func conclude(_ sink: inout EvidenceSink) throws(ReadError) {
    guard !isOver else { return }
    isOver = true
    let client = clientSide(sink)
    let sender = isUpload ? client : client.other
    // Each turn takes at least one of the blocks that are held.
    while !hasEnded, let first = held.keys.min() { try pass(to: first, sender, &sink) }
    let isComplete = hasEnded && isWholeFile
    let stored = content.flatMap { sink.close($0, isWhole: isComplete) }
    note(stored, sender, &sink)
    try sink.emit("tftp/transfer", fields(stored, isComplete: isComplete), from: client, trace: trace)
  }

  private func note(_ stored: ContentReference?, _ sender: Side, _ sink: inout EvidenceSink) {
    if lateBlocks > 0 {
      sink.note(
        Finding(
          .warning, "tftp/lateBlocks", "Blocks came after they had been taken for missing; they are not in the file.",
          ["count": .integer(Int64(lateBlocks))]), from: sender, trace: trace)
    }
    guard let announced, hasEnded, isWholeFile, announced != stored?.byteCount ?? 0 else { return }
    sink.note(
      Finding(
        .notice, "tftp/sizeDiffers", "A file has another size than was announced.",
        ["announcedByteCount": .integer(Int64(announced)), "byteCount": .integer(Int64(stored?.byteCount ?? 0))]),
      from: sender, trace: trace)
  }

  private func fields(_ stored: ContentReference?, isComplete: Bool) -> Fields {
    var fields: Fields = [
      "direction": .text(isUpload ? "upload" : "download"), "isComplete": .boolean(isComplete),
      "byteCount": .integer(Int64(stored?.byteCount ?? 0)),
    ]
    if let request {
      fields.set("name", wire: request.name)
      fields.set("mode", wire: request.mode.asciiLowercased)
    }
    if next > 1 { fields.set("blockSize", blockSize) }
    if let announced { fields.set("announcedByteCount", announced) }
    if repeatedBlocks > 0 { fields.set("repeatedBlocks", repeatedBlocks) }
    if let stored { fields.set("sha256", stored.hash.hex) }
    if let fault {
      fields.set("errorCode", Int64(fault.code))
      fields.set("error", wire: fault.text)
    }
    let options = optionValues
    if !options.isEmpty { fields.set("options", .list(options)) }
    return fields
  }

  private var optionValues: [Value] {
    var names: [[UInt8]] = []
    for option in (request?.options ?? []) + (accepted ?? []) where !names.contains(option.name.asciiLowercased) {
      names.append(option.name.asciiLowercased)
    }
    return names.map { name in
      var entry = Fields()
      entry.set("name", wire: name)
      let value = { (list: [Message.Option]?) in list?.first { $0.name.asciiLowercased == name }?.value }
      if let asked = value(request?.options) { entry.set("requested", wire: asked) }
      if let given = value(accepted) { entry.set("accepted", wire: given) }
      return .object(entry)
    }
  }
}
