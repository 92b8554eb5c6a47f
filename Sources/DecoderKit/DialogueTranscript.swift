public import ByteReading
public import EvidenceModel

/// The transcript of a dialogue of commands and replies, and what the record of its session tells of it.
///
/// Content that is an artefact of its own, as a message, is told of in a remark and not repeated.
public struct DialogueTranscript: Hashable, Sendable {
  /// The fields that `finish` adds to a session's record.
  public static let fields = [
    FieldDeclaration("lineCount", .integer, "lines of both sides"),
    FieldDeclaration("withheldCount", .integer, "lines of which something is withheld"),
    FieldDeclaration("isEncrypted", .boolean, "it goes on in TLS, which is not read"),
    FieldDeclaration("isComplete", .boolean, "nothing is missing from the capture, and all of it was read"),
    FieldDeclaration("transcriptSha256", .text, "the dialogue as text, with times"),
  ]

  private let role: String
  private var transcript: Transcript?
  private var trace = Trace()
  private var lineCount = 0
  private var withheldCount = 0
  private var isEncrypted = false
  private var isComplete = true
  /// Bytes of each side that are not shown and were not told of yet.
  private var passed: [Side: Passed] = [:]

  private struct Passed: Hashable {
    var byteCount = 0
    /// Where the first of them came from.
    var trace = Trace()
  }

  /// `role` says what it is, such as `smtp transcript`.
  public init(role: String) { self.role = role }

  /// Learns who the client is; everything before is passed over.
  public mutating func begin(client: Side) {
    if transcript == nil { transcript = Transcript(role: role, client: client) }
  }

  // MARK: Lines

  /// Adds a line, its end left out; `isWithheld` when `text` is not all of it because it is secret.
  public mutating func add(
    _ text: some Collection<UInt8>, isWithheld: Bool = false, from side: Side, trace: Trace,
    into sink: inout EvidenceSink
  ) throws(ReadError) {
    try tellPassed(&sink)
    lineCount += 1
    if isWithheld { withheldCount += 1 }
    if self.trace.isEmpty { self.trace = trace }
    try transcript?.add(text, from: side, trace: trace, into: &sink)
  }

  /// Adds words of ours.
  public mutating func remark(
    _ words: String, from side: Side, trace: Trace, into sink: inout EvidenceSink
  ) throws(ReadError) {
    try tellPassed(&sink)
    if self.trace.isEmpty { self.trace = trace }
    try transcript?.remark(words, from: side, trace: trace, into: &sink)
  }

  /// Tells of content in the place of its bytes: `[message, 1234 bytes, artefact SHA-256]`; nil when nothing of it was stored.
  public mutating func tell(
    _ what: String, _ stored: ContentReference?, isWhole: Bool = true, from side: Side, trace: Trace,
    into sink: inout EvidenceSink
  ) throws(ReadError) {
    guard !trace.isEmpty else { return }
    var words = "[\(what), \(stored?.byteCount ?? 0) bytes"
    if let stored { words += ", artefact \(stored.hash.hex)" }
    if !isWhole || stored?.isComplete == false { words += ", not whole" }
    try remark(words + "]", from: side, trace: trace, into: &sink)
  }

  /// Counts bytes that are not shown; before the next line or remark it is told how many.
  ///
  /// `isLost` of what is no whole line or a longer one than the limit; otherwise it is no line of this dialogue, and may be
  /// content or a secret whose command was not captured.
  public mutating func pass(_ byteCount: Int, isLost: Bool = true, from side: Side, trace: Trace) {
    if isLost { isComplete = false }
    passed[side, default: Passed()].byteCount += byteCount
    if passed[side]?.trace.isEmpty == true { passed[side]?.trace = trace }
  }

  /// Tells of what was passed over, of both sides in the order in which it began.
  private mutating func tellPassed(_ sink: inout EvidenceSink) throws(ReadError) {
    guard !passed.isEmpty else { return }
    let told = passed.filter { $0.value.byteCount > 0 && !$0.value.trace.isEmpty }
    passed = [:]
    let ordered = told.sorted {
      ($0.value.trace.first, $0.key.rawValue) < ($1.value.trace.first, $1.key.rawValue)
    }
    for (side, bytes) in ordered {
      let words = "[\(bytes.byteCount) bytes of the \(name(side)) that are no lines of this dialogue]"
      transcript?.cut()
      if trace.isEmpty { trace = bytes.trace }
      try transcript?.remark(words, from: side, trace: bytes.trace, into: &sink)
    }
  }

  private func name(_ side: Side) -> String { side == transcript?.client ? "client" : "server" }

  // MARK: What is not read

  /// Ends the reading of both sides: they go on in TLS, or in another form as `state` says.
  public mutating func close(
    _ state: String = "encrypted", from side: Side, trace: Trace, into sink: inout EvidenceSink
  ) throws(ReadError) {
    if state == "encrypted" { isEncrypted = true }
    cut()
    try remark("what both sides send from here on is \(state) and not read", from: side, trace: trace, into: &sink)
  }

  /// Adds a remark on missing bytes.
  public mutating func skip(_ byteCount: Int, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isComplete = false
    try tellPassed(&sink)
    try transcript?.skip(byteCount, from: side, trace: sink.trace, into: &sink)
  }

  /// Learns that not all was said that is in it.
  public mutating func cut() {
    isComplete = false
    transcript?.cut()
  }

  // MARK: The end

  /// Ends it and writes the session's record, whose other fields are `fields`; nothing when nothing was said.
  public mutating func finish(
    _ kind: StaticString, _ fields: Fields, into sink: inout EvidenceSink
  ) throws(ReadError) {
    // Limits on records must not leave the transcript open.
    try? tellPassed(&sink)
    if sink.isBroken { cut() }
    let stored = transcript?.close(into: &sink)
    guard !trace.isEmpty, let client = transcript?.client else { return }
    var fields = fields
    fields.set("lineCount", lineCount)
    fields.set("withheldCount", withheldCount)
    fields.set("isEncrypted", isEncrypted)
    fields.set("isComplete", isComplete)
    if let stored {
      fields.set("transcriptSha256", stored.hash.hex)
      trace.formUnion(stored.trace)
    }
    try sink.emit(kind, fields, from: client, trace: trace)
  }
}
