public import DecoderKit

/// Reads the attributes of a message one after the other (MS-OXTNEF, 2.1.3).
public struct TNEFSession: DecodingSession {
  public static let maximumAttachmentCount = 10_000
  public static let maximumRecipientCount = 2_000
  /// Longer attributes that are neither content nor properties are passed over.
  public static let maximumAttributeByteCount = 65_536

  /// Attributes by the lower half of their identifiers; the upper half says how they are written.
  enum Attribute {
    static let from: UInt16 = 0x8000
    static let subject: UInt16 = 0x8004
    static let dateSent: UInt16 = 0x8005
    static let messageClass: UInt16 = 0x8008
    static let messageID: UInt16 = 0x8009
    static let body: UInt16 = 0x800c
    static let attachData: UInt16 = 0x800f
    static let attachTitle: UInt16 = 0x8010
    static let attachRenderingData: UInt16 = 0x9002
    static let messageProperties: UInt16 = 0x9003
    static let recipientTable: UInt16 = 0x9004
    static let attachProperties: UInt16 = 0x9005
    static let codePage: UInt16 = 0x9007
  }

  private enum Reading {
    case collecting([UInt8])
    case content
    case properties
    case passing
  }

  private enum State {
    case signature
    /// At the beginning of an attribute, or the end.
    case attribute
    case inside(UInt16, remaining: Int)
    case checksum
    case ended
  }

  private var state = State.signature
  private var reading = Reading.passing
  private var sum: UInt16 = 0
  /// No byte of the attribute is missing.
  private var isSumKnown = true
  private var hasPassedOver = false
  private var properties = PropertyList(isTable: false)
  private var row = PropertyRow()
  /// What the content that comes belongs to, and where its bytes go.
  private var openContent: (handle: ContentHandle, place: ContentPlace)?
  private var isWhole = true
  private var isEmitted = false
  var message = TNEFMessage()
  private var attachment: TNEFAttachment?
  private var attachmentTrace = Trace()
  private var trace = Trace()

  private enum ContentPlace { case text, html, rtf, attachment, object }

  init() {}

