public import DecoderKit

/// Reads both sides of a stream.
public struct XMPPSession: DecodingSession {
  private let carrier: DecodingContext.Carrier
  private var client: Side?
  private var initiator = StanzaCutting()
  private var responder = StanzaCutting()
  private var secrets = StanzaSecrets()
  private var streams = InBandStreams()
  private var facts = StreamFacts()
  /// What the last header of each side declares for the stanzas in it (RFC 6120, 4.8.1).
  private var prefixes: [Side: [String: String]] = [:]
  private var transcript: Transcript?
  private var trace = Trace()
  private var stanzaCount = 0
  private var messageCount = 0
  private var withheldCount = 0
  private var oddByteCount = 0
  private var malformedCount = 0
  private var oddCopyCount = 0
  /// `encrypted` or `compressed`: nothing more is read.
  private var closure: String?
  /// Bytes that wait for the rest of their stanza.
  private var waiting: [Side: Int] = [:]
  private var isComplete = true

  init(_ carrier: DecodingContext.Carrier) {
    self.carrier = carrier
    let isServer = { (side: Side) in
      carrier.endpoint(of: side).map { [5_222, 5_223, 5_269].contains($0.port) } ?? false
    }
    // Whoever connects is the client, unless ports say otherwise; then the first header tells.
    if isServer(.responder) || !isServer(.initiator) { client = .initiator }
  }

