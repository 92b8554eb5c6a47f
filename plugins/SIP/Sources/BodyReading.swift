import DecoderKit

/// Reads a message's body: session descriptions into media, text into a field, everything else into an artefact.
struct BodyReading {
  /// How deep multipart bodies may stand in each other.
  static let maximumDepth = 3

  let sender: Endpoint
  let side: Side
  let trace: Trace
  /// What the body means to the call, with the media of all descriptions in it.
  private(set) var contents = MessageContents()
  /// Bytes of a fragment of a message that are looked at.
  static let maximumFragment = 1_024

  init(sender: Endpoint, side: Side, trace: Trace) {
    self.sender = sender
    self.side = side
    self.trace = trace
  }

  mutating func read(
    _ message: SIPMessage, _ body: RawSpan, _ fields: inout Fields, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let type = message.mediaType
    let codings = message.codings
    let isPlain = codings?.isEmpty == true
    if !type.name.isEmpty { fields.set("mediaType", type.name) }
    let isDescription = type.name == "application/sdp" || (type.name.isEmpty && body.starts(with: "v=0"))
    if isDescription, isPlain {
      describe(body, &sink)
    } else {
      if type.name == "text/plain", isPlain { fields.set("text", wire: body.array()) }
      if isPlain { readMessage(type.name, body, &fields) }
      if isPlain, type.name == RecordingMetadata.mediaType { readRecording(body, &sink) }
      if isPlain, let pressed = PressedKey(body, mediaType: type.name) {
        contents.key = pressed.key
        fields.set("key", pressed.key)
        if let milliseconds = pressed.milliseconds { fields.set("keyMilliseconds", Int64(milliseconds)) }
      }
      if isPlain, type.name == "message/sipfrag" { readFragment(body) }
      var content = ContentDescription(
        role: "sip body", mediaType: type.name, parameters: type.parameters, codings: codings ?? [])
      content.announcedByteCount = message.contentLength
      let handle = try sink.open(content, from: side)
      sink.append(body, to: handle)
      let isWhole = message.contentLength.map { $0 <= body.byteCount } ?? true
      if let stored = sink.close(handle, isWhole: isWhole) { fields.set("bodySha256", stored.hash.hex) }
      if type.isMultipart, isPlain { readParts(type, body, depth: 1, &sink) }
    }
    if !contents.media.isEmpty { fields.set("sdp", SessionDescription.value(of: contents.media)) }
  }

  /// Shows what a page of a conversation says around its text (RFC 3428, RFC 3862), and who writes one (RFC 3994).
  private func readMessage(_ type: String, _ body: RawSpan, _ fields: inout Fields) {
    if type == ComposingState.mediaType { ComposingState(body.array())?.place(in: &fields) }
    guard type == CPIMMessage.mediaType, let inner = CPIMMessage(body) else { return }
    inner.place(in: &fields)
    guard inner.codings.isEmpty else { return }
    let content = body.extracting(inner.contentOffset..<body.byteCount).array()
    if inner.mediaType.name == ComposingState.mediaType { ComposingState(content)?.place(in: &fields) }
    if inner.mediaType.name == "text/plain" { fields.set("text", wire: content) }
  }

  private mutating func readRecording(_ body: RawSpan, _ sink: inout EvidenceSink) {
    do throws(ReadError) {
      contents.recording = try RecordingMetadata(body.array())
    } catch {
      note(
        "sip/malformedRecording", "What a message says of a recording cannot be read.",
        ["reason": .text("\(error.code) at \(error.offset)")], &sink)
    }
  }

  /// Takes the status line that a NOTIFY brings of a transfer (RFC 3420, RFC 3515, 2.4.5).
  private mutating func readFragment(_ body: RawSpan) {
    let line = body.extracting(first: Self.maximumFragment).array().prefix { $0 != 0x0d && $0 != 0x0a }
    guard let start = try? StartLine(Array(line)), !start.isRequest else { return }
    contents.progress = start
  }

  /// Looks for session descriptions in the parts of a multipart body (RFC 2046, 5.1; RFC 5621).
  private mutating func readParts(_ type: MediaType, _ body: RawSpan, depth: Int, _ sink: inout EvidenceSink) {
    guard let boundary = type.parameter("boundary") else {
      return note("sip/malformedMultipart", "A multipart body does not name its boundary.", [:], &sink)
    }
    do throws(ReadError) {
      for part in try MultipartReader.parts(of: body, boundary: boundary) {
        let partType = MediaType(SIPMessage.value(part.head, "Content-Type", "c") ?? [])
        let content = body.extracting(part.content)
        if partType.name == "application/sdp" {
          describe(content, &sink)
        } else if partType.name == RecordingMetadata.mediaType {
          readRecording(content, &sink)
        } else if partType.isMultipart, depth < Self.maximumDepth {
          readParts(partType, content, depth: depth + 1, &sink)
        }
      }
    } catch {
      note(
        "sip/malformedMultipart", "A multipart body cannot be taken apart.",
        ["byteOffset": .integer(Int64(error.offset)), "field": .text(error.field)], &sink)
    }
  }

  private mutating func describe(_ text: RawSpan, _ sink: inout EvidenceSink) {
    let description = SessionDescription(text.array(), sender: sender)
    contents.media += description.media
    let room = MessageSessionOffer.maximumCount - contents.messageSessions.count
    contents.messageSessions += MessageSessionOffer.all(in: text.array()).prefix(max(0, room))
    for host in description.namedHosts {
      sink.note(
        Finding(
          .notice, "sip/namedMediaHost",
          "A session description names its host by name; the sender's address stands in for it.",
          ["host": .text(host)]), from: side, trace: trace)
    }
    if description.oddLineCount > 0 {
      note(
        "sip/malformedDescription", "Lines of a session description cannot be read and were left out.",
        ["lineCount": .integer(Int64(description.oddLineCount))], &sink)
    }
    if description.isOverLimit {
      note(
        "sip/mediaLimit", "A session description has more media than the limit; the rest was left out.",
        ["limit": .integer(Int64(SessionDescription.maximumMedia))], &sink)
    }
  }

  private func note(_ code: String, _ text: String, _ fields: Fields, _ sink: inout EvidenceSink) {
    sink.note(Finding(.warning, code, text, fields), from: side, trace: trace)
  }
}
