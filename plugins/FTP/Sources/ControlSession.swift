import DecoderKit

/// A control connection: commands of the client and replies of the server.
final class ControlSession {
  /// Commands without a reply; the oldest is written without one when there are more.
  static let maximumWaiting = 256
  /// Bytes of a line; a longer one is passed over.
  static let maximumLine = 65_536

  private var serverSide: Side?
  private var clientLines = LineReading(maximumLine: maximumLine)
  private var serverLines = LineReading(maximumLine: maximumLine)
  private var replies = ReplyReading()
  private var waiting: [Exchange] = []
  private var transfers: [Transfer] = []
  private var login = LoginState()
  /// The command that named the connection that the next transfer uses.
  private var setup: Exchange?
  private var restart: Exchange?
  private var sizes: (path: [UInt8], byteCount: Int)?
  private var allocated: Int?
  private var isFirstReply = true
  /// The rest is TLS.
  private var isEncrypted = false
  private var oddReplyCount = 0
  private var transcript = DialogueTranscript(role: "ftp transcript")
  private var transferCount = 0

  /// Who is logged in, where and with which type.
  private struct LoginState {
    var user: [UInt8]?
    var directory = WorkingDirectory()
    var representation: [UInt8]?

    /// RFC 1635: the password is no secret then, and tells something.
    var isAnonymous: Bool {
      user.map { $0.equalsIgnoringCase("anonymous") || $0.equalsIgnoringCase("ftp") } ?? false
    }
  }

  // MARK: Lines

