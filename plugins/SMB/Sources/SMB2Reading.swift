import DecoderKit

/// The messages of SMB 2 and 3 on one connection (MS-SMB2).
final class SMB2Reading {
  static let maximumCompound = 1_000
  static let maximumWaiting = 8_192
  static let maximumNames = 4_096

  let files = OpenFileList()
  private(set) var clientSide: Side?
  /// Responses whose requests are not in the capture, and requests whose response is missing.
  private(set) var unmatchedCount = 0
  var waiting: [UInt64: Request] = [:]
  private var waitingOrder: [UInt64] = []
  var dialect: String?
  private var users: [UInt64: WireText] = [:]
  var logins: [UInt64: Login] = [:]
  private var trees: [TreeKey: Tree] = [:]

  struct TreeKey: Hashable {
    let session: UInt64
    let tree: UInt32
  }
  struct Tree {
    let name: WireText
    let isPipe: Bool
  }
  struct Login {
    var authentication: NTLMAuthentication?
    var isKerberos = false
    var trace = Trace()

    mutating func add(_ request: Request) {
      trace.formUnion(request.trace)
      authentication = request.login ?? authentication
      isKerberos = isKerberos || request.isKerberos
    }
  }

  /// A request that waits for its response.
  final class Request {
    let header: SMB2Header
    var trace: Trace
    /// The file that it opens or is about.
    var file: OpenFile?
    var fileID: FileID?
    /// Of a read.
    var offset: UInt64 = 0
    /// Of a login or a share.
    var login: NTLMAuthentication?
    var isKerberos = false
    var name: WireText?

    init(_ header: SMB2Header, _ trace: Trace) {
      self.header = header
      self.trace = trace
    }
  }

