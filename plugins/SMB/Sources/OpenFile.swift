import DecoderKit

/// A file, folder or pipe that a client opened, and what passed of it.
final class OpenFile {
  let path: WireText
  let share: WireText?
  let user: WireText?
  var isPipe: Bool
  var isDirectory = false
  /// What the client asked to happen, and what the server did.
  var disposition: UInt32?
  var action: UInt32?
  /// The status of an open that failed.
  var failure: UInt32?
  var size: UInt64?
  var createdAt: CaptureTime?
  var modifiedAt: CaptureTime?
  var openedAt = CaptureTime.unknown
  var closedAt = CaptureTime.unknown
  var isDeleted = false
  var renamedTo: WireText?
  var trace = Trace()
  var identifiers: [FileID] = []
  /// The capture holds its opening.
  var isOpeningKnown = true
  private(set) var read: ContentAssembly?
  private(set) var written: ContentAssembly?
  /// Requests to write that the server refused.
  var refusedWrites = 0
  /// Its records stand; what comes of it later has no place.
  private(set) var isWritten = false

  init(_ path: WireText, share: WireText?, user: WireText?, isPipe: Bool) {
    self.path = path
    self.share = share
    self.user = user
    self.isPipe = isPipe
  }

  var heldBytes: Int { (read?.heldBytes ?? 0) + (written?.heldBytes ?? 0) }
  var hasOpenContent: Bool { read?.isOpen == true || written?.isOpen == true }

  /// The assembly of what goes one way; `side` is who sends it.
  func assembly(isUpload: Bool, from side: Side) -> ContentAssembly {
    if let known = isUpload ? written : read { return known }
    let made = ContentAssembly(from: side) { [path, size] in
      var description = ContentDescription(role: "smb file")
      if !path.isEmpty { description.name = Array(path.text.utf8) }
      if !isUpload { description.announcedByteCount = size.flatMap { Int(exactly: $0) } }
      return description
    }
    if isUpload { written = made } else { read = made }
    return made
  }

  // MARK: Records

  /// Writes the records of a file that is closed, or of which nothing more comes.
  func write(isClosed: Bool, from client: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isWritten else { return }
    isWritten = true
    try read?.close(size: isOpeningKnown ? size : nil, isWhole: isOpeningKnown, into: &sink)
    try written?.close(size: nil, isWhole: isClosed && refusedWrites == 0, into: &sink)
    for assembly in [read, written] {
      guard let assembly, assembly.lateBytes > 0 else { continue }
      sink.note(
        Finding(
          .warning, "smb/lateBytes",
          "Bytes of a file came after a hole had been left for them; they are not in the artefact.",
          ["byteCount": .integer(Int64(assembly.lateBytes))]), from: client, trace: trace)
    }
    try sink.emit("smb/file", fields(isClosed: isClosed), from: client, trace: trace)
    if let read { try write(read, isUpload: false, client, &sink) }
    if let written { try write(written, isUpload: true, client, &sink) }
  }

  private func write(
    _ assembly: ContentAssembly, isUpload: Bool, _ client: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let stored = assembly.stored else { return }
    var fields: Fields = [
      "direction": .text(isUpload ? "upload" : "download"), "isComplete": .boolean(assembly.isComplete),
      "byteCount": .integer(Int64(stored.byteCount)), "sha256": .text(stored.hash.hex),
    ]
    place(in: &fields)
    if let base = assembly.base, base > 0 { fields.set("offset", base) }
    if assembly.repeatedBytes > 0 { fields.set("repeatedBytes", assembly.repeatedBytes) }
    if !isUpload, let size { fields.set("announcedByteCount", size) }
    var whole = trace
    whole.formUnion(stored.trace)
    try sink.emit("smb/transfer", fields, from: client, trace: whole)
  }

  private func place(in fields: inout Fields) {
    fields.set("path", path)
    if !path.isEmpty { fields.set("fileName", path.lastPart) }
    fields.set("share", share)
    fields.set("user", user)
  }

  private func fields(isClosed: Bool) -> Fields {
    var fields = Fields()
    if failure == nil { fields.set("isClosed", isClosed) }
    place(in: &fields)
    if isPipe { fields.set("isPipe", true) }
    if isDirectory { fields.set("isDirectory", true) }
    if let disposition { fields.set("disposition", Self.dispositions[disposition] ?? String(disposition)) }
    if let action { fields.set("action", Self.actions[action] ?? String(action)) }
    if let failure { fields.set("ntStatus", SMB2Header.text(status: failure)) }
    if let size { fields.set("fileByteCount", size) }
    if let createdAt { fields.set("fileCreatedAt", createdAt) }
    if let modifiedAt { fields.set("fileModifiedAt", modifiedAt) }
    if openedAt.isKnown { fields.set("openedAt", openedAt) }
    if closedAt.isKnown { fields.set("closedAt", closedAt) }
    if isDeleted { fields.set("isDeleted", true) }
    fields.set("renamedTo", renamedTo)
    if refusedWrites > 0 { fields.set("refusedWrites", refusedWrites) }
    return fields
  }

  /// MS-SMB2, 2.2.13 and 2.2.14.
  private static let dispositions: [UInt32: String] = [
    0: "supersede", 1: "open", 2: "create", 3: "open or create", 4: "overwrite", 5: "overwrite or create",
  ]
  private static let actions: [UInt32: String] = [0: "superseded", 1: "opened", 2: "created", 3: "overwritten"]
}
