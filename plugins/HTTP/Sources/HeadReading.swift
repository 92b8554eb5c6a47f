import DecoderKit

/// Finds and reads the heads of messages, whole or as far as they came.
extension HTTPSession {
  mutating func readHead(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    if lane.headBytes.isEmpty {
      // Limit: the bytes at hand.
      while let byte = reader.peek(), byte == 0x0d || byte == 0x0a { try reader.skip(1, "empty line") }
      guard reader.remaining > 0 else { return false }
      var start = MessageStart.judge(reader)
      if start == .neither, isAwaitingResponse(side) { start = MessageStart.judgeAwaited(reader) }
      switch start {
      case .request where clientSide != side.other: break
      case .response where clientSide != side: break
      case .unfinished:
        lane.startBytes = rest(of: reader)
        lane.startTrace = sink.trace(of: reader.offset..<reader.offset + reader.remaining)
        return false
      default:
        if isAwaitingTunnel(side) || self.lane(side.other).state == .tunnel {
          lane.state = .tunnel
        } else if lane.isFresh, clientSide == side.other, isBehindOtherBytes(reader) {
          // Behind the answer of a proxy, as SOCKS has it.
          lane.resetHead()
          lane.isFresh = false
          lane.state = .lost
        } else if try !beginBareResponse(reader, lane, side, &sink) {
          lose(lane, side)
        }
        return true
      }
      if clientSide == nil { clientSide = start == .request ? side : side.other }
      notePassed(lane, side, &sink)
      if let length = lane.headEnd.byteCount(ahead: reader) {
        let trace = sink.trace(of: reader.offset..<reader.offset + length)
        let bytes = try reader.take(length, "head")
        lane.resetHead()
        try readMessage(bytes, trace, lane, side, &sink)
        return true
      }
    }
    return try collectHead(&reader, lane, side, &sink)
  }

  /// Keeps a head that comes in pieces, until its end.
  mutating func collectHead(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    let held = lane.headBytes.count
    let begin = reader.offset
    var ahead = reader
    let room = MessageHead.maximumByteCount + 1 - held
    lane.headBytes += try ahead.take(min(room, reader.remaining), "head").array()
    // Safe: the view ends before the bytes change.
    let length = unsafe lane.headEnd.byteCount(ahead: ByteReader(lane.headBytes.span.bytes))
    try reader.skip((length ?? lane.headBytes.count) - held, "head")
    lane.headTrace.extend(sink.trace(of: begin..<reader.offset))
    guard let length else {
      guard lane.headBytes.count > MessageHead.maximumByteCount else { return false }
      try salvageHead(lane, side, "The head of a message is longer than the limit.", &sink)
      lose(lane, side)
      return true
    }
    let bytes = Array(lane.headBytes.prefix(length))
    let trace = lane.headTrace
    lane.resetHead()
    // Safe: the view ends with the call.
    try readMessage(unsafe bytes.span.bytes, trace, lane, side, &sink)
    return true
  }

  /// Reads a whole head; what is none is passed over.
  mutating func readMessage(
    _ bytes: RawSpan, _ trace: Trace, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let head: MessageHead?
    do throws(ReadError) { head = try MessageHead(bytes) } catch {
      head = nil
      note("http/headLimit", "The head of a message has more fields than the limit.", trace, side, &sink)
    }
    if let head, isAwaitingResponse(side), head.startLine.contains(0x0d) {
      // Carriage returns alone, which many clients take for the ends of lines.
      let mended = Self.withLineFeeds(bytes)
      guard mended.count <= MessageHead.maximumByteCount else {
        note("http/headLimit", "The head of a message is longer than the limit.", trace, side, &sink)
        pass(bytes, lane, side, &sink)
        return lose(lane, side)
      }
      note("http/oddHeaderLine", "Lines of a head end with a carriage return alone.", trace, side, &sink)
      try keep(bytes, "http head with odd lines", side, &sink)
      // Safe: the view ends with the call.
      return try readMessage(unsafe mended.span.bytes, trace, lane, side, &sink)
    }
    var start = (head?.startLine).flatMap { Message.start($0) }
    if let head, start == nil, isAwaitingResponse(side), !head.fields.isEmpty {
      start = Message.damagedStatus(head.startLine)
      if start != nil {
        note("http/malformedStart", "A status line is damaged; what can be read of it was used.", trace, side, &sink)
        try keep(bytes, "http head with odd lines", side, &sink)
      }
    }
    guard let head, let start, isFitting(start, side) else {
      note("http/malformedStart", "A message does not begin as one should.", trace, side, &sink)
      pass(bytes, lane, side, &sink)
      lose(lane, side)
      return
    }
    if !head.oddLines.isEmpty {
      note("http/oddHeaderLine", "A head has lines that are no header fields.", trace, side, &sink)
      try keep(bytes, "http head with odd lines", side, &sink)
    } else if head.fields.contains(where: Self.isOdd) {
      // Some programs take a carriage return for the end of a line.
      note("http/oddHeaderLine", "A header field holds control characters.", trace, side, &sink)
    }
    try begin(Message(start, head, trace), lane, side, &sink)
  }

