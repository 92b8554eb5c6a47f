public import DecoderKit

/// Looks at each line of a text; from `begin` to `end` it is a file.
public struct UuencodeSession: DecodingSession {
  /// Longer lines are none of an encoded file.
  public static let maximumLineByteCount = 4_096
  public static let maximumFileCount = 10_000

  private struct Encoded {
    let head: EncodedFileHead
    let content: ContentHandle
    var trace: Trace
  }

  private var file: Encoded?
  private var fileCount = 0
  /// The middle of a line that is longer than the limit.
  private var isInLongLine = false
  /// A copy of what was left with the host inside of a file: its last line, if nothing follows.
  private var tail: [UInt8] = []
  private var tailTrace = Trace()

  init() {}

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    tail = []
    var reader = ByteReader(bytes)
    // Each turn takes a line, or is the last.
    while reader.remaining > 0 {
      let start = reader.offset
      guard let length = reader.distance(to: 0x0a, within: Self.maximumLineByteCount) else {
        guard reader.remaining >= Self.maximumLineByteCount else { break }
        endFile(isWhole: false, side, &sink)
        isInLongLine = true
        try reader.skip(Self.maximumLineByteCount, "line")
        continue
      }
      guard !isInLongLine else {
        isInLongLine = false
        try reader.skip(length + 1, "line")
        continue
      }
      if file != nil {
        let line = bytes.extracting(start..<(start + length + 1))
        if take(line, sink.trace(of: start..<(start + length + 1)), side, &sink) {
          try reader.skip(length + 1, "line")
        }
        continue
      }
      if bytes[start] == EncodedFileHead.firstByte, let head = EncodedFileHead(line(bytes, start, length)) {
        // The next line says whether it is one.
        let next = start + length + 1
        guard let nextLength = bytes.firstOffset(of: 0x0a, from: next, within: Self.maximumLineByteCount) else {
          if bytes.byteCount - next < Self.maximumLineByteCount { break }
          try reader.skip(length + 1, "line")
          continue
        }
        try reader.skip(length + 1, "line")
        if head.isFollowed(by: line(bytes, next, nextLength)) {
          try begin(head, bytes.extracting(start..<next), sink.trace(of: start..<next), side, &sink)
        }
        continue
      }
      try reader.skip(length + 1, "line")
    }
    let done = reader.offset
    if file != nil {
      tail = reader.takeRest().array()
      if !tail.isEmpty { tailTrace = sink.trace(of: done..<bytes.byteCount) }
    }
    return done > 0 ? .consumed(done) : .needs(more: 1)
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    endFile(isWhole: false, side, &sink)
    isInLongLine = true
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    if file != nil, !tail.isEmpty {
      let bytes = tail + [0x0a]
      tail = []
      // Safe: the view ends with the call.
      _ = unsafe take(bytes.span.bytes, tailTrace, side, &sink)
    }
    endFile(isWhole: false, side, &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) { endFile(isWhole: false, .initiator, &sink) }

  // MARK: A file

  /// The line at a place, without its end; only of lines that may be a head or an encoded line.
  private func line(_ bytes: RawSpan, _ start: Int, _ length: Int) -> [UInt8] {
    var line = bytes.extracting(start..<(start + length)).array()
    if line.last == 0x0d { line.removeLast() }
    return line
  }

  private mutating func begin(
    _ head: EncodedFileHead, _ line: RawSpan, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    fileCount += 1
    guard fileCount <= Self.maximumFileCount else { throw ReadError(.limitExceeded, at: 0, reading: "files of a text") }
    var description = ContentDescription(
      role: "uuencoded file", codings: [head.isBase64 ? .base64 : .uuencode])
    description.name = head.name
    let content = try sink.open(description, from: side)
    if !head.isBase64 { sink.append(line, to: content) }
    file = Encoded(head: head, content: content, trace: trace)
  }

  /// Takes a line of the file with its end; false when it is none, and the file ends before it.
  private mutating func take(_ bytes: RawSpan, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink) -> Bool {
    guard let file else { return false }
    let text = line(bytes, 0, bytes.byteCount - 1)
    switch file.head.kind(of: text) {
    case .other:
      endFile(isWhole: false, side, &sink)
      return false
    case .end:
      if !file.head.isBase64 { sink.append(bytes, to: file.content, from: trace) }
      self.file?.trace.formUnion(trace)
      endFile(isWhole: true, side, &sink)
    case .data:
      sink.append(bytes, to: file.content, from: trace)
      self.file?.trace.formUnion(trace)
    }
    return true
  }

  private mutating func endFile(isWhole: Bool, _ side: Side, _ sink: inout EvidenceSink) {
    guard let file else { return }
    self.file = nil
    let stored = sink.close(file.content, isWhole: isWhole)
    if !isWhole {
      sink.note(
        Finding(.warning, "uuencode/unterminated", "A file that stands encoded in a text ends without its end line."),
        from: side, trace: file.trace)
    }
    var fields = Fields()
    if !file.head.name.isEmpty { fields.set("fileName", wire: file.head.name) }
    fields.set("mode", wire: file.head.mode)
    fields.set("coding", file.head.isBase64 ? "base64" : "uuencode")
    if let stored { fields.set("sha256", stored.hash.hex) }
    fields.set("byteCount", stored?.byteCount ?? 0)
    fields.set("isComplete", isWhole && stored?.isComplete != false)
    // A text of more records than the host's limit has said so; nothing else can be done here.
    try? sink.emit("uuencode/file", fields, from: side, trace: file.trace)
  }
}
