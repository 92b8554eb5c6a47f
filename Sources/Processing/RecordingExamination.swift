import CSandbox
import DecoderHosting
import EvidenceBundle
import EvidenceModel
import Foundation
import MediaReading

/// Examines one recording: what its container says, what its bytes decode to, and where the two differ.
final class RecordingExamination {
  let stage: ExaminationStage
  let reader: RecordingReader
  let original: UInt16
  let byteCount: UInt64
  /// Samples of each stream that is decoded, by the stream's place.
  private var scratch: [Int: Int32] = [:]
  /// What was made of streams, by the stream's place.
  private var copies: [Int: StoredArtefact] = [:]
  private var pictures: [(stream: Int, stored: StoredArtefact)] = []
  /// Records of key frames; they stand behind that of the recording.
  private var keyFrames: [(fields: Fields, bytes: String?)] = []

  init(_ stage: ExaminationStage, _ reader: RecordingReader, _ original: UInt16, _ byteCount: UInt64) {
    self.stage = stage
    self.reader = reader
    self.original = original
    self.byteCount = byteCount
  }

  var facts: RecordingFacts { reader.file.facts }

  /// Bytes behind the place at which reading ended early.
  var unreadableBytes: UInt64 {
    guard reader.file.fault != nil else { return 0 }
    let position = min(reader.file.position, byteCount)
    return byteCount - position
  }

  func run() throws {
    defer { removeScratch() }
    reader.read(output: openScratch, self)
    try stage.throwFailure()
    try keepAttachments()
    for audio in reader.audios {
      guard audio.writeError == 0 else {
        throw ProcessingError(.output, path(audio.index), ProcessingError.systemText(audio.writeError))
      }
      copies[audio.index] = try writeCopy(audio)
    }
    try writeRecords(copies)
    for frame in keyFrames { try stage.add("recording/picture", frame.fields, original, bytes: frame.bytes) }
    for audio in reader.audios where copies[audio.index] != nil {
      guard let descriptor = scratch[audio.index] else { continue }
      try examine(audio, RecordedSamples(audio, descriptor: descriptor))
    }
    try writeFindings()
  }

  // MARK: Samples

  private func path(_ stream: Int) -> String { stage.layout.samples(stage.order.worker, stream) }

  private func openScratch(_ stream: Int) -> Int32? {
    let path = path(stream)
    // Safe: the path is a string of ours.
    let descriptor = unsafe exhibit_sandbox_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      stage.failure = stage.failure ?? .writing(path, errno)
      return nil
    }
    scratch[stream] = descriptor
    return descriptor
  }

  private func removeScratch() {
    for (stream, descriptor) in scratch {
      close(descriptor)
      // Safe: the path is a string of ours.
      unsafe _ = unlink(path(stream))
    }
  }

  /// Writes the working copy of a stream's audio; nil when it has no samples.
  private func writeCopy(_ audio: RecordingAudio) throws -> StoredArtefact? {
    guard audio.sampleCount > 0, let descriptor = scratch[audio.index] else { return nil }
    let samples = RecordedSamples(audio, descriptor: descriptor)
    let number = stage.computed.begin()
    try samples.writeWAV { bytes in
      stage.hand[.steps] &+= 1
      try stage.computed.append(bytes, to: number)
    }
    guard !samples.isCut else {
      throw ProcessingError(.output, path(audio.index), "samples that were written could not be read again")
    }
    guard let stored = try stage.computed.end(number) else { return nil }
    try describe(
      stored, "working copy of the sound of stream \(audio.index)", origin: "computed",
      isComplete: !audio.isLimited && reader.file.fault == nil)
    return stored
  }

  // MARK: Files inside

  private func keepAttachments() throws {
    for stream in facts.streams where stream.medium == .attachment && !stream.extraBytes.isEmpty {
      // Safe: the view ends before the bytes do.
      guard let stored = try unsafe stage.carved.store(stream.extraBytes.span.bytes) else { continue }
      try describe(
        stored, "file attached to the recording as stream \(stream.index)", origin: "captured",
        name: stream[tag: "filename"])
    }
    for picture in pictures {
      try describe(picture.stored, "picture in the recording, stream \(picture.stream)", origin: "captured")
    }
  }

  func describe(
    _ stored: StoredArtefact, _ role: String, origin: String, isComplete: Bool = true, name: String? = nil
  ) throws(ProcessingError) {
    var fields = stored.fields
    fields.set("role", role)
    fields.set("origin", origin)
    fields.set("isComplete", isComplete)
    if let name, !name.isEmpty { fields.set("name", name) }
    try stage.add("artefact", fields, original)
  }
}

extension RecordingExamination: RecordingReceiver {
  func picture(stream: Int, _ bytes: RawSpan) {
    stage.attempt { () throws(ProcessingError) in
      if let stored = try stage.carved.store(bytes) { pictures.append((stream, stored)) }
    }
  }

  func keyFrame(_ frame: KeyFrame) {
    stage.attempt { () throws(ProcessingError) in
      guard let stored = try keep(frame.png, "key frame of stream \(frame.stream)") else { return }
      var fields: Fields = [
        "stream": .integer(Int64(frame.stream)), "packet": .integer(Int64(clamping: frame.packet)),
        "width": .integer(Int64(frame.width)), "height": .integer(Int64(frame.height)),
        "pictureSha256": .text(stored.sha256.hex), "origin": "computed",
      ]
      if let time = frame.time { fields.set("at", Self.seconds(time)) }
      keyFrames.append((fields, frame.bytes.map { CaptureRecords.text($0) }))
    }
  }

  func subtitle(stream: Int, start: Int64?, end: Int64?, _ bytes: RawSpan) {
    var fields: Fields = ["stream": .integer(Int64(stream))]
    if let start { fields.set("start", Self.seconds(start)) }
    if let end { fields.set("end", Self.seconds(end)) }
    if let line = SubtitleText(bytes, codec: facts.streams[stream].codec).bytes {
      fields.set("text", wire: line)
    } else {
      fields.set("byteCount", bytes.byteCount)
    }
    stage.attempt { () throws(ProcessingError) in try stage.add("recording/subtitle", fields, original) }
  }

  func tick() { stage.hand[.steps] &+= 1 }
}