  private var clientSide: Side { client ?? .initiator }
  private func speaker(_ side: Side) -> String { side == clientSide ? "client" : "server" }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    let progress = try read(bytes, side, &sink)
    if case .needs = progress { waiting[side] = bytes.byteCount } else { waiting[side] = 0 }
    return progress
  }

  private mutating func read(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard closure == nil, bytes.byteCount > 0 else { return .consumed(bytes.byteCount) }
    if trace.isEmpty { trace = sink.trace }
    // The stream may begin with a handshake of TLS; later only the server's answer to STARTTLS lets one begin.
    if transcript == nil, oddByteCount == 0 {
      switch TLSRecord.isHandshake(bytes) {
      case true?:
        try close("encrypted", side, sink.trace, &sink)
        return .consumed(bytes.byteCount)
      case false?: break
      case nil: return .needs(more: 1)
      }
    }
    let cut = side == .initiator ? initiator.advance(bytes) : responder.advance(bytes)
    switch cut {
    case .needsMore: return .needs(more: 1)
    case .nothing(let count): return .consumed(count)
    case .odd(let count):
      noteOdd(count, side, sink.trace(of: 0..<min(count, bytes.byteCount)), &sink)
      return .consumed(count)
    case .header(let count):
      var text = bytes.extracting(first: count).array()
      if text.last == 0x3e { text.insert(0x2f, at: text.count - 1) }
      try take(text, isHeader: true, side, sink.trace(of: 0..<count), &sink)
      return .consumed(count)
    case .ending(let count):
      try begin(side)
      let words = "the \(speaker(side)) ends its stream"
      try transcript?.remark(words, from: side, trace: sink.trace(of: 0..<count), into: &sink)
      return .consumed(count)
    case .stanza(let count):
      try take(bytes.extracting(first: count).array(), isHeader: false, side, sink.trace(of: 0..<count), &sink)
      return .consumed(count)
    }
  }

  private mutating func begin(_ side: Side) throws(ReadError) {
    if transcript == nil { transcript = Transcript(role: "xmpp transcript", client: clientSide) }
  }

  private mutating func noteOdd(_ count: Int, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    isComplete = false
    if oddByteCount == 0 {
      sink.note(
        Finding(
          .warning, "xmpp/oddBytes",
          "Bytes belong to no stanza that can be read; further ones are counted only."), from: side, trace: trace)
    }
    oddByteCount += count
  }

  private mutating func close(
    _ word: String, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard closure == nil else { return }
    closure = word
    isComplete = false
    transcript?.cut()
    try transcript?.remark(
      "what both sides send from here on is \(word) and not read", from: side, trace: trace, into: &sink)
    if word == "encrypted" {
      sink.note(
        Finding(.notice, "xmpp/encrypted", "From here on the stream is encrypted (TLS); it cannot be read."),
        from: side, trace: trace)
    } else {
      sink.note(
        Finding(.notice, "xmpp/compressed", "From here on the stream is compressed; it is not read."), from: side,
        trace: trace)
    }
  }

  // MARK: Stanzas

  private mutating func take(
    _ text: [UInt8], isHeader: Bool, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let read: XMLElement
    let around = isHeader ? [:] : prefixes[side] ?? [:]
    do throws(ReadError) {
      read = try XMLElement(text, namespace: around[""] ?? "jabber:client", prefixes: around)
    } catch {
      return noteMalformed(error, side, trace, &sink)
    }
    if client == nil { client = facts.clientSide(read, isHeader: isHeader, side) ?? .initiator }
    streams.client = clientSide
    try begin(side)
    if isHeader {
      self.trace.formUnion(trace)
      facts.takeHeader(read, isFromClient: side == clientSide)
      prefixes[side] = read.declaredPrefixes
      let names = "\(read["from"].map { " from \($0)" } ?? "")\(read["to"].map { " to \($0)" } ?? "")"
      let words = "the \(speaker(side)) begins a stream\(names)"
      try transcript?.remark(words, from: side, trace: trace, into: &sink)
      return
    }
    stanzaCount += 1
    let (stanza, isWithheld) = secrets.withhold(read, isFromClient: side == clientSide)
    if isWithheld { withheldCount += 1 }
    facts.take(stanza, isFromClient: side == clientSide)
    try say(stanza, isWithheld ? nil : text, side, trace, &sink)
    try write(stanza, isWithheld, side, trace, &sink)
    guard side != clientSide else { return }
    if stanza.name == "proceed", stanza.namespace == "urn:ietf:params:xml:ns:xmpp-tls" {
      try close("encrypted", side, trace, &sink)
    }
    let isCompression = ["http://jabber.org/protocol/compress", ""].contains(stanza.namespace)
    if stanza.name == "compressed", isCompression { try close("compressed", side, trace, &sink) }
  }

  private mutating func noteMalformed(
    _ error: ReadError, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) {
    malformedCount += 1
    isComplete = false
    guard malformedCount == 1 else { return }
    sink.note(
      Finding(
        .warning, "xmpp/malformed",
        "A stanza is no XML that XMPP allows, or beyond the limits; further ones are counted only.",
        ["reason": .text("\(error.code) at \(error.offset)")]), from: side, trace: trace)
  }

  /// Messages stand as what is said, all else as XML, without the bytes of files.
  private mutating func say(
    _ stanza: XMLElement, _ text: [UInt8]?, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var line = text ?? Array(stanza.serialized.utf8)
    if stanza.name == "message", let body = stanza.first("body")?.text {
      let isFromClient = side == clientSide
      let from = stanza["from"] ?? (isFromClient ? facts.address : nil) ?? speaker(side)
      let to = stanza["to"] ?? (isFromClient ? nil : facts.address) ?? speaker(side.other)
      // What comes back was said by its receiver.
      let isError = stanza["type"] == "error"
      let names = isError ? "error from \(from) about a message of \(to)" : "message from \(from) to \(to)"
      line = Array("\(names): \(body)".utf8)
    } else if let data = stanza.first("data", in: "http://jabber.org/protocol/ibb") {
      line = Array("[a piece of the file of session \(data["sid"] ?? "")]".utf8)
    }
    try transcript?.add(line, from: side, trace: trace, into: &sink)
  }

  private mutating func write(
    _ stanza: XMLElement, _ isWithheld: Bool, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let speaker = speaker(side)
    switch stanza.name {
    case "message":
      try write(message: stanza, isWithheld, side, trace, &sink)
      if stanza["type"] != "error", let (inner, kind, stamp) = StanzaFields.forwarded(stanza) {
        guard isOwn(stanza, kind, side) else {
          noteOddCopy(stanza, side, trace, &sink)
          break
        }
        var fields = StanzaFields.message(inner, speaker, forwardedAs: kind)
        if let stamp { fields.set("writtenAt", stamp) }
        messageCount += 1
        try sink.emit("xmpp/message", fields, from: side, trace: trace)
      }
    case "presence":
      var fields = StanzaFields.presence(stanza, speaker)
      if isWithheld { fields.set("isWithheld", true) }
      try sink.emit("xmpp/presence", fields, from: side, trace: trace)
    case "iq":
      var fields = StanzaFields.query(stanza, speaker)
      if isWithheld { fields.set("isWithheld", true) }
      try sink.emit("xmpp/iq", fields, from: side, trace: trace)
    default: self.trace.formUnion(trace)
    }
    for offer in FileOffer.all(of: stanza) {
      streams.learn(offer, of: stanza, from: side)
      var fields = StanzaFields.common(stanza, speaker)
      offer.place(in: &fields)
      try sink.emit("xmpp/offer", fields, from: side, trace: trace)
    }
    try streams.take(stanza, from: side, trace: trace, into: &sink)
  }

  /// Whether what a message carries may be believed: copies come from the account itself (XEP-0280, 11).
  private func isOwn(_ stanza: XMLElement, _ kind: String, _ side: Side) -> Bool {
    guard kind == "sent" || kind == "received" else { return true }
    guard side != clientSide, let account = facts.address ?? stanza["to"] else { return false }
    // Without `from` it is the account's own server that speaks (RFC 6120, 8.1.2.1).
    guard let from = stanza["from"] else { return true }
    return from.lowercased() == account.prefix { $0 != "/" }.lowercased()
  }

  private mutating func noteOddCopy(
    _ stanza: XMLElement, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) {
    oddCopyCount += 1
    guard oddCopyCount == 1 else { return }
    sink.note(
      Finding(
        .warning, "xmpp/oddCopy",
        "A copy of a message does not come from the account itself; anybody can make such a one, so it is no record. "
          + "Further ones are counted only.", ["from": .text(stanza["from"] ?? "")]), from: side, trace: trace)
  }

  private mutating func write(
    message: XMLElement, _ isWithheld: Bool, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var fields = StanzaFields.message(message, speaker(side), forwardedAs: nil)
    if isWithheld { fields.set("isWithheld", true) }
    // The server knows who a client is; clients need not say.
    if fields["from"] == nil, side == clientSide, let address = facts.address { fields.set("from", address) }
    messageCount += 1
    try sink.emit("xmpp/message", fields, from: side, trace: trace)
  }

  // MARK: Gaps and the end

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isComplete = false
    waiting[side] = 0
    guard closure == nil else { return }
    if side == .initiator { initiator.skip() } else { responder.skip() }
    streams.cut(side)
    if gap.abandoned > 0 { noteOdd(gap.abandoned, side, sink.trace, &sink) }
    try transcript?.skip(gap.byteCount, from: side, trace: sink.trace, into: &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    try? finishAll(&sink)
  }

  private mutating func finishAll(_ sink: inout EvidenceSink) throws(ReadError) {
    for side in [Side.initiator, .responder] where closure == nil {
      if let count = waiting[side], count > 0 { noteOdd(count, side, trace, &sink) }
    }
    var failure: ReadError?
    do throws(ReadError) { try streams.finish(into: &sink) } catch { failure = error }
    let stored = transcript?.close(into: &sink)
    if let failure { throw failure }
    guard !trace.isEmpty else { return }
    var fields = Fields()
    facts.place(in: &fields)
    if let user = secrets.user { fields.set("user", wire: user) }
    if let mechanism = secrets.mechanism { fields.set("mechanism", wire: mechanism) }
    fields.set("stanzaCount", stanzaCount)
    fields.set("messageCount", messageCount)
    fields.set("withheldCount", withheldCount)
    if malformedCount > 0 { fields.set("malformedCount", malformedCount) }
    if oddCopyCount > 0 { fields.set("oddCopyCount", oddCopyCount) }
    if oddByteCount > 0 { fields.set("unreadByteCount", oddByteCount) }
    fields.set("isEncrypted", closure == "encrypted")
    fields.set("isComplete", isComplete && !sink.isBroken)
    if let stored {
      fields.set("transcriptSha256", stored.hash.hex)
      trace.formUnion(stored.trace)
    }
    try sink.emit("xmpp/session", fields, from: clientSide, trace: trace)
  }
}