  /// Whether what comes from a side must be the answer to a request.
  private func isAwaitingResponse(_ side: Side) -> Bool { clientSide == side.other && !exchanges.isEmpty }

  /// A head whose carriage returns all have their line feed.
  private static func withLineFeeds(_ bytes: RawSpan) -> [UInt8] {
    var mended: [UInt8] = []
    mended.reserveCapacity(bytes.byteCount + 64)
    for byte in bytes.array() {
      if mended.last == 0x0d, byte != 0x0a { mended.append(0x0a) }
      mended.append(byte)
    }
    return mended
  }

  /// Whether a response's head begins a little later.
  func isBehindOtherBytes(_ reader: borrowing ByteReader) -> Bool {
    MessageStart.search(reader, for: .response).found.map { $0 <= Self.maximumPrefixByteCount } ?? false
  }

  private static func isOdd(_ field: MessageHead.Field) -> Bool {
    field.name.contains { $0 < 0x20 || $0 == 0x7f } || field.value.contains { $0 == 0x0d || $0 == 0 }
  }

  /// Keeps a head as it came, where its record cannot show all of it.
  private func keep(_ bytes: RawSpan, _ role: String, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    let handle = try sink.open(ContentDescription(role: role), from: side)
    sink.append(bytes, to: handle)
    _ = sink.close(handle, isWhole: true)
  }

  func isFitting(_ start: Message.Start, _ side: Side) -> Bool {
    switch start {
    case .request: clientSide != side.other
    case .response, .bare: clientSide != side
    }
  }

  /// Makes a message of a head that was cut, where its start line says enough.
  mutating func salvageHead(
    _ lane: Lane, _ side: Side, _ why: String, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let isStartKnown = !lane.headBytes.isEmpty
    var bytes = isStartKnown ? lane.headBytes : lane.startBytes
    let all = bytes
    let trace = isStartKnown ? lane.headTrace : lane.startTrace
    lane.resetHead()
    guard !bytes.isEmpty else { return }
    // A field that was cut is left out; a start line that was cut is tried.
    let isLineWhole = bytes.contains(0x0a)
    if let last = bytes.lastIndex(of: 0x0a) { bytes.removeSubrange((last + 1)...) }
    bytes += [0x0d, 0x0a, 0x0d, 0x0a]
    // Safe: the view ends with the call.
    let read: MessageHead?
    do throws(ReadError) { read = try unsafe MessageHead(bytes.span.bytes) } catch {
      read = nil
      note("http/headLimit", "The head of a message has more fields than the limit.", trace, side, &sink)
    }
    guard let head = read, let start = Message.start(head.startLine, isCut: !isLineWhole), isFitting(start, side)
    else {
      // Safe: the view ends before `all` does.
      unsafe pass(all.span.bytes, lane, side, &sink)
      return
    }
    // What follows its last line may be the body.
    // Safe: the view ends before `all` does.
    try unsafe keep(all.span.bytes, "http head that does not end", side, &sink)
    var finding = Finding(.warning, "http/incompleteHead", why)
    finding.fields.set("byteCount", bytes.count - 4)
    sink.note(finding, from: side, trace: trace)
    if clientSide == nil { if case .request = start { clientSide = side } else { clientSide = side.other } }
    var message = Message(start, head, trace)
    message.isDone = true
    if message.method != nil {
      try add(request: message, &sink)
    } else {
      _ = try pair(response: message, side, &sink)
    }
    try emitSettled(&sink)
  }
}
