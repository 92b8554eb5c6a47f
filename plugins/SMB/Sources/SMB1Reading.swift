import DecoderKit

/// The messages of SMB 1 on one connection (MS-CIFS, MS-SMB): logins, shares, and files that were opened, read and written.
final class SMB1Reading {
  static let maximumChain = 16

  private(set) var clientSide: Side?
  private(set) var unmatchedCount = 0
  private var waiting: [SMB1Header.Key: Request] = [:]
  private var users: [UInt16: WireText] = [:]
  private var trees: [UInt16: SMB2Reading.Tree] = [:]
  private var logins: [UInt16: Trace] = [:]

  /// A command that waits for its answer.
  private final class Request {
    var trace: Trace
    var file: OpenFile?
    var id: UInt16?
    var offset: UInt64 = 0
    var login: NTLMAuthentication?
    var isKerberos = false
    /// Of a login without extended security: who it is.
    var user: WireText?
    var domain: WireText?
    var name: WireText?
    /// Of a login: the number that the server gave it.
    var userID: UInt16 = 0
    init(_ trace: Trace) { self.trace = trace }
  }

  private var client: Side { clientSide ?? .initiator }

  func take(
    _ frame: RawSpan, from side: Side, _ trace: Trace, _ files: OpenFileList, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var reader = ByteReader(frame)
    let header = try SMB1Header(&reader)
    clientSide = header.isResponse ? side.other : side
    var command = header.command
    var former: Request?
    // Each turn takes a command of the message.
    for _ in 0..<Self.maximumChain {
      guard let known = SMB1Header.Command(rawValue: command) else { return }
      let start = reader.offset
      let wordCount = Int(try reader.read(UInt8.self, "word count"))
      var words = ByteReader(try reader.take(2 * wordCount, "words"))
      var nextCommand: UInt8 = 0xff
      var nextOffset = 0
      if known.isChained, wordCount >= 2 {
        nextCommand = try words.read("next command")
        try words.skip(1, "reserved")
        nextOffset = Int(try words.readLittleEndian(UInt16.self, "next offset"))
      }
      let byteCount = Int(try reader.readLittleEndian(UInt16.self, "byte count"))
      // A long read or write counts more bytes than fit; what stands in the message counts.
      let end = min(frame.byteCount, reader.offset + byteCount)
      var bytes = ByteReader(frame.extracting(first: end))
      try bytes.move(to: reader.offset, "bytes")
      if header.isResponse {
        try takeResponse(known, header, wordCount, &words, &bytes, frame, side, trace, files, &sink)
      } else {
        former = try takeRequest(
          known, header, wordCount, &words, &bytes, frame, side, trace, former, files, &sink)
      }
      guard nextCommand != 0xff, nextOffset > start else { return }
      try reader.move(to: nextOffset, "next command")
      command = nextCommand
    }
  }

  private func add(_ request: Request, _ key: SMB1Header.Key) {
    if waiting[key] == nil, waiting.count >= SMB2Reading.maximumWaiting {
      unmatchedCount += waiting.count
      waiting = [:]
    }
    waiting[key] = request
  }

  private func file(
    _ id: UInt16, _ former: Request?, _ header: SMB1Header, _ files: OpenFileList, _ sink: inout EvidenceSink
  ) throws(ReadError) -> OpenFile? {
    // Behind an open in the same message the identifier is not known yet.
    if let opened = former?.file, former?.id == nil { return opened }
    if let known = files[FileID(short: id)] { return known }
    let tree = trees[header.tree]
    let made = OpenFile(
      WireText(""), share: tree?.name, user: users[header.user], isPipe: tree?.isPipe ?? false)
    made.isOpeningKnown = false
    made.trace = sink.trace
    try files.add(made, FileID(short: id), from: client, &sink)
    return made
  }

  private func newFile(_ path: WireText, _ header: SMB1Header, _ trace: Trace) -> OpenFile {
    let tree = trees[header.tree]
    let file = OpenFile(
      path, share: tree?.name, user: users[header.user], isPipe: tree?.isPipe ?? path.isPipeName)
    file.trace = trace
    return file
  }

