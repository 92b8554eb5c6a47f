import DecoderKit

/// Puts the lines of replies together (RFC 959, 4.2).
struct ReplyReading {
  /// Lines of one reply that are kept; the others are counted.
  static let maximumLineCount = 1_000

  /// A line that begins with a code.
  struct Line: Hashable {
    let code: Int
    /// More lines of the same reply follow.
    let hasMore: Bool
    let text: [UInt8]

    /// Some servers leave out the space behind the code.
    init?(_ line: [UInt8]) {
      guard line.count >= 3, let code = line[..<3].decimal, (100...599).contains(code) else { return nil }
      self.code = code
      let mark = line.dropFirst(3).first
      guard mark.map({ !$0.isDigit }) ?? true else { return nil }
      hasMore = mark == 0x2d
      text = Array(line.dropFirst(mark == 0x2d || mark == 0x20 ? 4 : 3))
    }
  }

  struct Reply {
    let code: Int
    var lines: [[UInt8]]
    /// Lines that were not kept.
    var omitted = 0
    var trace: Trace
  }

  private var open: Reply?

  /// Takes a line; gives the reply that it ends, or nil and whether the line was none of a reply.
  mutating func take(_ line: [UInt8], _ trace: Trace) -> (reply: Reply?, isOdd: Bool) {
    let parsed = Line(line)
    if var reply = open {
      let isLast = parsed.map { $0.code == reply.code && !$0.hasMore } ?? false
      reply.trace.formUnion(trace)
      let text = parsed?.code == reply.code ? parsed?.text ?? line : line
      if reply.lines.count < Self.maximumLineCount || isLast { reply.lines.append(text) } else { reply.omitted += 1 }
      open = isLast ? nil : reply
      return (isLast ? reply : nil, false)
    }
    guard let parsed else { return (nil, true) }
    let reply = Reply(code: parsed.code, lines: [parsed.text], trace: trace)
    guard parsed.hasMore else { return (reply, false) }
    open = reply
    return (nil, false)
  }

  /// Ends a reply whose last line never came.
  mutating func abandon() -> Reply? {
    defer { open = nil }
    return open
  }
}
