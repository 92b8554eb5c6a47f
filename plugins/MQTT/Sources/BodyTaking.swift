import DecoderKit

extension MQTTSession {
  // MARK: Bodies that are read as a whole

  mutating func takeBody(
    _ header: PacketHeader, _ body: RawSpan, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var reader = ByteReader(body)
    switch header.kind {
    case .connect: try takeConnect(&reader, side, trace, &sink)
    case .connack:
      self.trace.formUnion(trace)
      try connection.takeConnack(&reader)
      let status = connection.status ?? 0
      let reason = connection.hasProperties ? ReasonCode.name(status, of: .connack) : ReasonCode.connection(status)
      try say("CONNACK \(status) \(reason ?? "")", side, trace, &sink)
    case .subscribe, .unsubscribe:
      let request = try Subscriptions.read(header.kind, &reader, hasProperties: connection.hasProperties, trace)
      var line = Array(header.kind.name.utf8)
      for topic in request.topics.prefix(64) { line += [0x20] + topic.filter }
      if request.topics.count > 64 { line += " …".utf8 }
      try transcript?.add(line, from: side, trace: trace, into: &sink)
      if let oldest = subscriptions.add(request) { try write(oldest, &sink) }
    case .suback, .unsuback: try takeAnswer(header.kind, &reader, side, trace, &sink)
    case .publish: break
    case .puback, .pubrec, .pubrel, .pubcomp, .pingreq, .pingresp, .disconnect, .auth:
      try takeShort(header, &reader, side, trace, &sink)
    }
  }

  private mutating func takeConnect(
    _ reader: inout ByteReader, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    self.trace.formUnion(trace)
    guard connection.keepAlive == nil else { throw ReadError(.malformed, at: 0, reading: "second CONNECT") }
    client = side
    var failure: ReadError?
    do throws(ReadError) { try connection.takeConnect(&reader) } catch { failure = error }
    var line = Array("CONNECT ".utf8) + (connection.clientID ?? [])
    if let user = connection.user { line += Array(" user ".utf8) + user }
    if connection.hasPassword { line += Array(" password ".utf8) + WithheldSecret.mark }
    if let will = connection.will { line += Array(" will ".utf8) + will.topic }
    try transcript?.add(line, from: side, trace: trace, into: &sink)
    if let will = connection.will, !will.payload.isEmpty {
      var content = ContentDescription(role: "mqtt will")
      content.mediaType = mediaType(will.properties)
      let handle = try sink.open(content, from: side)
      // Safe: the view ends with this call.
      unsafe sink.append(will.payload.span.bytes, to: handle, from: trace)
      let stored = sink.close(handle, isWhole: true)
      connection.willHash = stored?.hash
    }
    if let failure { throw failure }
  }

  private mutating func takeAnswer(
    _ kind: PacketHeader.Kind, _ reader: inout ByteReader, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let identifier: UInt16 = try reader.read("packet identifier")
    let properties = connection.hasProperties ? try PacketProperties(&reader) : PacketProperties()
    let codes = reader.takeRest().array()
    let words = codes.prefix(64).map { String($0) }.joined(separator: " ")
    try say("\(kind.name) \(identifier) \(words)", side, trace, &sink)
    guard var request = subscriptions.take(identifier, isSubscribe: kind == .suback) else {
      var fields: Fields = ["command": .text(kind.name), "transactionID": .integer(Int64(identifier))]
      place(in: &fields, side)
      return try sink.emit("mqtt/command", fields, from: side, trace: trace)
    }
    request.codes = codes
    request.answerProperties = properties
    request.trace.formUnion(trace)
    try write(request, &sink)
  }

  /// Packets of an identifier, a code and properties, each of which may be absent.
  private mutating func takeShort(
    _ header: PacketHeader, _ reader: inout ByteReader, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var fields: Fields = ["command": .text(header.kind.name)]
    place(in: &fields, side)
    var line = header.kind.name
    switch header.kind {
    case .puback, .pubrec, .pubrel, .pubcomp:
      let identifier: UInt16 = try reader.read("packet identifier")
      fields.set("transactionID", identifier)
      line += " \(identifier)"
    default: break
    }
    var status: UInt8?
    var properties = PacketProperties()
    if reader.remaining > 0 {
      let code: UInt8 = try reader.read("reason code")
      status = code
      fields.set("status", code)
      if let reason = ReasonCode.name(code, of: header.kind) { fields.set("reason", reason) }
      line += " \(code) \(ReasonCode.name(code, of: header.kind) ?? "")"
      if reader.remaining > 0 { properties = try PacketProperties(&reader) }
    }
    if !properties.entries.isEmpty { fields.set("properties", properties.value) }
    if properties.hasSecret { fields.set("isWithheld", true) }
    if header.kind == .disconnect {
      ending = (side, status, properties)
      self.trace.formUnion(trace)
    }
    try say(line, side, trace, &sink)
    try sink.emit("mqtt/command", fields, from: side, trace: trace)
    guard reader.remaining == 0 else { throw ReadError(.malformed, at: reader.offset, reading: "end of the packet") }
  }

