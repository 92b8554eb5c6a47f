import DecoderHosting
import EvidenceBundle
import EvidenceModel
import MediaReading

/// What a recording becomes as records.
extension RecordingExamination {
  func writeRecords(_ copies: [Int: StoredArtefact]) throws(ProcessingError) {
    try stage.add("recording/file", Self.fields(facts, reader), original)
    for stream in facts.streams { try stage.add("recording/stream", fields(stream, copies[stream.index]), original) }
  }

  private static func fields(_ facts: RecordingFacts, _ reader: RecordingReader) -> Fields {
    var fields: Fields = [
      "format": .text(facts.format), "formatDescription": .text(facts.formatDescription),
      "probeScore": .integer(Int64(facts.probeScore)), "streamCount": .integer(Int64(facts.streams.count)),
      "packets": .integer(Int64(clamping: reader.file.packetCount)),
    ]
    if let duration = facts.duration {
      fields.set("duration", seconds(duration))
      fields.set("isDurationEstimated", facts.isDurationEstimated)
    }
    if let start = facts.start, start != 0 { fields.set("start", seconds(start)) }
    if facts.bitRate > 0 { fields.set("bitRate", facts.bitRate) }
    if let created = facts.createdAt { fields.set("createdAt", created) }
    if let encoder = facts.encoder { fields.set("encoder", encoder) }
    if let location = facts.location { fields.set("location", location) }
    if !facts.tags.isEmpty { fields.set("tags", Self.value(facts.tags)) }
    if facts.programCount > 0 { fields.set("programs", facts.programCount) }
    if !facts.chapters.isEmpty {
      fields.set(
        "chapters",
        .list(
          facts.chapters.map {
            var entry: Fields = ["start": .text(seconds($0.start)), "end": .text(seconds($0.end))]
            if !$0.tags.isEmpty { entry.set("tags", value($0.tags)) }
            return .object(entry)
          }))
    }
    return fields
  }

  private func fields(_ stream: RecordingStream, _ copy: StoredArtefact?) -> Fields {
    var fields: Fields = [
      "stream": .integer(Int64(stream.index)), "medium": .text(stream.medium.rawValue), "codec": .text(stream.codec),
    ]
    for (name, text) in [
      ("codecDescription", stream.codecDescription), ("profile", stream.profile), ("codecTag", stream.codecTag),
      ("channelLayout", stream.channelLayout), ("pixelFormat", stream.pixelFormat), ("frameRate", stream.frameRate),
    ] where !text.isEmpty { fields.set(name, text) }
    for (name, number) in [
      ("sampleRate", stream.sampleRate), ("channels", stream.channels), ("width", stream.width),
      ("height", stream.height), ("rotation", stream.rotation),
    ] where number > 0 { fields.set(name, number) }
    if stream.bitRate > 0 { fields.set("bitRate", stream.bitRate) }
    if let duration = stream.duration { fields.set("duration", Self.seconds(duration)) }
    if let start = stream.start, start != 0 { fields.set("start", Self.seconds(start)) }
    if !stream.dispositions.isEmpty { fields.set("dispositions", .list(stream.dispositions.map { .text($0) })) }
    if !stream.tags.isEmpty { fields.set("tags", Self.value(stream.tags)) }
    let count = reader.counts[stream.index]
    fields.set("packets", count.packets)
    fields.set("mediaBytes", count.bytes)
    if stream.medium == .video { fields.set("keyPackets", count.keyPackets) }
    if let first = count.first { fields.set("firstAt", Self.seconds(first)) }
    if let end = count.end { fields.set("endAt", Self.seconds(end)) }
    if let audio = reader.audios.first(where: { $0.index == stream.index }) { Self.add(audio, copy, to: &fields) }
    return fields
  }

  /// What decoding gave, beside what the container says.
  private static func add(_ audio: RecordingAudio, _ copy: StoredArtefact?, to fields: inout Fields) {
    fields.set("mediaDecoder", audio.decoderName)
    fields.set("sampleCount", audio.sampleCount)
    if audio.sampleRate > 0 {
      fields.set("decodedRate", audio.sampleRate)
      fields.set("decodedChannels", audio.channels)
      fields.set("decodedBits", audio.bits)
      fields.set("decodedDuration", seconds(duration(audio)))
    }
    if audio.damageCount > 0 { fields.set("damagedPackets", audio.damageCount) }
    if let copy { fields.set("audioSha256", copy.sha256.hex) }
  }

  /// Microseconds of the samples that were decoded.
  static func duration(_ audio: RecordingAudio) -> Int64 {
    guard audio.sampleRate > 0 else { return 0 }
    return Int64(clamping: Int128(audio.sampleCount) * 1_000_000 / Int128(audio.sampleRate))
  }

  static func value(_ tags: [RecordingFacts.Tag]) -> Value {
    .list(
      tags.map {
        var entry = Fields()
        entry.set("name", wire: $0.name)
        entry.set("value", wire: $0.value)
        return .object(entry)
      })
  }

  /// Seconds with six decimals.
  static func seconds(_ microseconds: Int64) -> String {
    let size = microseconds.magnitude
    let fraction = BundleLayout.padded(Int(size % 1_000_000), 6)
    return "\(microseconds < 0 ? "-" : "")\(size / 1_000_000).\(fraction)"
  }

  /// The recording's packets, by stream and what was made of them.
  var mediaRows: [LedgerCount.MediaRow] {
    facts.streams.map { stream in
      let count = reader.counts[stream.index]
      let audio = reader.audios.first { $0.index == stream.index }
      return LedgerCount.MediaRow(
        stream: stream.index, medium: stream.medium.rawValue, codec: stream.codec, packets: count.packets,
        bytes: count.bytes, isDecoded: audio != nil || stream.medium == .picture || stream.medium == .subtitle,
        damaged: UInt64(clamping: audio?.damageCount ?? 0))
    }
  }
}
