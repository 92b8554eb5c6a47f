import EvidenceModel
import MediaReading

/// What a reader of the evidence must know about a recording.
extension RecordingExamination {
  /// Microseconds by which the container and what it holds may differ in length: rounding, and a decoder's first packet.
  private static let durationTolerance: Int64 = 150_000
  /// Entries that one finding lists.
  private static let maximumListed = 100

  func writeFindings() throws(ProcessingError) {
    if let fault = reader.file.fault {
      try stage.note(
        Finding(
          .error, fault.code == .limit ? "recording/limit" : "recording/damaged",
          "The recording could not be read to its end: \(fault.message).",
          [
            "byteOffset": .integer(Int64(clamping: byteCount - unreadableBytes)), "reason": .text(fault.message),
            "packets": .integer(Int64(clamping: reader.file.packetCount)),
          ]), original)
    }
    if reader.messageCount > 0 {
      try stage.note(
        Finding(
          .warning, "recording/container",
          "The container contradicts itself or lacks something at \(reader.messageCount) places.",
          [
            "count": .integer(Int64(reader.messageCount)),
            "messages": .list(reader.messages.prefix(Self.maximumListed).map { .text($0) }),
          ]), original)
    }
    for audio in reader.audios {
      try noteDamage(audio)
      try noteTime(audio)
      try noteLimits(audio)
    }
    try noteUndecoded()
    try noteLength()
    try noteOmissions()
  }

  private func noteDamage(_ audio: RecordingAudio) throws(ProcessingError) {
    guard audio.damageCount > 0 else { return }
    let list = audio.damage.prefix(Self.maximumListed).map { damage -> Value in
      var entry: Fields = ["packet": .integer(Int64(clamping: damage.packet)), "reason": .text(damage.message)]
      if let bytes = damage.bytes { entry.set("bytes", CaptureRecords.text(bytes)) }
      if let time = damage.time { entry.set("at", Self.seconds(time)) }
      return .object(entry)
    }
    try stage.note(
      Finding(
        .warning, "recording/decodeErrors",
        "\(audio.damageCount) of \(reader.counts[audio.index].packets) packets of stream \(audio.index) are damaged; their sound may be missing or wrong.",
        ["stream": .integer(Int64(audio.index)), "count": .integer(Int64(audio.damageCount)), "places": .list(list)]),
      original, bytes: audio.damage.first?.bytes.map { CaptureRecords.text($0) })
  }

  private func noteTime(_ audio: RecordingAudio) throws(ProcessingError) {
    guard audio.stepCount > 0, audio.sampleRate > 0 else { return }
    let rate = Int128(audio.sampleRate)
    let list = audio.steps.prefix(Self.maximumListed).map { step -> Value in
      .object([
        "at": .text(Self.seconds(Int64(clamping: Int128(step.position) * 1_000_000 / rate))),
        "missing": .text(Self.seconds(Int64(clamping: Int128(step.missing) * 1_000_000 / rate))),
      ])
    }
    try stage.note(
      Finding(
        .warning, "recording/timeStep",
        "The container's times leave gaps or overlap at \(audio.stepCount) places of stream \(audio.index); the working copy joins there what does not follow.",
        ["stream": .integer(Int64(audio.index)), "count": .integer(Int64(audio.stepCount)), "places": .list(list)]),
      original)
  }

  private func noteLimits(_ audio: RecordingAudio) throws(ProcessingError) {
    if audio.formatChanges > 0 {
      try stage.note(
        Finding(
          .notice, "recording/formatChange",
          "Rate or channels of stream \(audio.index) change \(audio.formatChanges) times; the working copy has those of its beginning.",
          ["stream": .integer(Int64(audio.index)), "count": .integer(Int64(audio.formatChanges))]), original)
    }
    guard audio.isLimited else { return }
    try stage.note(
      Finding(
        .error, "recording/limit",
        "Stream \(audio.index) decodes to more sound than is allowed for a file of its size; the working copy ends early.",
        ["stream": .integer(Int64(audio.index))]), original)
  }

  private func noteUndecoded() throws(ProcessingError) {
    for stream in facts.streams {
      let count = reader.counts[stream.index]
      let reason: String
      switch stream.medium {
      case .audio where reader.undecoded.contains(stream.index):
        reason = stream.codec == "unknown" ? "its coding is not known" : "there is no decoder for \(stream.codec)"
      case .video:
        guard let failed = reader.failedPictures(stream.index) else {
          reason = stream.codec == "unknown" ? "its coding is not known" : "there is no decoder for \(stream.codec)"
          break
        }
        if failed > 0 { try noteFailed(failed, stream) }
        continue
      case .data: reason = "nothing reads data of the kind \(Self.kind(stream))"
      default: continue
      }
      try stage.note(
        Finding(
          .warning, "recording/notDecoded",
          "Stream \(stream.index) (\(stream.medium.rawValue), \(count.packets) packets) is not decoded: \(reason).",
          [
            "stream": .integer(Int64(stream.index)), "medium": .text(stream.medium.rawValue),
            "packets": .integer(Int64(clamping: count.packets)), "reason": .text(reason),
          ]), original)
    }
  }

  private func noteFailed(_ count: Int, _ stream: RecordingStream) throws(ProcessingError) {
    try stage.note(
      Finding(
        .warning, "recording/pictures",
        "\(count) key frames of stream \(stream.index) could not be decoded to pictures.",
        ["stream": .integer(Int64(stream.index)), "count": .integer(Int64(count))]), original)
  }

  private static func kind(_ stream: RecordingStream) -> String {
    if stream.codec != "unknown" { return stream.codec }
    return stream.codecTag.isEmpty ? "unknown" : stream.codecTag
  }

  /// Compares how long the container says that it is with how much sound there is.
  private func noteLength() throws(ProcessingError) {
    for audio in reader.audios where audio.sampleRate > 0 {
      guard let stream = facts.streams.first(where: { $0.index == audio.index }),
        let stated = stream.duration ?? (facts.isDurationEstimated ? nil : facts.duration)
      else { continue }
      let decoded = Self.duration(audio)
      let tolerance = max(Self.durationTolerance, stated / 1_000)
      guard (stated - decoded).magnitude > tolerance.magnitude else { continue }
      try stage.note(
        Finding(
          .warning, "recording/duration",
          "The container says that stream \(audio.index) lasts \(Self.seconds(stated)) s; its packets decode to \(Self.seconds(decoded)) s.",
          [
            "stream": .integer(Int64(audio.index)), "stated": .text(Self.seconds(stated)),
            "decoded": .text(Self.seconds(decoded)),
          ]), original)
    }
  }

  private func noteOmissions() throws(ProcessingError) {
    let pictures = max(0, reader.pictureCount - RecordingReader.maximumPictures)
    let lines = max(0, reader.subtitleCount - RecordingReader.maximumSubtitles)
    let omitted = facts.omittedCount + pictures + lines
    guard omitted > 0 else { return }
    try stage.note(
      Finding(
        .warning, "recording/omitted",
        "\(omitted) tags, streams, chapters, pictures or lines of text of the recording are not told: there are more than the limits allow.",
        ["count": .integer(Int64(omitted))]), original)
  }
}
