import DecoderHosting
import EvidenceBundle
import EvidenceModel
import MediaReading

/// What is computed from a recording's sound to help whoever examines it; each aid names its method.
extension RecordingExamination {
  func examine(_ audio: RecordingAudio, _ samples: RecordedSamples) throws(ProcessingError) {
    guard
      let examination = AudioExamination(
        sampleRate: samples.sampleRate, channels: samples.channels, bits: samples.bits,
        sampleCount: samples.sampleCount)
    else {
      return try stage.note(
        Finding(
          .notice, "recording/notExamined",
          "The sound of stream \(audio.index) has \(samples.channels) channels at \(samples.sampleRate) Hz, for which nothing is computed.",
          ["stream": .integer(Int64(audio.index))]), original)
    }
    unsafe samples.read { block in
      stage.hand[.steps] &+= 1
      unsafe examination.take(block)
    }
    let findings = examination.finish()
    let waveform = try keepWaveform(findings, audio)
    var fields: Fields = [
      "stream": .integer(Int64(audio.index)), "origin": "computed",
      "sampleCount": .integer(findings.sampleCount), "sampleRate": .integer(Int64(samples.sampleRate)),
      "channels": .list(findings.channels.map { .object(Self.fields($0, samples.sampleRate)) }),
      "silences": .object(Self.fields(findings.silence, samples.sampleRate)),
      "methods": .list(
        ExaminationAid.allCases.map { .object(["aid": .text($0.rawValue), "method": .text($0.method)]) }),
    ]
    if let loudness = findings.loudness { fields.set("loudness", .object(Self.fields(loudness))) }
    if let waveform { fields.set("waveformSha256", waveform.sha256.hex) }
    if let bandwidth = findings.bandwidth { fields.set("bandwidth", .object(Self.fields(bandwidth))) }
    if let picture = findings.spectrogram,
      let stored = try keep(picture.png, "spectrogram of the sound of stream \(audio.index)")
    {
      fields.set("spectrogramSha256", stored.sha256.hex)
    }
    if let fingerprint = findings.fingerprint,
      let stored = try keep(
        Array("\(fingerprint.compressed)\n".utf8), "acoustic fingerprint of the sound of stream \(audio.index)")
    {
      fields.set("fingerprintSha256", stored.sha256.hex)
      try SoundComparison.append(
        .init(original: original, stream: UInt32(clamping: audio.index), items: fingerprint.raw), to: stage.fingerprints
      )
      if fingerprint.isCut { fields.set("isFingerprintCut", true) }
    }
    try stage.add("recording/examination", fields, original)
    try note(findings, audio)
  }

  private static func fields(_ channel: ChannelFindings, _ rate: Int) -> Fields {
    var fields: Fields = ["offset": .text(channel.offset), "isDead": .boolean(channel.isDead)]
    if let peak = channel.samplePeak { fields.set("samplePeak", peak) }
    if let peak = channel.truePeak { fields.set("truePeak", peak) }
    if let level = channel.level { fields.set("level", level) }
    if let same = channel.sameAs { fields.set("sameAs", same) }
    for (name, ranges) in [
      ("clipping", channel.clipping), ("zeros", channel.zeros), ("constants", channel.constants),
      ("speech", channel.speech),
    ] where ranges.count > 0 { fields.set(name, .object(Self.fields(ranges, rate))) }
    return fields
  }

  private static func fields(_ bandwidth: BandwidthFindings) -> Fields {
    [
      "highest": .integer(Int64(bandwidth.highest)), "limit": .integer(Int64(bandwidth.limit)),
      "resolution": .integer(Int64(bandwidth.resolution)), "endsAbruptly": .boolean(bandwidth.endsAbruptly),
    ]
  }

  private static func fields(_ loudness: LoudnessFindings) -> Fields {
    var fields: Fields = ["isHistogram": .boolean(loudness.isHistogram)]
    for (name, text) in [
      ("integrated", loudness.integrated), ("range", loudness.range), ("momentary", loudness.momentary),
      ("shortTerm", loudness.shortTerm),
    ] {
      if let text { fields.set(name, text) }
    }
    return fields
  }

  static func fields(_ ranges: SampleRanges, _ rate: Int) -> Fields {
    [
      "count": .integer(ranges.count), "seconds": .text(time(ranges.samples, rate)),
      "places": .list(
        ranges.list.map {
          .object(["from": .text(time($0.start, rate)), "to": .text(time($0.end, rate))])
        }),
    ]
  }

  /// Seconds at which a sample stands.
  static func time(_ sample: Int64, _ rate: Int) -> String {
    seconds(Int64(clamping: Int128(sample) * 1_000_000 / Int128(max(1, rate))))
  }

  /// Keeps the waveform as JSON, for drawing.
  private func keepWaveform(_ findings: AudioFindings, _ audio: RecordingAudio) throws(ProcessingError)
    -> StoredArtefact?
  {
    let channels = findings.channels.map { channel -> Value in
      .object([
        "peaks": .list(channel.peaks.map { .integer(Int64($0)) }),
        "levels": .list(channel.levels.map { .integer(Int64($0)) }),
      ])
    }
    return try keep(
      CanonicalJSON.bytes(["version": 1, "channels": .list(channels)]), "waveform of the sound of stream \(audio.index)"
    )
  }

  /// Stores a file that was computed.
  func keep(_ bytes: [UInt8], _ role: String) throws(ProcessingError) -> StoredArtefact? {
    // Safe: the view ends before `bytes` does.
    guard let stored = try unsafe stage.computed.store(bytes.span.bytes) else { return nil }
    try describe(stored, role, origin: "computed")
    return stored
  }

  private func note(_ findings: AudioFindings, _ audio: RecordingAudio) throws(ProcessingError) {
    let clipped = findings.channels.reduce(Int64(0)) { $0 &+ $1.clipping.count }
    if clipped > 0 {
      try stage.note(
        Finding(
          .notice, "recording/clipping",
          "The sound of stream \(audio.index) reaches full scale \(clipped) times and may be distorted there.",
          ["stream": .integer(Int64(audio.index)), "count": .integer(clipped)]), original)
    }
    if let notice = findings.bandwidth?.notice {
      try stage.note(
        Finding(
          .notice, "recording/bandwidth", "Stream \(audio.index): \(notice)",
          ["stream": .integer(Int64(audio.index))]), original)
    }
    if findings.silence.count > 0 {
      try stage.note(
        Finding(
          .notice, "recording/silence",
          "The sound of stream \(audio.index) is exactly zero for a second or longer \(findings.silence.count) times.",
          [
            "stream": .integer(Int64(audio.index)), "count": .integer(findings.silence.count),
            "seconds": .text(Self.time(findings.silence.samples, audio.sampleRate)),
          ]), original)
    }
  }
}
