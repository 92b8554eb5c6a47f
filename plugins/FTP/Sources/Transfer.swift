import DecoderKit

/// One command that moves a file or a listing over a data connection.
final class Transfer {
  let exchange: Exchange
  /// The command that named the data connection; its connection may become known later.
  let setup: Exchange?
  /// The REST before it, which counts when the server accepted it.
  let restart: Exchange?
  let user: [UInt8]?
  let workingDirectory: [UInt8]?
  let representation: [UInt8]?
  /// The name that a reply gives it (STOU).
  var givenName: [UInt8]?
  var announced: Int?
  var isAborted = false
  /// The control connection is over: the data connection's session writes the record.
  var isLeftToData = false
  private var isWritten = false

  init(
    _ exchange: Exchange, setup: Exchange?, restart: Exchange?, user: [UInt8]?, workingDirectory: [UInt8]?,
    representation: [UInt8]?
  ) {
    self.exchange = exchange
    self.setup = setup
    self.restart = restart
    self.user = user
    self.workingDirectory = workingDirectory
    self.representation = representation
  }

  static let commands: Set<String> = ["RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD"]

  var isUpload: Bool { ["STOR", "STOU", "APPE"].contains(exchange.command) }
  var isListing: Bool { ["LIST", "NLST", "MLSD"].contains(exchange.command) }
  var connection: DataConnection? { setup?.connection }

  private var path: [UInt8]? { givenName ?? (exchange.argument.isEmpty ? nil : exchange.argument) }
  private var fileName: [UInt8]? {
    guard !isListing, let path else { return nil }
    return path.split(whereSeparator: { $0 == 0x2f || $0 == 0x5c }).last.map { Array($0) }
  }

  /// What is known of an artefact before its bytes come.
  static func description(_ transfer: Transfer?, isFromClient: Bool) -> ContentDescription {
    guard let transfer, transfer.isUpload == isFromClient else { return ContentDescription(role: "ftp data") }
    var description = ContentDescription(role: transfer.isListing ? "ftp listing" : "ftp file")
    description.name = transfer.fileName ?? transfer.path
    description.announcedByteCount = transfer.announced
    return description
  }

  /// Whether nothing more can come that the record would tell of.
  var isSettled: Bool {
    guard exchange.isOver else { return false }
    guard let connection else { return true }
    // A connection without any bytes is met at its end, which may come behind the reply.
    return connection.isMet ? connection.isOver : (exchange.status ?? 0) >= 400
  }

  // MARK: The record

  func write(from client: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isWritten else { return }
    isWritten = true
    var trace = exchange.trace
    if let setup { trace.formUnion(setup.trace) }
    let stored = stored
    let other = isUpload ? connection?.downloaded : connection?.uploaded
    if let content = stored?.content { trace.formUnion(content.trace) }
    let byteCount = stored?.content?.byteCount ?? 0
    note(isConfirmed, isWhole, byteCount, other, client, trace, &sink)
    var fields = self.fields
    fields.set("byteCount", byteCount)
    fields.set("isComplete", isComplete)
    if let content = stored?.content { fields.set("sha256", content.hash.hex) }
    try sink.emit("ftp/transfer", fields, from: client, trace: trace)
  }

  /// What came over the data connection in the direction of the command.
  var stored: DataConnection.Stored? { isUpload ? connection?.uploaded : connection?.downloaded }
  private var isConfirmed: Bool { (200...299).contains(exchange.status ?? 0) }
  private var isWhole: Bool { connection?.isMet == true && stored?.isWhole == true && !isAborted }
  /// Whether nothing is missing, and the server confirmed the end.
  var isComplete: Bool {
    isWhole && (isConfirmed || exchange.status == nil && announced == stored?.content?.byteCount ?? 0)
  }

