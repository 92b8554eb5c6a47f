import DecoderKit

/// The files that are open, by their identifiers.
final class OpenFileList {
  static let maximumOpen = 4_096
  /// The host keeps no more than 256 artefacts open for one session.
  static let maximumContents = 100

  private var files: [FileID: OpenFile] = [:]
  /// In the order in which they came; some may be closed.
  private var order: [(id: FileID, file: OpenFile)] = []
  private(set) var crowdedOut = 0
  /// Bytes of files whose records stood already.
  private var lateBytes = 0
  private var lateTrace = Trace()

  subscript(id: FileID) -> OpenFile? { files[id] }

  /// Adds a file that was opened; a former one of that identifier is over.
  func add(_ file: OpenFile, _ id: FileID, from client: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    if let former = files[id], former !== file { try remove(id, isClosed: false, from: client, &sink) }
    if files.count >= Self.maximumOpen { try crowdOut({ _ in true }, from: client, &sink) }
    files[id] = file
    file.identifiers = [id]
    order.append((id, file))
    if order.count > 2 * Self.maximumOpen { order.removeAll { files[$0.id] !== $0.file } }
  }

  /// Ends a file that is closed, whatever its identifier.
  func remove(_ file: OpenFile, isClosed: Bool, from client: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    for id in file.identifiers where files[id] === file { files[id] = nil }
    try file.write(isClosed: isClosed, from: client, &sink)
  }

  func remove(_ id: FileID, isClosed: Bool, from client: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard let file = files.removeValue(forKey: id) else { return }
    try file.write(isClosed: isClosed, from: client, &sink)
  }

  private func crowdOut(
    _ isWanted: (OpenFile) -> Bool, from client: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let oldest = order.first(where: { files[$0.id] === $0.file && isWanted($0.file) }) else { return }
    crowdedOut += 1
    try remove(oldest.id, isClosed: false, from: client, &sink)
  }

  /// Takes bytes of a file.
  func take(
    _ bytes: RawSpan, _ content: FrameReading.Content, from side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard !content.file.isPipe else { return }
    guard !content.file.isWritten else {
      lateBytes += bytes.byteCount
      lateTrace.formUnion(sink.trace)
      return
    }
    let assembly = content.file.assembly(isUpload: content.isUpload, from: side)
    if !assembly.isOpen, files.values.count(where: \.hasOpenContent) >= Self.maximumContents {
      try crowdOut({ $0.hasOpenContent && $0 !== content.file }, from: content.isUpload ? side : side.other, &sink)
    }
    let room = { ContentAssembly.maximumHeldBytes - self.files.values.reduce(0) { $0 + $1.heldBytes } }
    try assembly.take(bytes, at: content.offset, trace: sink.trace, room: room, into: &sink)
  }

  func finish(from client: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    for entry in order where files[entry.id] === entry.file {
      files[entry.id] = nil
      try entry.file.write(isClosed: false, from: client, &sink)
    }
    if lateBytes > 0 {
      sink.note(
        Finding(
          .warning, "smb/lateBytes", "Bytes of files came after these were closed; they are in no artefact.",
          ["byteCount": .integer(Int64(lateBytes))]), from: client, trace: lateTrace)
    }
    if crowdedOut > 0 {
      sink.note(
        Finding(
          .warning, "smb/openLimit", "More files were open at once than the limit; the oldest were taken for closed.",
          ["count": .integer(Int64(crowdedOut))]), from: client, trace: sink.trace)
    }
  }
}