  func decode(_ bytes: RawSpan, from side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> DecodingProgress {
    guard !isEncrypted else { return .consumed(bytes.byteCount) }
    let server = serverSide ?? Self.serverSide(bytes, side, sink)
    serverSide = server
    transcript.begin(client: server.other)
    var lines = side == server ? serverLines : clientLines
    defer { if side == server { serverLines = lines } else { clientLines = lines } }
    // Bytes that begin like a record of TLS (RFC 8446, 5.1) are no line, whatever reply to AUTH was captured.
    if bytes[0] == 0x16 {
      switch TLSRecord.isHandshake(bytes) {
      case true?:
        try encrypt(side, sink.trace, &sink)
        return .consumed(bytes.byteCount)
      case false?: break
      case nil:
        lines.wait(bytes.byteCount)
        return .needs(more: 1)
      }
    }
    switch lines.advance(bytes) {
    case .needsMore: return .needs(more: 1)
    case .pass(let count):
      transcript.pass(count, from: side, trace: sink.trace(of: 0..<count))
      return .consumed(count)
    case .line(let count):
      let line = bytes.extracting(first: count).array()
      let trace = sink.trace(of: 0..<count)
      if side == server { try takeReply(line, trace, &sink) } else { try takeCommand(line, trace, &sink) }
      return .consumed(count)
    }
  }

  /// The side whose port is 21, else the one that begins with a code.
  private static func serverSide(_ bytes: RawSpan, _ side: Side, _ sink: borrowing EvidenceSink) -> Side {
    let isServer = { (side: Side, sink: borrowing EvidenceSink) in sink.carrier.endpoint(of: side)?.port == 21 }
    let (initiator, responder) = (isServer(.initiator, sink), isServer(.responder, sink))
    if initiator != responder { return initiator ? .initiator : .responder }
    return bytes[0].isDigit ? side : side.other
  }

  private var client: Side { serverSide?.other ?? .initiator }
  private var server: Side { client.other }

  private func encrypt(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isEncrypted else { return }
    isEncrypted = true
    sink.note(
      Finding(
        .notice, "ftp/encrypted",
        "From here on the control connection is encrypted (TLS); its commands and transfers cannot be read."),
      from: side,
      trace: trace)
    try transcript.close(from: side, trace: trace, into: &sink)
  }

  // MARK: Commands

  private func takeCommand(_ line: [UInt8], _ trace: Trace, _ sink: inout EvidenceSink) throws(ReadError) {
    // ABOR comes behind Telnet's signals (RFC 959, 4.1.3).
    let text = Array(line.drop { $0 >= 0xf0 }).trimmed
    guard !text.isEmpty else { return }
    let verb = text.prefix { $0 != 0x20 && $0 != 0x09 }
    let command = String(decoding: verb, as: UTF8.self).uppercased()
    let exchange = Exchange(command, Array(text.dropFirst(verb.count + 1)), trace)
    if waiting.count >= Self.maximumWaiting {
      sink.note(
        Finding(
          .warning, "ftp/unanswered",
          "More commands than the limit wait for a reply; the oldest is taken for unanswered.",
          ["limit": .integer(Int64(Self.maximumWaiting))]), from: client, trace: trace)
      try giveUp(waiting.removeFirst(), &sink)
    }
    let isSecret = command == "PASS" && !login.isAnonymous || command == "ACCT" || command == "ADAT"
    let isWithheld = isSecret && !exchange.argument.isEmpty
    if isWithheld { exchange.shown = WithheldSecret.mark }
    try transcript.add(
      isWithheld ? Array(verb) + [0x20] + WithheldSecret.mark : line.withoutLineEnd, isWithheld: isWithheld,
      from: client,
      trace: trace, into: &sink)
    waiting.append(exchange)
    try begin(exchange, &sink)
    exchange.user = login.user
  }

  private func begin(_ exchange: Exchange, _ sink: inout EvidenceSink) throws(ReadError) {
    switch exchange.command {
    case "USER":
      login = LoginState()
      login.user = exchange.argument
    case "REIN": login = LoginState()
    case "PORT", "EPRT":
      try settle(&sink, isNext: true)
      setup = exchange
      guard let address = DataAddress(argument: exchange.argument, of: exchange.command) else {
        note("ftp/oddAddress", "The endpoint of a data connection cannot be read.", exchange.trace, &sink)
        return
      }
      expect(address, for: exchange, isPassive: false, &sink)
    case "PASV", "EPSV":
      guard !exchange.argument.equalsIgnoringCase("ALL") else { return }
      try settle(&sink, isNext: true)
      setup = exchange
    case "REST": restart = exchange
    case "ALLO": allocated = Array(exchange.argument.prefix { $0.isDigit }).decimal
    case "ABOR":
      for transfer in transfers where !transfer.exchange.isOver { transfer.isAborted = true }
    case _ where Transfer.commands.contains(exchange.command): try beginTransfer(exchange, &sink)
    default: break
    }
  }

  private func beginTransfer(_ exchange: Exchange, _ sink: inout EvidenceSink) throws(ReadError) {
    try settle(&sink, isNext: true)
    let transfer = Transfer(
      exchange, setup: setup, restart: restart, user: login.user, workingDirectory: login.directory.path,
      representation: login.representation)
    if exchange.command == "RETR", let sizes, sizes.path == exchange.argument { transfer.announced = sizes.byteCount }
    if transfer.isUpload { transfer.announced = allocated }
    exchange.transfer = transfer
    transferCount += 1
    // Each connection carries one transfer.
    setup?.transfer = transfer
    setup?.connection?.transfer = transfer
    setup = nil
    restart = nil
    allocated = nil
    transfers.append(transfer)
  }

  /// Expects a data connection where a command or reply says, if that is between the two hosts of this connection.
  private func expect(
    _ address: DataAddress, for exchange: Exchange, isPassive: Bool, _ sink: inout EvidenceSink
  ) {
    guard let listener = sink.carrier.endpoint(of: isPassive ? server : client)?.address,
      let other = sink.carrier.endpoint(of: isPassive ? client : server)?.address
    else { return }
    let named = Endpoint(address.address ?? listener, port: address.port)
    exchange.named = named
    var evidence: String?
    if named.address != listener {
      evidence = "\(named) was named; the connection goes to that port of the host of the control connection"
      sink.note(
        Finding(
          .notice, "ftp/otherHost", "A data connection is to go to another host than the control connection.",
          ["endpoint": .text(named.description)]), from: isPassive ? server : client, trace: exchange.trace)
    }
    let endpoint = Endpoint(listener, port: address.port)
    let connection = DataConnection(endpoint, isPassive: isPassive, evidence: evidence)
    connection.transfer = exchange.transfer
    if sink.expect(ExpectedConversation(.tcp, endpoint, with: other), for: connection) {
      exchange.connection = connection
    }
  }

  // MARK: Replies

  private func takeReply(_ line: [UInt8], _ trace: Trace, _ sink: inout EvidenceSink) throws(ReadError) {
    let text = line.withoutLineEnd
    try transcript.add(text, from: server, trace: trace, into: &sink)
    let (reply, isOdd) = replies.take(text, trace)
    if isOdd, !text.isEmpty {
      oddReplyCount += 1
      if oddReplyCount == 1 {
        sink.note(
          Finding(
            .warning, "ftp/oddReply", "The server sends a line that is no reply; further ones are not noted.",
            Self.wire(text)), from: server, trace: trace)
      }
    }
    if let reply { try take(reply, &sink) }
  }

  private static func wire(_ text: [UInt8]) -> Fields {
    var fields = Fields()
    fields.set("text", wire: text.prefix(500))
    return fields
  }

  private func take(_ reply: ReplyReading.Reply, _ sink: inout EvidenceSink) throws(ReadError) {
    if reply.omitted > 0 {
      sink.note(
        Finding(
          .warning, "ftp/replyLimit", "A reply has more lines than the limit; the others are not in its record.",
          ["count": .integer(Int64(reply.omitted)), "limit": .integer(Int64(ReplyReading.maximumLineCount))]),
        from: server, trace: reply.trace)
    }
    let isGreeting = isFirstReply && (reply.code == 220 || reply.code == 120) && waiting.first?.command != "REIN"
    isFirstReply = reply.code == 120
    guard !isGreeting, let place = ReplyPairing.place(of: reply.code, in: waiting.map { ($0.command, $0.isUnderWay) })
    else {
      let alone = Exchange("", [], Trace())
      alone.take(reply)
      return try write(alone, &sink)
    }
    // A server that replies to a later command has passed over the earlier ones, unless a transfer is under way.
    for exchange in waiting[..<place] where !exchange.isUnderWay { try giveUp(exchange, &sink) }
    let exchange = waiting[place]
    waiting = waiting[..<place].filter { !$0.isOver } + waiting[place...]
    exchange.take(reply)
    try learn(from: reply, exchange, &sink)
    guard exchange.isOver else { return }
    waiting.removeAll { $0 === exchange }
    try write(exchange, &sink)
    try settle(&sink, isNext: false)
  }

  private func learn(
    from reply: ReplyReading.Reply, _ exchange: Exchange, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let last = reply.lines.last ?? []
    let isDone = (200...299).contains(reply.code)
    switch exchange.command {
    case "PASV", "EPSV":
      guard reply.code == 227 || reply.code == 229 else { return }
      let line = Array("\(reply.code) ".utf8) + last
      guard let address = DataAddress(reply: line, code: reply.code) else {
        return note("ftp/oddAddress", "The endpoint of a data connection cannot be read.", reply.trace, &sink)
      }
      expect(address, for: exchange, isPassive: true, &sink)
    case "PWD", "XPWD": if reply.code == 257 { _ = login.directory.learn(quotedIn: last) }
    case "CWD", "XCWD":
      guard isDone else { return }
      if last.contains(0x22), last.containsIgnoringCase("\"/"), login.directory.learn(quotedIn: last) { return }
      login.directory.change(to: exchange.argument)
    case "CDUP", "XCUP": if isDone { login.directory.change(to: Array("..".utf8)) }
    case "TYPE": if isDone { login.representation = exchange.argument.asciiUppercased }
    case "SIZE": if reply.code == 213, let count = last.trimmed.decimal { sizes = (exchange.argument, count) }
    case "AUTH": if reply.code == 234 { try encrypt(server, reply.trace, &sink) }
    case "MODE", "STRU":
      let plain: UInt8 = exchange.command == "MODE" ? 0x53 : 0x46
      if isDone, exchange.argument.first?.asciiUppercased != plain {
        note(
          "ftp/transferMode", "Files are sent in a form of their own from here on; they are kept as sent.", reply.trace,
          &sink)
      }
    default:
      guard let transfer = exchange.transfer, reply.code < 200 else {
        if reply.code == 426 || reply.code == 451 { exchange.transfer?.isAborted = true }
        return
      }
      learnName(last, transfer)
    }
  }

  /// Learns from a reply such as `150 Opening BINARY mode data connection for a.bin (5000 bytes).`, or `150 FILE: a.1`.
  private func learnName(_ text: [UInt8], _ transfer: Transfer) {
    if transfer.exchange.command == "STOU", text.prefix(5).equalsIgnoringCase("FILE:") {
      transfer.givenName = Array(text.dropFirst(5)).trimmed
    }
    guard !transfer.isListing, !transfer.isUpload, let open = text.lastIndex(of: 0x28) else { return }
    let inner = text[(open + 1)...]
    let digits = inner.prefix { $0.isDigit }
    if inner.dropFirst(digits.count).starts(with: " bytes".utf8), let count = digits.decimal {
      transfer.announced = count
    }
  }

  private func note(_ code: String, _ text: String, _ trace: Trace, _ sink: inout EvidenceSink) {
    sink.note(Finding(.warning, code, text), from: server, trace: trace)
  }

  // MARK: Records

  private func giveUp(_ exchange: Exchange, _ sink: inout EvidenceSink) throws(ReadError) {
    exchange.isGivenUp = true
    try write(exchange, &sink)
  }

  private func write(_ exchange: Exchange, _ sink: inout EvidenceSink) throws(ReadError) {
    try sink.emit("ftp/command", exchange.fields, from: client, trace: exchange.trace)
  }

  /// Writes the transfers that nothing more can be told of; the next one shows that a missing connection will not come.
  private func settle(_ sink: inout EvidenceSink, isNext: Bool) throws(ReadError) {
    guard !transfers.isEmpty else { return }
    var rest: [Transfer] = []
    for transfer in transfers {
      let isMissing = isNext && transfer.exchange.isOver && transfer.connection?.isMet != true
      if transfer.isSettled || isMissing { try write(transfer, &sink) } else { rest.append(transfer) }
    }
    transfers = rest
  }

  private func write(_ transfer: Transfer, _ sink: inout EvidenceSink) throws(ReadError) {
    try transfer.write(from: client, &sink)
    guard let stored = transfer.stored?.content else { return }
    let side = transfer.isUpload ? client : server
    try transcript.tell(
      transfer.isListing ? "listing" : "file", stored, isWhole: transfer.isComplete, from: side,
      trace: transfer.exchange.final?.trace ?? transfer.exchange.trace, into: &sink)
  }

  // MARK: Gaps and the end

  func skip(_ gap: StreamGap, from side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isEncrypted, let serverSide else { return }
    try transcript.skip(gap.byteCount + gap.abandoned, from: side, into: &sink)
    if side == serverSide {
      serverLines.skip(abandoned: gap.abandoned)
      if let reply = replies.abandon() { try take(reply, &sink) }
      // The replies to all but the last command may be what is missing.
      for exchange in waiting.dropLast() where !exchange.isUnderWay { try giveUp(exchange, &sink) }
      waiting.removeAll { $0.isOver }
    } else {
      clientLines.skip(abandoned: gap.abandoned)
    }
  }

  func finish(_ sink: inout EvidenceSink) throws(ReadError) {
    // Limits on records must not leave the transcript open.
    try? finishAll(&sink)
    var fields = Fields()
    if let user = login.user { fields.set("user", wire: user) }
    fields.set("transferCount", transferCount)
    try transcript.finish("ftp/session", fields, into: &sink)
  }

  private func finishAll(_ sink: inout EvidenceSink) throws(ReadError) {
    if let reply = replies.abandon() { try take(reply, &sink) }
    for exchange in waiting { try giveUp(exchange, &sink) }
    waiting = []
    for (lines, side) in [(clientLines, client), (serverLines, server)] {
      let count = lines.passedByteCount + lines.waitingByteCount
      guard count > 0, !isEncrypted else { continue }
      transcript.cut()
      sink.note(
        Finding(
          .warning, "ftp/cutLine", "Bytes of the control connection are no whole line, or a longer one than the limit.",
          ["byteCount": .integer(Int64(count))]), from: side, trace: sink.trace)
    }
    for transfer in transfers {
      if let connection = transfer.connection, connection.isMet, !connection.isOver {
        transfer.isLeftToData = true
      } else {
        try write(transfer, &sink)
      }
    }
    transfers = []
  }
}
