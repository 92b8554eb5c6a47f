public import DecoderKit

/// Reads both sides of a connection, which may carry several sessions (RFC 4975, 5.4).
public struct MSRPSession: DecodingSession {
  /// Messages of a connection whose chunks, or whose responses, are waited for.
  static let maximumOpen = 64
  /// Requests that wait for their response, twice as many for a moment.
  static let maximumWaiting = 4_096

  private var initiator = Framing()
  private var responder = Framing()
  private var chunks: [Side: Chunk] = [:]
  /// Messages that are not told yet, in the order in which they began.
  private var messages: [Message] = []
  private var waiting = Requests()
  private var transcript: Transcript?
  private var trace = Trace()
  private var messageCount = 0
  private var requestCount = 0
  private var responseCount = 0
  private var isComplete = true
  private var hasNotedOdd = false
  /// Bytes that responses carry, which is not for them to do (RFC 4975, 9).
  private var lostBytes = 0

  /// What a request that is being read carries.
  private struct Chunk {
    let request: Requests.Request
    /// Nil when it is no message: what it carries is an artefact of its own.
    let message: Message?
    var handle: ContentHandle?
    var range: ByteRange
    /// Where the next byte stands in the message.
    var place: UInt64
    var isCut = false
    /// Its response, where that came before its end.
    var response: Requests.Response?
  }

  init() {}

