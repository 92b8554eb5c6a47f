public import DecoderKit

/// One connection between a client and a server.
public struct SMBSession: DecodingSession {
  private var initiator = FrameReading()
  private var responder = FrameReading()
  private let version1 = SMB1Reading()
  private let version2 = SMB2Reading()
  private var encrypted: [UInt64: Encrypted] = [:]
  private var isCompressedNoted = false
  private var unreadCount = 0

  /// The encrypted messages of a session.
  private struct Encrypted {
    var messageCount = 0
    var byteCount = 0
    var trace = Trace()
  }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    var lane = side == .initiator ? initiator : responder
    defer { if side == .initiator { initiator = lane } else { responder = lane } }
    switch lane.state {
    case .content(let content, _):
      let count = min(content.remaining, bytes.byteCount)
      try version2.files.take(bytes.extracting(first: count), content, from: side, &sink)
      lane.advance(count)
      return .consumed(count)
    case .passing(let total, _, _):
      let count = min(total, bytes.byteCount)
      lane.advance(count)
      return .consumed(count)
    case .lost:
      let (isFound, count) = FrameReading.distanceToStart(bytes)
      lane.pass(count)
      if isFound { lane.state = .start }
      if count > 0 { return .consumed(count) }
      return isFound ? try begin(bytes, side, &lane, &sink) : .needs(more: 8 - min(7, bytes.byteCount))
    case .start: return try begin(bytes, side, &lane, &sink)
    }
  }

  /// Takes a message, or its beginning when content of a file makes up the rest.
  private mutating func begin(
    _ bytes: RawSpan, _ side: Side, _ lane: inout FrameReading, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard let length = FrameReading.length(bytes) else { return .needs(more: FrameReading.prefix - bytes.byteCount) }
    let total = FrameReading.prefix + length
    guard bytes.byteCount >= min(total, 8) else { return .needs(more: min(total, 8) - bytes.byteCount) }
    let kind = FrameReading.kind(bytes)
    guard kind != .other || length < 8 || (0x81...0x85).contains(bytes[0]) else {
      lane.state = .lost
      return try decodeLost(bytes, &lane)
    }
    if kind == .version2, let start = try version2.contentStart(bytes, total, from: side, &sink) {
      switch start {
      case .needs(let count): return .needs(more: count - bytes.byteCount)
      case .content(let content, let padding, let done):
        lane.begin(content, behind: padding, rest: total - done - padding - content.remaining)
        return .consumed(done)
      case .nothing(let done):
        lane.state = total > done ? .passing(total - done) : .start
        return .consumed(done)
      }
    }
    if kind == .encrypted {
      guard bytes.byteCount >= min(total, 56) else { return .needs(more: min(total, 56) - bytes.byteCount) }
      takeEncrypted(bytes, total, &sink)
      return pass(total, bytes, &lane)
    }
    if kind == .compressed { noteCompressed(side, &sink) }
    guard kind == .version1 || kind == .version2 else { return pass(total, bytes, &lane) }
    guard total <= FrameReading.maximumWhole else {
      unreadCount += 1
      return pass(total, bytes, &lane)
    }
    guard bytes.byteCount >= total else { return .needs(more: total - bytes.byteCount) }
    let frame = bytes.extracting(FrameReading.prefix..<total)
    do throws(ReadError) {
      if kind == .version2 {
        try version2.take(frame, from: side, sink.trace(of: 0..<total), &sink)
      } else {
        try version1.take(frame, from: side, sink.trace(of: 0..<total), version2.files, &sink)
      }
    } catch {
      // The records' limit ends the session; a malformed message does not, for where the next one begins is known.
      guard error.code != .limitExceeded else { throw error }
      sink.note(
        Finding(
          .warning, "smb/malformed", "A message cannot be read.",
          ["field": .text(error.field), "byteOffset": .integer(Int64(error.offset))]), from: side,
        trace: sink.trace(of: 0..<total))
    }
    return .consumed(total)
  }

  private func decodeLost(_ bytes: RawSpan, _ lane: inout FrameReading) throws(ReadError) -> DecodingProgress {
    let (isFound, count) = FrameReading.distanceToStart(bytes)
    // What stands here is none.
    let passed = max(1, count)
    lane.pass(passed)
    if isFound, count > 0 { lane.state = .start }
    return .consumed(passed)
  }

  private func pass(_ total: Int, _ bytes: RawSpan, _ lane: inout FrameReading) -> DecodingProgress {
    let count = min(total, bytes.byteCount)
    if count < total { lane.state = .passing(total - count) }
    return .consumed(count)
  }

  private mutating func takeEncrypted(_ bytes: RawSpan, _ total: Int, _ sink: inout EvidenceSink) {
    // MS-SMB2, 2.2.41: the session's identifier stands in the last bytes of the header.
    var reader = ByteReader(bytes)
    let session: UInt64
    do throws(ReadError) {
      try reader.skip(FrameReading.prefix + 44, "transform header")
      session = try reader.readLittleEndian("session identifier")
    } catch { return }
    guard encrypted[session] != nil || encrypted.count < SMB2Reading.maximumNames else { return }
    encrypted[session, default: Encrypted()].messageCount += 1
    encrypted[session, default: Encrypted()].byteCount += total
    encrypted[session, default: Encrypted()].trace.formUnion(sink.trace(of: 0..<min(total, bytes.byteCount)))
  }

  private mutating func noteCompressed(_ side: Side, _ sink: inout EvidenceSink) {
    guard !isCompressedNoted else { return }
    isCompressedNoted = true
    sink.note(
      Finding(.warning, "smb/compressed", "Messages are compressed and are not read; further ones are not noted."),
      from: side, trace: sink.trace)
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    if side == .initiator { initiator.skip(gap) } else { responder.skip(gap) }
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    try? end(&sink)
  }

  private mutating func end(_ sink: inout EvidenceSink) throws(ReadError) {
    let client = version2.clientSide ?? version1.clientSide ?? .initiator
    try version1.finish(&sink)
    try version2.finish(from: client, &sink)
    for (session, messages) in encrypted.sorted(by: { $0.key < $1.key }) {
      sink.note(
        Finding(
          .notice, "smb/encrypted", "Messages are encrypted; their names and files cannot be read.",
          ["count": .integer(Int64(messages.messageCount))]), from: client, trace: messages.trace)
      try sink.emit(
        "smb/encrypted",
        [
          "sessionID": .text(SMB2Reading.text(session: session)),
          "messageCount": .integer(Int64(messages.messageCount)), "byteCount": .integer(Int64(messages.byteCount)),
        ], from: client, trace: messages.trace)
    }
    encrypted = [:]
    let passed = initiator.passedByteCount + responder.passedByteCount
    let unread = unreadCount + version1.unmatchedCount + version2.unmatchedCount
    guard passed > 0 || unread > 0 else { return }
    sink.note(
      Finding(
        .warning, "smb/unread",
        "Bytes belong to no message, or messages cannot be read without others that the capture lacks.",
        ["byteCount": .integer(Int64(passed)), "count": .integer(Int64(unread))]), from: client, trace: sink.trace)
  }
}
