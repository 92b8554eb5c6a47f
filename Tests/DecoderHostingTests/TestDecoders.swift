import DecoderKit

/// Lines that begin with `LINE`; `BAD` is malformed, `WAIT n` needs n more bytes, behind `ZIP` all is compressed.
struct LineDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(
    name: "line", version: "1.0", summary: "",
    kinds: [RecordKind("line/text", "", [FieldDeclaration("text", .text, "")])])

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    if case .tcp = context.carrier {} else { return .none }
    let text = String(repairing: bytes)
    return text.hasPrefix("LINE") ? .content : "LINE".hasPrefix(text) ? .needsMore : .none
  }
  func makeSession(in context: borrowing DecodingContext) -> Session { Session() }

  struct Session: DecodingSession {
    mutating func decode(
      _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
    ) throws(ReadError) -> DecodingProgress {
      var reader = ByteReader(bytes)
      guard let length = reader.distance(to: 0x0a) else {
        return .needs(more: String(repairing: bytes).hasPrefix("WAIT") ? 1 << 30 : 1)
      }
      let text = String(repairing: try reader.take(length, "line"))
      if text == "BAD" { throw ReadError(.malformed, at: 0, reading: "line") }
      try sink.emit(
        "line/text", ["text": .text(text)], from: side, trace: sink.trace(of: 0..<(length + 1)))
      if text == "ZIP" { sink.expand(.deflate, from: side) }
      return .consumed(length + 1)
    }
    mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
      try sink.emit(
        "line/text", ["text": .text("gap \(gap.byteCount) \(gap.abandoned)")], from: side, trace: sink.trace)
    }
  }
}

/// `STORE type coding,coding` and a line end, then an artefact up to the end of the stream.
struct StoreDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(name: "store", version: "2.0", summary: "", kinds: [])

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    if case .tcp = context.carrier { return bytes.starts(with: "STORE ") ? .content : .none }
    return .none
  }
  func makeSession(in context: borrowing DecodingContext) -> Session { Session() }

  struct Session: DecodingSession {
    var handle: ContentHandle?
    mutating func decode(
      _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
    ) throws(ReadError) -> DecodingProgress {
      if let handle {
        sink.append(bytes, to: handle)
        return .consumed(bytes.byteCount)
      }
      var reader = ByteReader(bytes)
      guard let length = reader.distance(to: 0x0a) else { return .needs(more: 1) }
      let parts = String(repairing: try reader.take(length, "line")).split(separator: " ")
      let codings =
        parts.count > 2 ? parts[2].split(separator: ",").compactMap { ContentCoding(rawValue: String($0)) } : []
      handle = try sink.open(
        ContentDescription(role: "test", mediaType: String(parts[1]), codings: codings), from: side)
      return .consumed(length + 1)
    }
    mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
      if let handle { sink.skip(gap.byteCount, in: handle) }
    }
    mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
      if let handle { _ = sink.close(handle, isWhole: end == .finished) }
      handle = nil
    }
  }
}

/// A file of type `test/wrap`: one byte, then another such file.
struct WrapDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(name: "wrap", version: "1.0", summary: "", kinds: [])

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    if case .file("test/wrap", _) = context.carrier { return .content }
    return .none
  }
  func makeSession(in context: borrowing DecodingContext) -> Session { Session() }

  struct Session: DecodingSession {
    var handle: ContentHandle?
    mutating func decode(
      _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
    ) throws(ReadError) -> DecodingProgress {
      if let handle {
        sink.append(bytes, to: handle)
        return .consumed(bytes.byteCount)
      }
      handle = try sink.open(ContentDescription(role: "inner", mediaType: "test/wrap"), from: side)
      return .consumed(1)
    }
    mutating func finish(into sink: inout EvidenceSink) {
      if let handle { _ = sink.close(handle, isWhole: true) }
    }
  }
}

/// Datagrams: claims as surely as the first byte says; a second byte of 255 is malformed.
struct SureDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(
    name: "sure", version: "1.0", summary: "",
    kinds: [RecordKind("sure/byte", "", [FieldDeclaration("value", .integer, "")])])

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .udp = context.carrier, bytes.byteCount > 1 else { return .none }
    return Claim(rawValue: bytes[0]) ?? .none
  }
  func makeSession(in context: borrowing DecodingContext) -> Session { Session() }

  struct Session: DecodingSession {
    mutating func decode(
      _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
    ) throws(ReadError) -> DecodingProgress {
      if bytes[1] == 255 { throw ReadError(.malformed, at: 1, reading: "value") }
      try sink.emit("sure/byte", ["value": .integer(Int64(bytes[1]))], from: side, trace: sink.trace)
      return .consumed(bytes.byteCount)
    }
  }
}

/// Media: candidates whose streams are judged at the end by their last byte.
struct MediaDecoder: EvidenceDecoder {
  static let identity = DecoderIdentity(name: "media", version: "1.0", summary: "", kinds: [])

  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .udp = context.carrier, bytes.byteCount > 1 else { return .none }
    return bytes[0] == 0x80 ? .candidate : .none
  }
  func makeSession(in context: borrowing DecodingContext) -> Session { Session() }

  struct Session: DecodingSession {
    var handle: StreamHandle?
    var isAccepted = false
    mutating func decode(
      _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
    ) throws(ReadError) -> DecodingProgress {
      let stream = handle ?? sink.openStream(7, from: side)
      handle = stream
      isAccepted = bytes[1] == 1
      let header = MediaPacketHeader(sequence: 1, timestamp: 1, payloadType: 0, marker: false)
      sink.index(header, payload: 1..<bytes.byteCount, in: stream)
      if bytes[1] == 2 { close(&sink) }
      return .consumed(bytes.byteCount)
    }
    mutating func finish(into sink: inout EvidenceSink) { close(&sink) }
    private mutating func close(_ sink: inout EvidenceSink) {
      if let handle { sink.closeStream(handle, verdict: isAccepted ? .accepted : .candidate, evidence: "test") }
      handle = nil
    }
  }
}
