import DecoderKit

/// Requests that wait for their response, each by its transaction.
struct Requests {
  struct Request {
    let method: [UInt8]
    let transaction: [UInt8]
    let head: MessageHead
    let side: Side
    var trace: Trace
    var message: Message?
    var bodyHash: String?

    var isReport: Bool { method.elementsEqual("REPORT".utf8) }

    /// Whether a response comes in any case: `no` wants none, `partial` none but of failures (RFC 4975, 7.1.1).
    var isDue: Bool {
      guard let wanted = head.first("Failure-Report") else { return true }
      return !wanted.equalsIgnoringCase("no") && !wanted.equalsIgnoringCase("partial")
    }
  }

  struct Response {
    let status: Int
    let comment: [UInt8]
    let head: MessageHead
    let trace: Trace
  }

  private struct Key: Hashable {
    let side: Side
    let transaction: [UInt8]
  }
  private var waiting: [Key: (number: Int, request: Request)] = [:]
  /// Keys in the order in which they came; those whose number is another are answered.
  private var order: [(key: Key, number: Int)] = []
  private var next = 0

  /// Adds a request; gives those that wait no longer.
  mutating func add(_ request: Request) -> [Request] {
    var gone: [Request] = []
    let key = Key(side: request.side, transaction: request.transaction)
    // An identifier that comes again ends the wait of the one before.
    if let old = waiting.removeValue(forKey: key) { gone.append(old.request) }
    waiting[key] = (next, request)
    order.append((key, next))
    next += 1
    if order.count > 2 * MSRPSession.maximumWaiting {
      order.removeAll { waiting[$0.key]?.number != $0.number }
      // Each turn lets one go.
      for entry in order.prefix(max(0, order.count - MSRPSession.maximumWaiting)) {
        if let old = waiting.removeValue(forKey: entry.key) { gone.append(old.request) }
      }
      order.removeAll { waiting[$0.key]?.number != $0.number }
    }
    return gone
  }

  mutating func take(_ transaction: [UInt8], from side: Side) -> Request? {
    waiting.removeValue(forKey: Key(side: side, transaction: transaction))?.request
  }

  mutating func takeAll() -> [Request] {
    defer { waiting = [:] }
    return waiting.values.sorted { $0.number < $1.number }.map(\.request)
  }

  // MARK: Records

  /// A request that carries no message, with its response; either may be missing.
  static func fields(
    _ request: Request?, _ response: Response?, speaker: String
  ) -> (fields: Fields, line: [UInt8], trace: Trace) {
    var fields: Fields = ["speaker": .text(speaker)]
    var trace = request?.trace ?? Trace()
    if let response { trace.formUnion(response.trace) }
    var line: [UInt8] = []
    if let request {
      fields.set("method", wire: request.method)
      request.head.placePaths(in: &fields)
      if let identifier = request.head.first("Message-ID") { fields.set("messageID", wire: identifier) }
      if let nickname = request.head.first("Use-Nickname") { fields.set("nick", wire: unquoted(nickname)) }
      let credentials = request.head.fields.first { WithheldSecret.isCredential($0) }
      if let credentials {
        if let user = WithheldSecret.user(of: credentials) { fields.set("user", wire: user) }
        fields.set("isWithheld", true)
      }
      fields.set("requestHeaders", request.head.fields.listed(WithheldSecret.shownValue))
      if let hash = request.bodyHash { fields.set("requestSha256", hash) }
      line = request.method
      if case .text(let user)? = fields["user"] { line += " of \(user)".utf8 }
      if case .text(let nick)? = fields["nick"] { line += " \(nick)".utf8 }
    } else {
      response?.head.placePaths(in: &fields)
      line = Array("(request not captured)".utf8)
    }
    if let response {
      fields.set("status", response.status)
      if !response.comment.isEmpty { fields.set("reason", wire: response.comment) }
      fields.set("responseHeaders", response.head.fields.listed(WithheldSecret.shownValue))
      line += " → \(response.status) ".utf8
      line += response.comment
    } else {
      line += " → (no response captured)".utf8
    }
    return (fields, line, trace)
  }

  /// What somebody says of a message that came to him, or did not (RFC 4975, 7.1.2).
  static func report(_ request: Request, speaker: String) -> (fields: Fields, line: [UInt8]) {
    var fields: Fields = ["speaker": .text(speaker)]
    request.head.placePaths(in: &fields)
    var line = Array("[report".utf8)
    if let identifier = request.head.first("Message-ID") {
      fields.set("messageID", wire: identifier)
      line += Array(" on message ".utf8) + identifier
    }
    if let range = request.head.first("Byte-Range") { fields.set("byteRange", wire: range) }
    if let stated = request.head.first("Status") {
      // A name space, the status, a comment: `000 200 OK`.
      let words = stated.split(separator: 0x20, maxSplits: 2)
      if words.count > 1, let status = words[1].decimal(digits: 3...3) { fields.set("status", status) }
      if words.count > 2 { fields.set("reason", wire: words[2]) }
      line += Array(": ".utf8) + stated
    }
    if let hash = request.bodyHash { fields.set("requestSha256", hash) }
    line.append(0x5d)
    return (fields, line)
  }

  private static func unquoted(_ text: [UInt8]) -> [UInt8] {
    text.count >= 2 && text.first == 0x22 && text.last == 0x22 ? Array(text.dropFirst().dropLast()) : text
  }
}