  // MARK: DecodingSession

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    var reader = ByteReader(bytes)
    // Each turn takes at least a byte or is the last.
    while reader.remaining > 0 {
      let start = reader.offset
      var isGoingOn = true
      switch state {
      case .signature:
        guard reader.remaining >= 6 else { return .needs(more: 6 - reader.remaining) }
        guard try reader.take(4, "signature").array() == TNEFDecoder.signature else {
          throw ReadError(.malformed, at: 0, reading: "signature")
        }
        try reader.skip(2, "key")
        state = .attribute
      case .attribute: isGoingOn = try beginAttribute(&reader, sink.trace(of: start..<bytes.byteCount), side, &sink)
      case .inside(let attribute, let remaining):
        let window = min(remaining, reader.remaining)
        var view = ByteReader(bytes.extracting(start..<(start + window)))
        isGoingOn = try read(attribute, &view, isLast: window == remaining, side, &sink, at: start)
        let count = view.offset
        for place in start..<(start + count) { sum &+= UInt16(bytes[place]) }
        try reader.skip(count, "attribute")
        if count == remaining {
          state = .checksum
          isGoingOn = true
        } else {
          state = .inside(attribute, remaining: remaining - count)
        }
      case .checksum:
        guard reader.remaining >= 2 else {
          isGoingOn = false
          break
        }
        let stated: UInt16 = try reader.readLittleEndian("checksum")
        if isSumKnown, stated != sum {
          sink.note(
            Finding(.warning, "tnef/checksum", "The checksum of an attribute of a TNEF message is wrong."), from: side,
            trace: sink.trace(of: start..<reader.offset))
        }
        state = .attribute
      case .ended: try reader.skip(reader.remaining, "rest")
      }
      if reader.offset > start { note(sink.trace(of: start..<reader.offset)) }
      guard isGoingOn else { break }
    }
    return reader.offset > 0 ? .consumed(reader.offset) : .needs(more: 1)
  }

  private mutating func note(_ source: Trace) {
    trace.formUnion(source)
    if attachment != nil { attachmentTrace.formUnion(source) }
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isWhole = false
    isSumKnown = false
    let missing = gap.byteCount + gap.abandoned
    guard case .inside(let attribute, let remaining) = state, let openContent, missing <= remaining else {
      return lose(side, &sink)
    }
    switch reading {
    case .content: sink.skip(missing, in: openContent.handle)
    case .properties:
      guard properties.skip(missing) == missing else { return lose(side, &sink) }
      sink.skip(missing, in: openContent.handle)
    default: return lose(side, &sink)
    }
    attachment?.isWhole = false
    state = .inside(attribute, remaining: remaining - missing)
  }

  /// Where attributes begin is no longer known.
  private mutating func lose(_ side: Side, _ sink: inout EvidenceSink) {
    isWhole = false
    attachment?.isWhole = false
    state = .ended
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    if end != .finished { isWhole = false }
    try emitAll(side, &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    isWhole = isWhole && isEmitted
    try? emitAll(.initiator, &sink)
  }

  // MARK: Attributes

  /// Reads the head of an attribute: level, identifier and length. False when it is not all there.
  private mutating func beginAttribute(
    _ reader: inout ByteReader, _ source: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    guard let level = reader.peek() else { return false }
    guard level == 1 || level == 2 else {
      sink.note(
        Finding(.notice, "tnef/trailing", "Bytes that are no attribute stand at the end of a TNEF message."),
        from: side, trace: source)
      state = .ended
      return true
    }
    guard reader.remaining >= 9 else { return false }
    try reader.skip(1, "level")
    let attribute: UInt16 = try reader.readLittleEndian("attribute")
    try reader.skip(2, "type of attribute")
    let announced: UInt32 = try reader.readLittleEndian("length of attribute")
    let length = Int(announced)
    state = length > 0 ? .inside(attribute, remaining: length) : .checksum
    sum = 0
    isSumKnown = true
    reading = .passing
    row = PropertyRow()
    switch attribute {
    case Attribute.attachRenderingData:
      try endAttachment(side, &sink)
      try beginAttachment()
    case Attribute.attachData:
      // A further content is an attachment of its own.
      if attachment?.hasData == true { try endAttachment(side, &sink) }
      try beginAttachment()
      reading = .content
      openContent = (try attachment?.open(nil, isObject: false, side, &sink)).map { ($0, .attachment) }
    case Attribute.body:
      reading = .content
      try openBody(.text, "text/plain", charset: message.charset, [], side, &sink)
    case Attribute.messageProperties:
      reading = .properties
      properties = PropertyList(isTable: false, contentIdentifiers: [0x1000, 0x1009, 0x1013])
    case Attribute.attachProperties:
      try beginAttachment()
      reading = .properties
      properties = PropertyList(isTable: false, contentIdentifiers: [0x3701])
    case Attribute.recipientTable:
      reading = .properties
      properties = PropertyList(isTable: true)
    case Attribute.attachTitle:
      try beginAttachment()
      collect(length)
    case Attribute.from, Attribute.subject, Attribute.dateSent, Attribute.messageClass, Attribute.messageID,
      Attribute.codePage:
      collect(length)
    default: break
    }
    if length == 0, case .content = reading { closeContent(isWhole: true, &sink) }
    return true
  }

  private mutating func collect(_ length: Int) {
    if length <= Self.maximumAttributeByteCount { reading = .collecting([]) } else { hasPassedOver = true }
  }

  /// Reads of an attribute what is there; false when more of it must come first.
  private mutating func read(
    _ attribute: UInt16, _ view: inout ByteReader, isLast: Bool, _ side: Side, _ sink: inout EvidenceSink,
    at start: Int
  ) throws(ReadError) -> Bool {
    switch reading {
    case .passing: try view.skip(view.remaining, "attribute")
    case .collecting(var collected):
      collected += view.takeRest().array()
      if isLast {
        message.set(attribute, collected, &attachment)
        reading = .passing
      } else {
        reading = .collecting(collected)
      }
    case .content:
      let bytes = view.takeRest()
      if let openContent { sink.append(bytes, to: openContent.handle) }
      if isLast { closeContent(isWhole: true, &sink) }
    case .properties: return try readProperties(attribute, &view, isLast: isLast, side, &sink)
    }
    return true
  }

  private mutating func readProperties(
    _ attribute: UInt16, _ view: inout ByteReader, isLast: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    // Each turn takes a property or a part of one, or is the last.
    while true {
      var ahead = copy view
      let step: PropertyList.Step
      do throws(ReadError) { step = try properties.step(&view) } catch {
        try leaveProperties(attribute, &view, isBroken: true, side, &sink)
        return true
      }
      switch step {
      case .moved: break
      case .passedOver: hasPassedOver = true
      case .needsMore:
        guard isLast else { return false }
        try leaveProperties(attribute, &view, isBroken: !properties.isAtEnd, side, &sink)
        return true
      case .number(let property, let value): row.numbers[property.identifier] = value
      case .value(let property, let bytes): row.add(property, bytes)
      case .beginContent(let property, _, let isMessage):
        try openContent(of: property, isMessage: isMessage, side, &sink)
      case .content:
        let bytes = try ahead.take(view.offset - ahead.offset, "content")
        if let openContent { sink.append(bytes, to: openContent.handle) }
      case .endContent: closeContent(isWhole: true, &sink)
      case .endRow: endRow(attribute)
      case .end:
        try view.skip(view.remaining, "rest of properties")
        return true
      }
    }
  }

  /// Ends the reading of properties; what follows in their attribute is passed over.
  private mutating func leaveProperties(
    _ attribute: UInt16, _ view: inout ByteReader, isBroken: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if isBroken {
      isWhole = false
      attachment?.isWhole = false
      sink.note(
        Finding(.warning, "tnef/properties", "The properties of a TNEF message cannot be read to their end."),
        from: side, trace: sink.trace)
    }
    closeContent(isWhole: false, &sink)
    endRow(attribute)
    reading = .passing
    try view.skip(view.remaining, "properties")
  }

  private mutating func endRow(_ attribute: UInt16) {
    guard !row.isEmpty else { return }
    switch attribute {
    case Attribute.messageProperties: message.take(row)
    case Attribute.recipientTable: message.take(recipient: row)
    default: attachment?.take(row, message.charset)
    }
    row = PropertyRow()
  }

  // MARK: Content

  private mutating func openContent(
    of property: PropertyList.Property, isMessage: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let charset = property.type == 0x001f ? "utf-16le" : message.charset
    switch property.identifier {
    case 0x1000: try openBody(.text, "text/plain", charset: charset, [], side, &sink)
    case 0x1013: try openBody(.html, "text/html", charset: property.type == 0x0102 ? nil : charset, [], side, &sink)
    case 0x1009: try openBody(.rtf, "application/rtf", charset: nil, [.compressedRTF], side, &sink)
    default:
      let handle = try attachment?.open(isMessage ? "application/ms-tnef" : nil, isObject: true, side, &sink)
      openContent = handle.map { ($0, .object) }
      if handle == nil {
        isWhole = false
        attachment?.isWhole = false
        sink.note(
          Finding(
            .warning, "tnef/secondContent", "An attachment of a TNEF message has further content, which is not read."),
          from: side, trace: sink.trace)
      }
    }
  }

  private mutating func openBody(
    _ place: ContentPlace, _ mediaType: String, charset: String?, _ codings: [ContentCoding], _ side: Side,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let description = ContentDescription(
      role: "mail body", mediaType: mediaType, parameters: charset.map { "charset=\($0)" } ?? "", codings: codings)
    openContent = (try sink.open(description, from: side), place)
  }

  /// Ends a body; what belongs to an attachment stays open until its name is known.
  private mutating func closeContent(isWhole: Bool, _ sink: inout EvidenceSink) {
    guard let (handle, place) = openContent else { return }
    openContent = nil
    switch place {
    case .attachment, .object: if !isWhole { attachment?.isWhole = false }
    case .text, .html, .rtf:
      guard let stored = sink.close(handle, isWhole: isWhole) else { return }
      switch place {
      case .html: message.html = message.html ?? stored.hash
      case .rtf: message.rtf = message.rtf ?? stored.hash
      default: message.text = message.text ?? stored.hash
      }
    }
  }

  // MARK: Attachments and records

  private mutating func beginAttachment() throws(ReadError) {
    guard attachment == nil else { return }
    message.attachmentCount += 1
    guard message.attachmentCount <= Self.maximumAttachmentCount else {
      throw ReadError(.limitExceeded, at: 0, reading: "attachments")
    }
    attachment = TNEFAttachment()
    attachmentTrace = Trace()
  }

  private mutating func endAttachment(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard var attachment else { return }
    closeContent(isWhole: false, &sink)
    attachment.isWhole = attachment.isWhole && self.attachment?.isWhole == true
    self.attachment = nil
    let (fields, stored) = attachment.close(&sink)
    var whole = attachmentTrace.isEmpty ? sink.trace : attachmentTrace
    for one in stored { whole.formUnion(one.trace) }
    try sink.emit("tnef/attachment", fields, from: side, trace: whole)
  }

  private mutating func emitAll(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isEmitted else { return }
    isEmitted = true
    switch state {
    case .attribute, .ended: break
    default: isWhole = false
    }
    if case .inside = state {
      closeContent(isWhole: false, &sink)
      attachment?.isWhole = false
    }
    try endAttachment(side, &sink)
    closeContent(isWhole: false, &sink)
    if case .signature = state { return }
    if hasPassedOver || message.hasPassedOver {
      isWhole = false
      sink.note(
        Finding(
          .warning, "tnef/limit",
          "A TNEF message has more recipients or longer texts than the limits; some are left out."),
        from: side, trace: trace.isEmpty ? sink.trace : trace)
    }
    try sink.emit(
      "tnef/message", message.fields(isComplete: isWhole), from: side, trace: trace.isEmpty ? sink.trace : trace)
  }
}