  static func text(session: UInt64) -> String {
    let digits = String(session, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  func user(_ session: UInt64) -> WireText? { users[session] }

  // MARK: Content that comes in pieces

  enum ContentStart {
    /// So many bytes of the message must be shown.
    case needs(Int)
    /// So many bytes are done; behind padding comes content.
    case content(FrameReading.Content, padding: Int, done: Int)
    /// So many bytes are done; there is no content, or nobody can say where it belongs.
    case nothing(Int)
  }

  /// Whether a message, of which the beginning is shown, is a read's answer or a write that stands alone.
  func contentStart(
    _ bytes: RawSpan, _ total: Int, from side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> ContentStart? {
    let head = FrameReading.prefix + SMB2Header.byteCount
    guard total >= head + 16 else { return nil }
    guard bytes.byteCount >= head else { return .needs(head) }
    guard let header = try? SMB2Header(bytes.extracting(FrameReading.prefix..<head)), header.next == 0 else {
      return nil
    }
    let isAnswer = header.command == SMB2Header.Command.read.rawValue && header.isResponse && header.hasBody
    let isWrite = header.command == SMB2Header.Command.write.rawValue && !header.isResponse && total >= head + 48
    guard isAnswer || isWrite else { return nil }
    let needed = head + (isAnswer ? 16 : 48)
    guard bytes.byteCount >= needed else { return .needs(needed) }
    let message = bytes.extracting(FrameReading.prefix..<needed)
    clientSide = isWrite ? side : side.other
    let trace = sink.trace(of: 0..<needed)
    guard
      let place = isAnswer
        ? try answeredRead(header, message, trace) : try beginWrite(header, message, trace, former: nil, &sink)
    else {
      unmatchedCount += 1
      return .nothing(needed)
    }
    guard place.content.remaining > 0 else { return .nothing(needed) }
    let offset = FrameReading.prefix + place.offset
    guard offset >= needed, offset + place.content.remaining <= total else {
      unmatchedCount += 1
      return .nothing(needed)
    }
    return .content(place.content, padding: offset - needed, done: needed)
  }

  private typealias Place = (content: FrameReading.Content, offset: Int)

  private func answeredRead(_ header: SMB2Header, _ message: RawSpan, _ trace: Trace) throws(ReadError) -> Place? {
    guard let request = takeRequest(header), let file = request.file else { return nil }
    var reader = ByteReader(message)
    try reader.move(to: SMB2Header.byteCount + 2, "read response")
    let offset: UInt8 = try reader.read("data offset")
    try reader.skip(1, "reserved")
    let length: UInt32 = try reader.readLittleEndian("data length")
    return (
      FrameReading.Content(file: file, isUpload: false, offset: request.offset, remaining: Int(length)), Int(offset)
    )
  }

  private func beginWrite(
    _ header: SMB2Header, _ message: RawSpan, _ trace: Trace, former: Request?, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Place? {
    var reader = ByteReader(message)
    try reader.move(to: SMB2Header.byteCount + 2, "write request")
    let dataOffset: UInt16 = try reader.readLittleEndian("data offset")
    let length: UInt32 = try reader.readLittleEndian("length")
    let offset: UInt64 = try reader.readLittleEndian("offset")
    let id = try FileID(&reader)
    let request = Request(header, trace)
    request.file = try file(id, former, header, &sink)
    add(request)
    guard let file = request.file else { return nil }
    return (
      FrameReading.Content(file: file, isUpload: true, offset: offset, remaining: Int(length)), Int(dataOffset)
    )
  }

  // MARK: Whole messages

  /// Takes a compound of messages.
  func take(
    _ frame: RawSpan, from side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var start = 0
    var former: Request?
    // Each turn takes a message.
    for _ in 0..<Self.maximumCompound {
      let header = try SMB2Header(frame.extracting(start..<frame.byteCount))
      let isLast = header.next == 0
      guard isLast || header.next >= SMB2Header.byteCount && header.next < frame.byteCount - start else {
        throw ReadError(.malformed, at: start + 20, reading: "next command")
      }
      let message = frame.extracting(start..<(isLast ? frame.byteCount : start + header.next))
      if header.isResponse {
        clientSide = side.other
        try takeResponse(header, message, from: side, trace, &sink)
      } else {
        clientSide = side
        former = try takeRequest(header, message, from: side, trace, former: header.isRelated ? former : nil, &sink)
      }
      if isLast { return }
      start += header.next
    }
    throw ReadError(.malformed, at: start, reading: "messages of a compound")
  }

  private func add(_ request: Request) {
    if waiting.updateValue(request, forKey: request.header.messageID) == nil {
      waitingOrder.append(request.header.messageID)
    }
    guard waiting.count > Self.maximumWaiting || waitingOrder.count > 2 * Self.maximumWaiting else { return }
    waitingOrder.removeAll { waiting[$0] == nil }
    if waiting.count > Self.maximumWaiting, let oldest = waitingOrder.first {
      waitingOrder.removeFirst()
      waiting[oldest] = nil
      unmatchedCount += 1
    }
  }

  private func takeRequest(_ header: SMB2Header) -> Request? {
    guard let request = waiting[header.messageID], request.header.command == header.command else { return nil }
    if !header.isInterim { waiting[header.messageID] = nil }
    return request
  }

  /// The file of an identifier, or of the message before; one without a name when its opening was not captured.
  private func file(
    _ id: FileID, _ former: Request?, _ header: SMB2Header, _ sink: inout EvidenceSink
  ) throws(ReadError) -> OpenFile? {
    if id.isOfFormerMessage { return former?.file }
    if let known = files[id] { return known }
    let tree = trees[TreeKey(session: header.sessionID, tree: header.treeID)]
    let made = OpenFile(
      WireText(""), share: tree?.name, user: user(header.sessionID), isPipe: tree?.isPipe ?? false)
    made.isOpeningKnown = false
    made.trace = sink.trace
    try files.add(made, id, from: clientSide ?? .initiator, &sink)
    return made
  }

  // MARK: Requests

  private func takeRequest(
    _ header: SMB2Header, _ message: RawSpan, from side: Side, _ trace: Trace, former: Request?,
    _ sink: inout EvidenceSink
  ) throws(ReadError) -> Request? {
    guard let command = SMB2Header.Command(rawValue: header.command) else { return former }
    let request = Request(header, trace)
    var reader = ByteReader(message)
    try reader.move(to: SMB2Header.byteCount, "body")
    switch command {
    case .negotiate, .logoff: break
    case .sessionSetup:
      try reader.skip(12, "session setup")
      let token = try buffer(&reader, message)
      request.login = NTLMAuthentication(in: token)
      request.isKerberos = NTLMAuthentication.isKerberos(token)
    case .treeConnect:
      try reader.skip(4, "tree connect")
      request.name = WireText(utf16: try buffer(&reader, message).array())
    case .create:
      try readCreate(&reader, message, request)
    case .close:
      try reader.skip(8, "close")
      request.fileID = try FileID(&reader)
      if let id = request.fileID { request.file = try file(id, former, header, &sink) }
    case .read:
      try reader.skip(8, "read")
      request.offset = try reader.readLittleEndian("offset")
      request.file = try file(try FileID(&reader), former, header, &sink)
    case .write:
      if let place = try beginWrite(header, message, trace, former: former, &sink) {
        try take(place, message, from: side, &sink)
      }
      return waiting[header.messageID]
    case .setInfo:
      try readSetInfo(&reader, message, request, former, &sink)
    }
    add(request)
    return request
  }

  /// Reads where a buffer stands, from the header, and takes it.
  @_lifetime(copy message)
  private func buffer(_ reader: inout ByteReader, _ message: RawSpan) throws(ReadError) -> RawSpan {
    let offset: UInt16 = try reader.readLittleEndian("buffer offset")
    let length: UInt16 = try reader.readLittleEndian("buffer length")
    var content = ByteReader(message)
    try content.move(to: length == 0 ? 0 : Int(offset), "buffer")
    return try content.take(Int(length), "buffer")
  }

  private func readCreate(_ reader: inout ByteReader, _ message: RawSpan, _ request: Request) throws(ReadError) {
    try reader.skip(36, "create")
    let disposition: UInt32 = try reader.readLittleEndian("disposition")
    let options: UInt32 = try reader.readLittleEndian("options")
    let name = WireText(utf16: try buffer(&reader, message).array())
    let header = request.header
    let tree = trees[TreeKey(session: header.sessionID, tree: header.treeID)]
    let file = OpenFile(
      name, share: tree?.name, user: user(header.sessionID), isPipe: tree?.isPipe ?? name.isPipeName)
    file.disposition = disposition
    // MS-SMB2, 2.2.13: FILE_DIRECTORY_FILE and FILE_DELETE_ON_CLOSE.
    file.isDirectory = options & 1 != 0
    file.isDeleted = options & 0x1000 != 0
    file.trace = request.trace
    request.file = file
  }

  private func readSetInfo(
    _ reader: inout ByteReader, _ message: RawSpan, _ request: Request, _ former: Request?,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    try reader.skip(2, "set info")
    let type: UInt8 = try reader.read("information type")
    let kind: UInt8 = try reader.read("information class")
    let length: UInt32 = try reader.readLittleEndian("buffer length")
    let offset: UInt16 = try reader.readLittleEndian("buffer offset")
    try reader.skip(6, "set info")
    let file = try file(try FileID(&reader), former, request.header, &sink)
    request.file = file
    guard type == 1 else { return }
    var content = ByteReader(message)
    try content.move(to: Int(offset), "information")
    var information = ByteReader(try content.take(Int(length), "information"))
    switch kind {
    case 10:
      // MS-FSCC, 2.4.37.2.
      try information.skip(16, "rename")
      let count: UInt32 = try information.readLittleEndian("name length")
      file?.renamedTo = WireText(utf16: try information.take(Int(count), "name").array())
      file?.trace.formUnion(request.trace)
    case 13, 64:
      let flag: UInt8 = try information.read("disposition")
      file?.isDeleted = flag & 1 != 0
      file?.trace.formUnion(request.trace)
    default: break
    }
  }

  private func take(
    _ place: Place, _ message: RawSpan, from side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard place.content.remaining > 0 else { return }
    var reader = ByteReader(message)
    try reader.move(to: place.offset, "data")
    try files.take(try reader.take(place.content.remaining, "data"), place.content, from: side, &sink)
  }

  // MARK: Responses

  private func takeResponse(
    _ header: SMB2Header, _ message: RawSpan, from side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let command = SMB2Header.Command(rawValue: header.command), !header.isInterim else { return }
    var reader = ByteReader(message)
    try reader.move(to: SMB2Header.byteCount, "body")
    if command == .negotiate {
      guard header.isSuccess else { return }
      try reader.skip(4, "negotiate")
      dialect = SMB2Header.name(dialect: try reader.readLittleEndian("dialect"))
      return
    }
    if command == .read, header.hasBody {
      if let place = try answeredRead(header, message, trace) {
        return try take(place, message, from: side, &sink)
      }
      unmatchedCount += 1
      return
    }
    guard let request = takeRequest(header) else {
      if command != .logoff { unmatchedCount += 1 }
      return
    }
    request.trace.formUnion(trace)
    switch command {
    case .sessionSetup: try takeLogin(request, header, &reader, &sink)
    case .treeConnect: try takeTree(request, header, &reader, &sink)
    case .create: try takeOpened(request, header, &reader, trace, &sink)
    case .close: try takeClosed(request, header, trace, &sink)
    case .write: if !header.isSuccess { request.file?.refusedWrites += 1 }
    case .logoff: users[header.sessionID] = nil
    case .negotiate, .read, .setInfo: break
    }
  }

  private func takeLogin(
    _ request: Request, _ header: SMB2Header, _ reader: inout ByteReader, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let session = header.sessionID
    guard logins[session] != nil || logins.count < Self.maximumNames else {
      throw ReadError(.malformed, at: 0, reading: "sessions")
    }
    var login = logins[session] ?? Login()
    login.add(request)
    // STATUS_MORE_PROCESSING_REQUIRED.
    guard header.status != 0xc000_0016 else {
      logins[session] = login
      return
    }
    logins[session] = nil
    var fields: Fields = [
      "ntStatus": .text(SMB2Header.text(status: header.status)), "sessionID": .text(Self.text(session: session)),
    ]
    if let dialect { fields.set("dialect", dialect) }
    if header.isSuccess {
      try reader.skip(2, "session setup")
      let flags: UInt16 = try reader.readLittleEndian("session flags")
      if flags & 1 != 0 { fields.set("isGuest", true) }
    }
    let user = NTLMAuthentication.place(login.authentication, isKerberos: login.isKerberos, in: &fields)
    if header.isSuccess, users.count < Self.maximumNames { users[session] = user ?? users[session] }
    try sink.emit("smb/session", fields, from: clientSide ?? .initiator, trace: login.trace)
  }

  private func takeTree(
    _ request: Request, _ header: SMB2Header, _ reader: inout ByteReader, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let name = request.name ?? WireText("")
    var fields: Fields = ["ntStatus": .text(SMB2Header.text(status: header.status))]
    fields.set("share", name)
    fields.set("user", user(header.sessionID))
    if header.isSuccess {
      try reader.skip(2, "tree connect")
      let type: UInt8 = try reader.read("share type")
      fields.set("shareType", type == 1 ? "disk" : type == 2 ? "pipe" : type == 3 ? "printer" : String(type))
      let key = TreeKey(session: header.sessionID, tree: header.treeID)
      if trees[key] != nil || trees.count < Self.maximumNames { trees[key] = Tree(name: name, isPipe: type == 2) }
    }
    try sink.emit("smb/tree", fields, from: clientSide ?? .initiator, trace: request.trace)
  }

  private func takeOpened(
    _ request: Request, _ header: SMB2Header, _ reader: inout ByteReader, _ trace: Trace,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let file = request.file else { return }
    file.trace.formUnion(request.trace)
    file.openedAt = trace.last
    guard header.isSuccess else {
      file.failure = header.status
      return try file.write(isClosed: true, from: clientSide ?? .initiator, &sink)
    }
    try reader.skip(4, "create")
    file.action = try reader.readLittleEndian("action")
    file.createdAt = CaptureTime(fileTime: try reader.readLittleEndian("creation time"))
    try reader.skip(8, "create")
    file.modifiedAt = CaptureTime(fileTime: try reader.readLittleEndian("write time"))
    try reader.skip(16, "create")
    file.size = try reader.readLittleEndian("end of file")
    let attributes: UInt32 = try reader.readLittleEndian("attributes")
    if attributes & 0x10 != 0 { file.isDirectory = true }
    try reader.skip(4, "create")
    try files.add(file, try FileID(&reader), from: clientSide ?? .initiator, &sink)
  }

  private func takeClosed(
    _ request: Request, _ header: SMB2Header, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard header.isSuccess, let file = request.file else { return }
    file.trace.formUnion(request.trace)
    file.closedAt = trace.last
    try files.remove(file, isClosed: true, from: clientSide ?? .initiator, &sink)
  }
}