  // MARK: Messages

  mutating func takeStart(
    _ start: Publication.Start, _ header: PacketHeader, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if connection.level == nil, !isVersionNoted {
      isVersionNoted = true
      sink.note(
        Finding(
          .notice, "mqtt/unknownVersion",
          "The capture lacks CONNECT, which names the version; packets are read as version 3.1.1."), from: side,
        trace: trace)
    }
    let topic = with(side) { $0.aliases.resolve(start.topic, start.properties.topicAlias) }
    if topic == nil, !state(side).hasUnknownAlias {
      with(side) { $0.hasUnknownAlias = true }
      sink.note(
        Finding(
          .warning, "mqtt/unknownAlias",
          "A message names its topic by a number that the capture, or the limit on such numbers, leaves unknown; further ones are not noted.",
          ["topicAlias": .integer(Int64(start.properties.topicAlias ?? 0))]), from: side, trace: trace)
    }
    var publication = Publication(
      header: header, sentTopic: start.topic, topic: topic, identifier: start.identifier,
      properties: start.properties, remaining: header.length - start.length, trace: trace)
    if publication.remaining > 0 {
      var content = ContentDescription(role: "mqtt payload")
      content.mediaType = mediaType(start.properties)
      if let topic { content.name = topic.split(separator: 0x2f).last.map { Array($0) } }
      content.announcedByteCount = publication.remaining
      publication.handle = try sink.open(content, from: side)
    }
    with(side) { $0.publication = publication }
    if publication.remaining == 0 { try endPublication(side, isEnded: true, &sink) }
  }

  /// The media type that a property declares, without parameters.
  private func mediaType(_ properties: PacketProperties) -> String {
    guard let text = properties.first("contentType") else { return "" }
    return String(decoding: text.prefix { $0 != 0x3b }.trimmed.asciiLowercased, as: UTF8.self)
  }

  /// Takes what is shown of a payload; gives how many bytes that were.
  mutating func takePayload(_ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> Int {
    guard let publication = state(side).publication, let handle = publication.handle else { return 0 }
    let count = min(publication.remaining, bytes.byteCount)
    let part = bytes.extracting(first: count)
    sink.append(part, to: handle)
    let trace = sink.trace(of: 0..<count)
    with(side) {
      $0.publication?.remaining -= count
      $0.publication?.trace.formUnion(trace)
      if $0.publication?.hasGap == false { $0.publication?.see(part) }
    }
    if publication.remaining == count { try endPublication(side, isEnded: true, &sink) }
    return count
  }

  /// Ends the message of a side, if there is one.
  mutating func endPublication(_ side: Side, isEnded: Bool, _ sink: inout EvidenceSink) throws(ReadError) {
    guard let publication = state(side).publication else { return }
    with(side) { $0.publication = nil }
    let isWhole = isEnded && !publication.hasGap
    if !isWhole { isComplete = false }
    let stored = publication.handle.flatMap { sink.close($0, isWhole: isWhole) }
    messageCount += 1
    var (fields, line) = publication.summary(stored, isWhole: isWhole)
    place(in: &fields, side)
    try transcript?.add(line, from: side, trace: publication.trace, into: &sink)
    try sink.emit("mqtt/message", fields, from: side, trace: publication.trace)
  }

  // MARK: Records

  private func place(in fields: inout Fields, _ side: Side) {
    fields.set("speaker", side == clientSide ? "client" : "server")
    if let name = connection.name { fields.set("clientID", wire: name) }
    if let user = connection.user { fields.set("user", wire: user) }
  }

  mutating func write(_ request: Subscriptions.Request, _ sink: inout EvidenceSink) throws(ReadError) {
    var fields = request.fields(hasProperties: connection.hasProperties)
    place(in: &fields, clientSide)
    try sink.emit("mqtt/subscription", fields, from: clientSide, trace: request.trace)
  }

  private mutating func say(
    _ words: String, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    try transcript?.add(Array(words.utf8).trimmed, from: side, trace: trace, into: &sink)
  }
}
