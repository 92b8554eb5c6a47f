public import DecoderKit

/// Carves out the parts of one body as they come; only what may begin a delimiter is waited for.
public struct MultipartSession: DecodingSession {
  public static let maximumPartCount = 10_000

  private var reader: MultipartReader?
  private let isForm: Bool
  private var part: OpenPart?
  private var partCount = 0
  /// A copy of what was left with the host: it belongs to the part if nothing follows.
  private var tail: [UInt8] = []

  fileprivate struct OpenPart {
    let head: MessageHead
    let disposition: FieldParameters
    let mediaType: MediaType
    var trace: Trace
    var content: ContentHandle?
  }

  init(boundary: [UInt8]?, isForm: Bool) {
    reader = boundary.flatMap { MultipartReader(boundary: $0) }
    self.isForm = isForm
  }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    tail = []
    var reader = ByteReader(bytes)
    if self.reader == nil {
      guard let found = try Self.boundary(ahead: reader) else { return .needs(more: 1) }
      self.reader = MultipartReader(boundary: found)
      sink.note(
        Finding(.notice, "multipart/noBoundary", "The boundary is not declared; the first line was taken for it."),
        from: side, trace: sink.trace)
    }
    // Each turn takes a part's head, some of its bytes or its end.
    while true {
      let start = reader.offset
      guard let step = try self.reader?.advance(&reader) else { return .consumed(bytes.byteCount) }
      switch step {
      case .begin(let head): try begin(head, sink.trace(of: start..<reader.offset), side, &sink)
      case .data(let count): try append(try reader.take(count, "part"), side, &sink)
      case .endPart:
        part?.trace.formUnion(sink.trace(of: start..<reader.offset))
        try endPart(isWhole: true, side, &sink)
      case .end:
        // What is behind the closing delimiter means nothing (RFC 2046, 5.1.1).
        return .consumed(bytes.byteCount)
      case .needsMore:
        if part != nil {
          var rest = reader
          tail = rest.takeRest().array()
        }
        return reader.offset > 0 ? .consumed(reader.offset) : .needs(more: 1)
      }
    }
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    if part != nil {
      try appendTail(side, &sink)
      if let content = try open(side, &sink) { sink.skip(gap.byteCount, in: content) }
    } else {
      reader?.abandonPart()
    }
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    if part != nil { try appendTail(side, &sink) }
    if reader?.hasEnded != true {
      sink.note(
        Finding(.warning, "multipart/unterminated", "The body ends without its closing delimiter."), from: side,
        trace: part?.trace ?? sink.trace)
    }
    try endPart(isWhole: false, side, &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    try? endPart(isWhole: false, .initiator, &sink)
  }

  // MARK: Parts

  private mutating func begin(
    _ head: MessageHead, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    partCount += 1
    guard partCount <= Self.maximumPartCount else {
      throw ReadError(.limitExceeded, at: 0, reading: "parts")
    }
    part = OpenPart(
      head: head, disposition: FieldParameters(head.first("Content-Disposition") ?? []),
      mediaType: MediaType(head.first("Content-Type") ?? []), trace: trace)
  }

  private mutating func append(_ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    if let content = try open(side, &sink) { sink.append(bytes, to: content) }
  }

  /// Gives the part the bytes that were waited with: no delimiter came of them.
  private mutating func appendTail(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !tail.isEmpty else { return }
    let bytes = tail
    tail = []
    // Safe: the view ends with the call.
    try append(unsafe bytes.span.bytes, side, &sink)
  }

  private mutating func open(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle? {
    guard let part else { return nil }
    if let content = part.content { return content }
    var description = ContentDescription(
      role: isForm ? "form field" : "part", mediaType: part.mediaType.name, parameters: part.mediaType.parameters,
      codings: part.head.first("Content-Transfer-Encoding").flatMap { ContentCoding(transferCoding: $0) }.map { [$0] }
        ?? [])
    description.name = part.fileName ?? part.fieldName
    let content = try sink.open(description, from: side)
    self.part?.content = content
    return content
  }

  private mutating func endPart(
    isWhole: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let part else { return }
    self.part = nil
    var trace = part.trace
    var fields = Fields()
    if let name = part.fieldName { fields.set("name", wire: name) }
    if let name = part.fileName { fields.set("fileName", wire: name) }
    if !part.mediaType.name.isEmpty { fields.set("mediaType", part.mediaType.name) }
    if let range = part.head.first("Content-Range") { fields.set("contentRange", wire: range) }
    fields.set("headers", part.head.fields.listed())
    let body = part.content.flatMap { sink.close($0, isWhole: isWhole) }
    if let body {
      fields.set("sha256", body.hash.hex)
      trace.formUnion(body.trace)
    }
    fields.set("byteCount", body?.byteCount ?? 0)
    fields.set("isComplete", isWhole && body?.isComplete != false)
    try sink.emit("multipart/part", fields, from: side, trace: trace)
  }

  /// Reads the boundary from a first line that begins with two hyphens; nil when the line has not ended.
  private static func boundary(ahead bytes: borrowing ByteReader) throws(ReadError) -> [UInt8]? {
    var reader = copy bytes
    guard let length = reader.distance(to: 0x0a, within: MultipartReader.maximumBoundaryByteCount + 4) else {
      guard reader.remaining < MultipartReader.maximumBoundaryByteCount + 4 else {
        throw ReadError(.malformed, at: 0, reading: "boundary")
      }
      return nil
    }
    let line = try reader.take(length, "boundary").array().trimmed
    guard line.count > 2, line.starts(with: [0x2d, 0x2d]), line.count - 2 <= MultipartReader.maximumBoundaryByteCount
    else { throw ReadError(.malformed, at: 0, reading: "boundary") }
    return Array(line.dropFirst(2))
  }
}

extension MultipartSession.OpenPart {
  fileprivate var fieldName: [UInt8]? { disposition.extended("name") }

  fileprivate var fileName: [UInt8]? {
    (disposition.extended("filename") ?? mediaType.parameter("name")).flatMap { $0.isEmpty ? nil : $0 }
  }
}