  private mutating func framing<Result>(_ side: Side, _ body: (inout Framing) -> Result) -> Result {
    side == .initiator ? body(&initiator) : body(&responder)
  }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard bytes.byteCount > 0 else { return .consumed(0) }
    if trace.isEmpty { trace = sink.trace }
    // Twice at the most: what is lost takes no byte, what comes behind it does.
    while true {
      switch framing(side, { $0.advance(bytes) }) {
      case .needsMore: return .needs(more: 1)
      case .emptyLine(let count): return .consumed(count)
      case .pass(let count):
        noteOdd(side, sink.trace(of: 0..<count), &sink)
        return .consumed(count)
      case .lost(let count):
        try cutChunk(side, &sink)
        noteOdd(side, sink.trace(of: 0..<max(1, count)), &sink)
        if count > 0 { return .consumed(count) }
      case .head(let start, let head, let count, let flag):
        try take(start, head, flag, side, sink.trace(of: 0..<count), &sink)
        return .consumed(count)
      case .data(let count):
        try take(bytes.extracting(first: count), side, sink.trace(of: 0..<count), &sink)
        return .consumed(count)
      case .end(let count, let byteCount, let flag):
        if count > 0 { try take(bytes.extracting(first: count), side, sink.trace(of: 0..<count), &sink) }
        try endChunk(side, flag, sink.trace(of: 0..<byteCount), &sink)
        return .consumed(byteCount)
      }
    }
  }

  private mutating func noteOdd(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    isComplete = false
    guard !hasNotedOdd else { return }
    hasNotedOdd = true
    sink.note(
      Finding(
        .warning, "msrp/oddBytes", "Bytes that belong to no message, or to one without its beginning, were passed over."
      ),
      from: side, trace: trace)
  }

  private func speaker(_ side: Side) -> String { side == .initiator ? "client" : "server" }

  private mutating func say(
    _ line: [UInt8], _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if transcript == nil { transcript = Transcript(role: "msrp transcript", client: .initiator) }
    try transcript?.add(line, from: side, trace: trace, into: &sink)
  }

  // MARK: Requests and responses

  private mutating func take(
    _ start: StartLine, _ head: MessageHead, _ flag: UInt8?, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    switch start.kind {
    case .response(let status, let comment):
      responseCount += 1
      let response = Requests.Response(status: status, comment: comment, head: head, trace: trace)
      if try answer(start.transaction, response, side, &sink) { return }
      try write(nil, response, side.other, &sink)
    case .request(let method):
      requestCount += 1
      let request = Requests.Request(
        method: method, transaction: start.transaction, head: head, side: side, trace: trace)
      guard flag == nil || method.elementsEqual("SEND".utf8) && head.first("Message-ID") != nil && hasRange(head) else {
        return try expectAnswer(request, &sink)
      }
      try begin(request, &sink)
      if let flag { try endChunk(side, flag, trace, &sink) }
    }
  }

  private func hasRange(_ head: MessageHead) -> Bool {
    head.first("Content-Type") != nil || head.first("Byte-Range").flatMap { ByteRange($0)?.total } ?? 0 > 0
  }

  private mutating func begin(_ request: Requests.Request, _ sink: inout EvidenceSink) throws(ReadError) {
    guard request.method.elementsEqual("SEND".utf8) else {
      var chunk = Chunk(request: request, message: nil, range: .all, place: 0)
      let type = MediaType(request.head.first("Content-Type") ?? [])
      chunk.handle = try sink.open(
        ContentDescription(role: "msrp body", mediaType: type.name, parameters: type.parameters), from: request.side)
      chunks[request.side] = chunk
      return
    }
    let stated = request.head.first("Byte-Range")
    let range = stated.map { ByteRange($0) } ?? .all
    let message = try message(request, &sink)
    message.chunkCount += 1
    message.trace.formUnion(request.trace)
    if let range, let total = range.total {
      if let known = message.total, known != total { noteRange(message, request, &sink) }
      message.total = message.total ?? total
    }
    if range == nil { noteRange(message, request, &sink) }
    chunks[request.side] = Chunk(
      request: request, message: message, range: range ?? .all, place: range?.start ?? message.content.end)
  }

  private mutating func noteRange(_ message: Message, _ request: Requests.Request, _ sink: inout EvidenceSink) {
    guard !message.hasOddRange else { return }
    message.hasOddRange = true
    var fields = Fields()
    fields.set("messageID", wire: message.identifier)
    sink.note(
      Finding(
        .warning, "msrp/byteRange",
        "What chunks of a message say of their bytes cannot be read, or contradicts itself or what came.", fields),
      from: request.side, trace: request.trace)
  }

  /// The message that a chunk is of: the same identifier between the same two ends.
  private mutating func message(_ request: Requests.Request, _ sink: inout EvidenceSink) throws(ReadError) -> Message {
    let identifier = request.head.first("Message-ID") ?? []
    let ends = (request.head.path("To-Path").last, request.head.path("From-Path").last)
    let known = messages.first {
      !$0.isClosed && $0.side == request.side && $0.identifier == identifier && !identifier.isEmpty
        && $0.head.path("To-Path").last == ends.0 && $0.head.path("From-Path").last == ends.1
    }
    if let known { return known }
    if messages.count >= Self.maximumOpen { try makeRoom(&sink) }
    let made = Message(request.head, identifier: identifier, from: request.side)
    messages.append(made)
    return made
  }

  /// Tells a message though its responses, or its other chunks, may still come.
  private mutating func makeRoom(_ sink: inout EvidenceSink) throws(ReadError) {
    let coming = [chunks[.initiator]?.message, chunks[.responder]?.message]
    let place =
      messages.firstIndex { $0.isClosed }
      ?? messages.firstIndex { message in !coming.contains { $0 === message } } ?? 0
    let message = messages.remove(at: place)
    message.isCrowdedOut = !message.isClosed
    try tell(message, &sink)
  }

  // MARK: What requests carry

  private mutating func take(
    _ bytes: RawSpan, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let chunk = chunks[side] else {
      lostBytes += bytes.byteCount
      return noteOdd(side, trace, &sink)
    }
    if let handle = chunk.handle {
      sink.append(bytes, to: handle)
    } else if let message = chunk.message {
      let all = messages
      let room = { ContentAssembly.maximumHeldBytes - all.reduce(0) { $0 + $1.content.heldBytes } }
      try message.content.take(bytes, at: chunk.place, trace: trace, room: room, into: &sink)
    }
    chunks[side]?.place = chunk.place + UInt64(bytes.byteCount)
  }

  private mutating func endChunk(
    _ side: Side, _ flag: UInt8, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let chunk = chunks.removeValue(forKey: side) else { return }
    var request = chunk.request
    request.trace.formUnion(trace)
    guard let message = chunk.message else {
      if let handle = chunk.handle, let stored = sink.close(handle, isWhole: flag == 0x24 && !chunk.isCut) {
        request.bodyHash = stored.hash.hex
        request.trace.formUnion(stored.trace)
      }
      return try expectAnswer(request, answeredBy: chunk.response, &sink)
    }
    message.trace.formUnion(trace)
    if let end = chunk.range.end, end != chunk.place, flag == 0x24 { noteRange(message, request, &sink) }
    if flag == 0x24 {
      // The last byte of the last chunk is that of the message (RFC 4975, 7.1.1).
      if let total = message.total, total != chunk.place { noteRange(message, request, &sink) }
      message.total = message.total ?? chunk.place
      message.flag = flag
    } else if flag == 0x23 {
      message.flag = flag
    }
    try settle(message, &sink)
    request.message = message
    if chunk.response == nil {
      if request.isDue { message.unansweredCount += 1 }
      try expectAnswer(request, &sink)
    }
    try tellIfDone(message, &sink)
  }

  /// A chunk whose end the capture lacks.
  private mutating func cutChunk(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard let chunk = chunks.removeValue(forKey: side) else { return }
    isComplete = false
    var request = chunk.request
    if let handle = chunk.handle, let stored = sink.close(handle, isWhole: false) {
      request.bodyHash = stored.hash.hex
      request.trace.formUnion(stored.trace)
    }
    request.message = chunk.message
    guard let message = chunk.message else { return try expectAnswer(request, answeredBy: chunk.response, &sink) }
    guard chunk.response == nil else { return }
    if request.isDue { message.unansweredCount += 1 }
    try expectAnswer(request, &sink)
  }

  /// Stores a message's content once all of it came.
  private mutating func settle(_ message: Message, _ sink: inout EvidenceSink) throws(ReadError) {
    guard message.isDone, !message.isClosed else { return }
    message.isClosed = true
    try message.content.close(size: message.total, isWhole: message.flag == 0x24, into: &sink)
  }

  private mutating func tellIfDone(_ message: Message, _ sink: inout EvidenceSink) throws(ReadError) {
    guard message.isClosed, message.unansweredCount == 0, let place = messages.firstIndex(where: { $0 === message })
    else { return }
    try tell(messages.remove(at: place), &sink)
  }

  private mutating func tell(_ message: Message, _ sink: inout EvidenceSink) throws(ReadError) {
    if !message.isClosed {
      message.isClosed = true
      try message.content.close(size: message.total, isWhole: message.flag == 0x24, into: &sink)
    }
    if let stored = message.content.stored { message.trace.formUnion(stored.trace) }
    let told = try MessageFields(message, speaker: speaker(message.side), into: &sink)
    if !message.isWhole || message.content.hasConflict { noteHoles(message, &sink) }
    messageCount += 1
    try say(told.line, message.side, message.trace, &sink)
    message.isTold = true
    message.content.forget()
    try sink.emit(told.kind, told.fields, from: message.side, trace: message.trace)
  }

  private mutating func noteHoles(_ message: Message, _ sink: inout EvidenceSink) {
    var fields = Fields()
    fields.set("messageID", wire: message.identifier)
    let holes = message.holes
    if !holes.isEmpty { fields.set("holes", .list(holes)) }
    if message.content.hasConflict {
      sink.note(
        Finding(
          .warning, "msrp/conflict",
          "Chunks of a message have different bytes at the same place; what came first stays.",
          fields), from: message.side, trace: message.trace)
    }
    guard !message.isWhole else { return }
    if message.isCrowdedOut {
      isComplete = false
      return sink.note(
        Finding(
          .warning, "msrp/messageLimit",
          "More messages of a connection came at once than the limit; one was told before all of it came.", fields),
        from: message.side, trace: message.trace)
    }
    let isAborted = message.flag == 0x23
    if !isAborted { isComplete = false }
    sink.note(
      Finding(
        isAborted ? .notice : .warning, isAborted ? "msrp/aborted" : "msrp/incomplete",
        isAborted ? "A message was given up by its sender before its end." : "A message is not whole in the capture.",
        fields), from: message.side, trace: message.trace)
  }

  // MARK: Pairs

  private mutating func expectAnswer(
    _ request: Requests.Request, answeredBy known: Requests.Response? = nil, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if request.isReport { try writeReport(request, &sink) }
    if let known { return try write(request, known, request.side, &sink) }
    for gone in waiting.add(request) { try giveUp(gone, &sink) }
  }

  /// A request whose response does not come.
  private mutating func giveUp(_ request: Requests.Request, _ sink: inout EvidenceSink) throws(ReadError) {
    // Nobody answers a REPORT (RFC 4975, 7.1.2).
    guard request.message == nil, !request.isReport else { return }
    try write(request, nil, request.side, &sink)
  }

  private mutating func answer(
    _ transaction: [UInt8], _ response: Requests.Response, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    if let request = waiting.take(transaction, from: side.other) {
      guard let message = request.message, !message.isTold else {
        try write(request, response, request.side, &sink)
        return true
      }
      if request.isDue { message.unansweredCount -= 1 }
      try take(response, message, &sink)
      return true
    }
    // A chunk may be answered while it still comes (RFC 4975, 7.1.3).
    guard let chunk = chunks[side.other], chunk.request.transaction == transaction else { return false }
    guard let message = chunk.message else {
      if chunk.response != nil { return false }
      chunks[side.other]?.response = response
      return true
    }
    chunks[side.other]?.response = response
    try take(response, message, &sink)
    return true
  }

  private mutating func take(
    _ response: Requests.Response, _ message: Message, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    message.trace.formUnion(response.trace)
    if let place = message.answers.firstIndex(where: { $0.status == response.status && $0.comment == response.comment })
    {
      message.answers[place].count += 1
    } else if message.answers.count < 64 {
      message.answers.append((response.status, response.comment, 1))
    }
    try tellIfDone(message, &sink)
  }

  private mutating func write(
    _ request: Requests.Request?, _ response: Requests.Response?, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let (fields, line, trace) = Requests.fields(request, response, speaker: speaker(side))
    try say(line, side, trace, &sink)
    try sink.emit("msrp/request", fields, from: side, trace: trace)
  }

  private mutating func writeReport(_ request: Requests.Request, _ sink: inout EvidenceSink) throws(ReadError) {
    let (fields, line) = Requests.report(request, speaker: speaker(request.side))
    try say(line, request.side, request.trace, &sink)
    try sink.emit("msrp/report", fields, from: request.side, trace: request.trace)
  }

  // MARK: Gaps and the end

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isComplete = false
    let missing = UInt64(clamping: gap.byteCount) + UInt64(clamping: gap.abandoned)
    var isInside: Bool?
    if let chunk = chunks[side] {
      chunks[side]?.isCut = true
      let place = chunk.place + missing
      if let end = chunk.range.end { isInside = place < end }
      if chunk.message == nil { isInside = false }
      if isInside != false {
        chunks[side]?.place = place
      } else {
        try cutChunk(side, &sink)
      }
    }
    framing(side) { $0.skip(abandoned: gap.abandoned, isInside: isInside) }
    try transcript?.skip(gap.byteCount, from: side, trace: sink.trace, into: &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    try? finishAll(&sink)
  }

  private mutating func finishAll(_ sink: inout EvidenceSink) throws(ReadError) {
    for side in [Side.initiator, .responder] {
      try cutChunk(side, &sink)
      if framing(side, { $0.waitingByteCount }) > 0 { noteOdd(side, trace, &sink) }
    }
    var failure: ReadError?
    for request in waiting.takeAll() {
      do throws(ReadError) { try giveUp(request, &sink) } catch { failure = error }
    }
    for message in messages {
      do throws(ReadError) { try tell(message, &sink) } catch { failure = error }
    }
    messages = []
    if !isComplete { transcript?.cut() }
    let stored = transcript?.close(into: &sink)
    if let failure { throw failure }
    guard !trace.isEmpty else { return }
    var fields: Fields = [
      "messageCount": .integer(Int64(messageCount)), "requestCount": .integer(Int64(requestCount)),
      "responseCount": .integer(Int64(responseCount)), "isComplete": .boolean(isComplete),
    ]
    let lost =
      initiator.passedByteCount + initiator.waitingByteCount + responder.passedByteCount + responder.waitingByteCount
      + lostBytes
    if lost > 0 { fields.set("unreadByteCount", lost) }
    if let stored {
      fields.set("transcriptSha256", stored.hash.hex)
      trace.formUnion(stored.trace)
    }
    try sink.emit("msrp/session", fields, from: .initiator, trace: trace)
  }
}
