public import ByteReading
public import EvidenceModel

/// A dialogue as text that a person can read: both directions with times, an artefact that is written while it goes on.
///
/// Lines that begin with `#` explain it. Every other line is the time of its first byte (RFC 3339, UTC), a space, `>` from the
/// client, `<` from the server or `*` for a remark that nobody sent, a space, and the text as `VisibleBytes` shows it.
public struct Transcript: Hashable, Sendable {
  /// Bytes after which a transcript ends, with a remark and a finding.
  public static let maximumByteCount = 64 << 20

  public let client: Side
  private let role: String
  private var content: ContentHandle?
  private var byteCount = 0
  private var isWhole = true
  private var isOver = false

  /// `role` says what it is, such as `telnet transcript`.
  public init(role: String, client: Side) {
    self.role = role
    self.client = client
  }

  /// Adds one line that `side` sent.
  public mutating func add(
    _ text: some Collection<UInt8>, from side: Side, trace: Trace, into sink: inout EvidenceSink
  ) throws(ReadError) {
    try write(side == client ? 0x3e : 0x3c, VisibleBytes.text(text), side, trace, &sink)
  }

  /// Adds words of ours: of options, gaps, encryption.
  public mutating func remark(
    _ words: String, from side: Side, trace: Trace, into sink: inout EvidenceSink
  ) throws(ReadError) {
    try write(0x2a, VisibleBytes.text(words.utf8), side, trace, &sink)
  }

  /// Adds a remark on missing bytes; the transcript is not complete.
  public mutating func skip(
    _ byteCount: Int, from side: Side, trace: Trace, into sink: inout EvidenceSink
  ) throws(ReadError) {
    isWhole = false
    guard !trace.isEmpty else { return }
    let words = "\(byteCount) bytes of the \(side == client ? "client" : "server") are missing from the capture"
    try remark(words, from: side, trace: trace, into: &sink)
  }

  /// Learns that it is not all that was said.
  public mutating func cut() { isWhole = false }

  /// Ends it; nil when nothing was said.
  public mutating func close(into sink: inout EvidenceSink) -> ContentReference? {
    guard let content else { return nil }
    self.content = nil
    isOver = true
    return sink.close(content, isWhole: isWhole)
  }

  private mutating func write(
    _ mark: UInt8, _ text: [UInt8], _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard !isOver else { return }
    var line = Array(trace.first.description.utf8) + [0x20, mark, 0x20] + text + [0x0a]
    if content == nil {
      var description = ContentDescription(role: role, mediaType: "text/plain", parameters: "charset=utf-8")
      description.isComputed = true
      content = try sink.open(description, from: client)
      line = beginning(sink.carrier) + line
    }
    guard let content else { return }
    if byteCount + line.count > Self.maximumByteCount {
      isOver = true
      isWhole = false
      sink.note(
        Finding(
          .warning, "transcript/limit", "A dialogue is longer than its transcript may be; the records go on.",
          ["limit": .integer(Int64(Self.maximumByteCount)), "role": .text(role)]), from: side, trace: trace)
      line = Array("# The dialogue goes on; the transcript ends here.\n".utf8)
    }
    byteCount += line.count
    // Safe: the view ends with this call.
    unsafe sink.append(line.span.bytes, to: content, from: trace)
  }

  private func beginning(_ carrier: DecodingContext.Carrier) -> [UInt8] {
    let name = { (side: Side) in carrier.endpoint(of: side).map { " \($0)" } ?? "" }
    return Array(
      """
      # \(role): > client\(name(client)), < server\(name(client.other)), * remark of the program
      # Times are UTC, of the first byte of a line. \\\\ is a backslash, \\e \\t \\r \\n \\a \\b \\0 \\xHH \\u{H} are what cannot be printed.

      """.utf8)
  }
}