  // MARK: Requests

  private func takeRequest(
    _ command: SMB1Header.Command, _ header: SMB1Header, _ wordCount: Int, _ words: inout ByteReader,
    _ bytes: inout ByteReader, _ frame: RawSpan, _ side: Side, _ trace: Trace, _ former: Request?,
    _ files: OpenFileList, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Request {
    let request = Request(trace)
    switch command {
    case .sessionSetup: try readLogin(request, header, wordCount, &words, &bytes)
    case .treeConnect:
      try words.skip(2, "tree connect")
      let passwordLength: UInt16 = try words.readLittleEndian("password length")
      try bytes.skip(Int(passwordLength), "password")
      request.name = try header.text(&bytes)
    case .create:
      try words.skip(1, "create")
      let nameLength: UInt16 = try words.readLittleEndian("name length")
      try words.skip(28, "create")
      let disposition: UInt32 = try words.readLittleEndian("disposition")
      let options: UInt32 = try words.readLittleEndian("options")
      if header.isUnicode, bytes.offset % 2 == 1, bytes.remaining > 0 { try bytes.skip(1, "padding") }
      let name = try bytes.take(min(Int(nameLength), bytes.remaining), "name").array()
      let file = newFile(Self.name(name, header), header, trace)
      file.disposition = disposition
      file.isDirectory = options & 1 != 0
      file.isDeleted = options & 0x1000 != 0
      request.file = file
    case .open: request.file = newFile(try header.text(&bytes), header, trace)
    case .read:
      request.id = try words.readLittleEndian("file identifier")
      request.offset = try offset(&words, skipping: 10, wordCount >= 12)
      request.file = try file(request.id ?? 0, former, header, files, &sink)
    case .write: try readWrite(request, header, wordCount, &words, frame, side, former, files, &sink)
    case .close:
      request.id = try words.readLittleEndian("file identifier")
      request.file = try file(request.id ?? 0, former, header, files, &sink)
    case .delete, .rename:
      try bytes.skip(1, "buffer format")
      let file = newFile(try header.text(&bytes), header, trace)
      if command == .delete {
        file.isDeleted = true
      } else {
        try bytes.skip(1, "buffer format")
        file.renamedTo = try header.text(&bytes)
      }
      request.file = file
    case .lock, .logoff: break
    }
    add(request, header.key(command.rawValue))
    return request
  }

  private static func name(_ bytes: [UInt8], _ header: SMB1Header) -> WireText {
    guard header.isUnicode else { return WireText(bytes: Array(bytes.prefix { $0 != 0 })) }
    var units = bytes
    while units.count >= 2, units.suffix(2).elementsEqual([0, 0]) { units.removeLast(2) }
    return WireText(utf16: units)
  }

  /// Reads an offset of 4 bytes, and the upper 4 bytes of it that stand behind others in the long form.
  private func offset(
    _ words: inout ByteReader, skipping count: Int, _ isLong: Bool
  ) throws(ReadError) -> UInt64 {
    let low: UInt32 = try words.readLittleEndian("offset")
    guard isLong else { return UInt64(low) }
    var rest = copy words
    try rest.skip(count, "words")
    let high: UInt32 = try rest.readLittleEndian("offset")
    return UInt64(high) << 32 | UInt64(low)
  }

  private func readLogin(
    _ request: Request, _ header: SMB1Header, _ wordCount: Int, _ words: inout ByteReader, _ bytes: inout ByteReader
  ) throws(ReadError) {
    request.userID = header.user
    try words.skip(10, "session setup")
    let first: UInt16 = try words.readLittleEndian("length")
    guard wordCount == 13 else {
      let token = try bytes.take(min(Int(first), bytes.remaining), "security token")
      request.login = NTLMAuthentication(in: token)
      request.isKerberos = NTLMAuthentication.isKerberos(token)
      return
    }
    let second: UInt16 = try words.readLittleEndian("length")
    try bytes.skip(Int(first) + Int(second), "passwords")
    request.user = try header.text(&bytes)
    request.domain = try header.text(&bytes)
  }

  private func readWrite(
    _ request: Request, _ header: SMB1Header, _ wordCount: Int, _ words: inout ByteReader, _ frame: RawSpan,
    _ side: Side, _ former: Request?, _ files: OpenFileList, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let id: UInt16 = try words.readLittleEndian("file identifier")
    request.id = id
    let place = try offset(&words, skipping: 14, wordCount >= 14)
    try words.skip(8, "write")
    let high: UInt16 = try words.readLittleEndian("data length")
    let low: UInt16 = try words.readLittleEndian("data length")
    let start: UInt16 = try words.readLittleEndian("data offset")
    let file = try file(id, former, header, files, &sink)
    request.file = file
    guard let file else { return }
    try take(frame, Int(start), Int(high) << 16 | Int(low), place, file, isUpload: true, side, files, &sink)
  }

  private func take(
    _ frame: RawSpan, _ start: Int, _ count: Int, _ offset: UInt64, _ file: OpenFile, isUpload: Bool, _ side: Side,
    _ files: OpenFileList, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard count > 0 else { return }
    var reader = ByteReader(frame)
    try reader.move(to: start, "data")
    // What a message lacks of the length that it names does not exist.
    let data = try reader.take(min(count, reader.remaining), "data")
    let content = FrameReading.Content(file: file, isUpload: isUpload, offset: offset, remaining: data.byteCount)
    try files.take(data, content, from: side, &sink)
  }

  // MARK: Responses

  private func takeResponse(
    _ command: SMB1Header.Command, _ header: SMB1Header, _ wordCount: Int, _ words: inout ByteReader,
    _ bytes: inout ByteReader, _ frame: RawSpan, _ side: Side, _ trace: Trace, _ files: OpenFileList,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let request = waiting.removeValue(forKey: header.key(command.rawValue)) else {
      if command != .lock && command != .logoff { unmatchedCount += 1 }
      return
    }
    request.trace.formUnion(trace)
    switch command {
    case .sessionSetup: try takeLogin(request, header, wordCount, &words, &sink)
    case .treeConnect:
      var fields: Fields = ["ntStatus": .text(SMB2Header.text(status: header.status))]
      fields.set("share", request.name)
      fields.set("user", users[header.user])
      if header.isSuccess {
        let service = bytes.distance(to: 0) ?? bytes.remaining
        let type = try bytes.take(service, "service").array()
        let isPipe = type.starts(with: "IPC".utf8)
        fields.set("shareType", isPipe ? "pipe" : type.starts(with: "LPT".utf8) ? "printer" : "disk")
        if trees.count < SMB2Reading.maximumNames {
          trees[header.tree] = SMB2Reading.Tree(name: request.name ?? WireText(""), isPipe: isPipe)
        }
      }
      try sink.emit("smb/tree", fields, from: client, trace: request.trace)
    case .create, .open: try takeOpened(command, request, header, &words, trace, files, &sink)
    case .read:
      guard header.isSuccess || header.status == 0x8000_0005, wordCount >= 8, let file = request.file else { return }
      try words.skip(6, "read")
      let low: UInt16 = try words.readLittleEndian("data length")
      let start: UInt16 = try words.readLittleEndian("data offset")
      let high: UInt16 = try words.readLittleEndian("data length")
      try take(
        frame, Int(start), Int(high) << 16 | Int(low), request.offset, file, isUpload: false, side, files, &sink)
    case .write: if !header.isSuccess { request.file?.refusedWrites += 1 }
    case .close:
      guard header.isSuccess, let file = request.file else { return }
      file.trace.formUnion(request.trace)
      file.closedAt = trace.last
      try files.remove(file, isClosed: true, from: client, &sink)
    case .delete, .rename:
      guard let file = request.file else { return }
      file.trace.formUnion(request.trace)
      if !header.isSuccess { file.failure = header.status }
      try file.write(isClosed: true, from: client, &sink)
    case .logoff: users[header.user] = nil
    case .lock: break
    }
  }

  private func takeLogin(
    _ request: Request, _ header: SMB1Header, _ wordCount: Int, _ words: inout ByteReader,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if let former = logins[header.user] { request.trace.formUnion(former) }
    // STATUS_MORE_PROCESSING_REQUIRED.
    guard header.status != 0xc000_0016 else {
      if logins.count < SMB2Reading.maximumNames { logins[header.user] = request.trace }
      return
    }
    logins[header.user] = nil
    var fields: Fields = ["ntStatus": .text(SMB2Header.text(status: header.status)), "dialect": "1"]
    let user = place(request, in: &fields)
    if header.isSuccess {
      if wordCount >= 3, try words.readLittleEndian(UInt16.self, "action") & 1 != 0 { fields.set("isGuest", true) }
      if users.count < SMB2Reading.maximumNames { users[header.user] = user ?? users[header.user] }
    }
    try sink.emit("smb/session", fields, from: client, trace: request.trace)
  }

  /// Writes who logs in and how; gives the name.
  private func place(_ request: Request, in fields: inout Fields) -> WireText? {
    guard let name = request.user else {
      return NTLMAuthentication.place(request.login, isKerberos: request.isKerberos, in: &fields)
    }
    fields.set("mechanism", name.isEmpty ? "NTLM, anonymous" : "NTLM")
    fields.set("domain", request.domain)
    guard !name.isEmpty else { return nil }
    let user = NTLMAuthentication.fullName(request.domain, name)
    fields.set("user", user)
    return user
  }

  private func takeOpened(
    _ command: SMB1Header.Command, _ request: Request, _ header: SMB1Header, _ words: inout ByteReader,
    _ trace: Trace, _ files: OpenFileList, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let file = request.file else { return }
    file.trace.formUnion(request.trace)
    file.openedAt = trace.last
    guard header.isSuccess else {
      file.failure = header.status
      return try file.write(isClosed: true, from: client, &sink)
    }
    if command == .create { try words.skip(1, "create") }
    let id: UInt16 = try words.readLittleEndian("file identifier")
    if command == .create {
      file.action = try words.readLittleEndian("action")
      file.createdAt = CaptureTime(fileTime: try words.readLittleEndian("creation time"))
      try words.skip(8, "create")
      file.modifiedAt = CaptureTime(fileTime: try words.readLittleEndian("write time"))
      try words.skip(20, "create")
      file.size = try words.readLittleEndian("end of file")
      let kind: UInt16 = try words.readLittleEndian("resource type")
      if kind == 1 || kind == 2 { file.isPipe = true }
      try words.skip(2, "create")
      if try words.read(UInt8.self, "directory") != 0 { file.isDirectory = true }
    } else {
      try words.skip(6, "open")
      file.size = UInt64(try words.readLittleEndian(UInt32.self, "data size"))
    }
    request.id = id
    try files.add(file, FileID(short: id), from: client, &sink)
  }

  /// Writes the logins, connections and opens that nobody answered.
  func finish(_ sink: inout EvidenceSink) throws(ReadError) {
    for (key, request) in waiting.sorted(by: { $0.key.order < $1.key.order }) {
      var fields = Fields()
      switch SMB1Header.Command(rawValue: key.command) {
      case .sessionSetup:
        fields.set("dialect", "1")
        _ = place(request, in: &fields)
        if let former = logins.removeValue(forKey: request.userID) { request.trace.formUnion(former) }
        try sink.emit("smb/session", fields, from: client, trace: request.trace)
      case .treeConnect:
        fields.set("share", request.name)
        try sink.emit("smb/tree", fields, from: client, trace: request.trace)
      case .create, .open:
        if let file = request.file, !file.openedAt.isKnown { try file.write(isClosed: false, from: client, &sink) }
      default: break
      }
    }
    waiting = [:]
    for (_, trace) in logins.sorted(by: { $0.key < $1.key }) {
      var fields: Fields = ["dialect": "1"]
      _ = NTLMAuthentication.place(nil, isKerberos: false, in: &fields)
      try sink.emit("smb/session", fields, from: client, trace: trace)
    }
    logins = [:]
  }
}