  private var fields: Fields {
    var fields: Fields = [
      "command": .text(exchange.command), "direction": .text(isUpload ? "upload" : "download"),
      "isListing": .boolean(isListing),
    ]
    if let path { fields.set("path", wire: path) }
    if let fileName { fields.set("fileName", wire: fileName) }
    if let workingDirectory { fields.set("workingDirectory", wire: workingDirectory) }
    if let user { fields.set("user", wire: user) }
    if let representation { fields.set("representation", wire: representation) }
    if let restart, restart.status == 350 || restart.status == nil, let offset = restart.argument.decimal, offset > 0 {
      fields.set("restartOffset", offset)
    }
    if let announced { fields.set("announcedByteCount", announced) }
    exchange.placeReply(in: &fields)
    guard let connection, connection.isMet else {
      fields.set("attachedBy", "none")
      return fields
    }
    fields.set("connection", connection.isPassive ? "passive" : "active")
    if let client = connection.client { fields.set("dataClient", client.description) }
    if let server = connection.server { fields.set("dataServer", server.description) }
    fields.set("attachedBy", connection.evidence == nil ? "signalling" : "inferred")
    if let evidence = connection.evidence { fields.set("evidence", evidence) }
    return fields
  }

  private func note(
    _ isConfirmed: Bool, _ isWhole: Bool, _ byteCount: Int, _ other: DataConnection.Stored?, _ client: Side,
    _ trace: Trace, _ sink: inout EvidenceSink
  ) {
    if isConfirmed, connection?.isMet != true {
      var fields: Fields = ["command": .text(exchange.command)]
      if let endpoint = setup?.named { fields.set("endpoint", endpoint.description) }
      sink.note(
        Finding(
          .warning, "ftp/dataMissing",
          "The data connection of a transfer that the server confirmed is not in the capture between the same two hosts.",
          fields), from: client, trace: trace)
    }
    if other?.content != nil {
      sink.note(
        Finding(
          .warning, "ftp/oddDirection",
          "A data connection carries bytes against the direction of its command; they are an artefact."),
        from: client, trace: trace)
    }
    if isWhole, isConfirmed, let announced, announced != byteCount, restart == nil, representation?.first == 0x49 {
      sink.note(
        Finding(
          .notice, "ftp/sizeDiffers", "A file has another size than was announced.",
          ["announcedByteCount": .integer(Int64(announced)), "byteCount": .integer(Int64(byteCount))]), from: client,
        trace: trace)
    }
  }
}

/// A command and the replies to it.
final class Exchange {
  /// The command's name in capitals; empty when it was not captured.
  let command: String
  let argument: [UInt8]
  let requestedAt: CaptureTime
  var trace: Trace
  private(set) var interim: [Int] = []
  private(set) var final: ReplyReading.Reply?
  /// No reply will be taken for its own any more.
  var isGivenUp = false
  /// The name of the user, and what may be shown of the argument: both as things stood when it was sent.
  var user: [UInt8]?
  var shown: [UInt8]
  /// The endpoint that it, or the reply to it, names, and what came of it.
  var named: Endpoint?
  var connection: DataConnection?
  var transfer: Transfer?

  static let maximumInterim = 100

  init(_ command: String, _ argument: [UInt8], _ trace: Trace) {
    self.command = command
    self.argument = argument
    self.trace = trace
    shown = argument
    requestedAt = trace.first
  }

  var status: Int? { final?.code }
  var isOver: Bool { final != nil || isGivenUp }
  var isUnderWay: Bool { !interim.isEmpty }

  func take(_ reply: ReplyReading.Reply) {
    trace.formUnion(reply.trace)
    if reply.code < 200 {
      if interim.count < Self.maximumInterim { interim.append(reply.code) }
    } else {
      final = reply
    }
  }

  func placeReply(in fields: inout Fields) {
    if !command.isEmpty, requestedAt.isKnown { fields.set("requestedAt", requestedAt) }
    if !interim.isEmpty { fields.set("interimStatuses", .list(interim.map { .integer(Int64($0)) })) }
    guard let final else { return }
    fields.set("status", final.code)
    if let last = final.lines.last, !last.isEmpty { fields.set("reason", wire: last) }
    if final.trace.last.isKnown { fields.set("respondedAt", final.trace.last) }
  }

  /// The fields of its record.
  var fields: Fields {
    var fields = Fields()
    if !command.isEmpty { fields.set("command", wire: Array(command.utf8)) }
    if !shown.isEmpty { fields.set("argument", wire: shown) }
    if let user { fields.set("user", wire: user) }
    placeReply(in: &fields)
    if let lines = final?.lines, lines.count > 1 {
      fields.set("replyLines", .list(lines.map { .text(String(decoding: $0, as: UTF8.self)) }))
    }
    return fields
  }
}
