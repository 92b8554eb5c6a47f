import CallAssembly
import EvidenceModel
import MediaReading

extension RenderStage {
  /// Notes what a reader of a call's audio must know before it is rendered.
  func noteOddities(
    _ audio: CallAudio, _ works: [StreamWork], _ trace: Trace, _ call: PlannedCall
  ) throws {
    for name in Self.undecoded(works) {
      try note(
        Finding(
          .warning, "audio/codecNotSupported",
          "The media is \(name), which is not decoded; its packets are kept as they were captured.",
          ["codec": .text(name)]), trace, call)
    }
    if let cut = audio.tracks.first(where: \.isCut) {
      let limit = (samples: cut.maximumSamples, rate: cut.sampleRate)
      try note(
        Finding(
          .warning, "audio/tooLong",
          "Audio beyond \(limit.samples / limit.rate / 60) minutes from the call's first packet is not rendered.",
          ["limitSamples": .integer(limit.samples), "sampleRate": .integer(limit.rate)]), trace, call)
    }
    if audio.isSparse {
      try note(
        Finding(
          .warning, "audio/sparse",
          "The call's packets span more than an hour and bring less than a hundredth of it; its audio is not rendered.",
          ["samples": .integer(audio.sampleCount)]), trace, call)
    }
    let overlap = audio.tracks.reduce(Int64(0)) { $0 + $1.overlappingSamples }
    if overlap > 0 {
      try note(
        Finding(
          .warning, "audio/overlap",
          "\(overlap) samples were sent for moments that other packets of the same party fill already; they are not in the audio.",
          ["samples": .integer(overlap)]), trace, call)
    }
    for damage in works.flatMap(\.damage) where damage.packetCount > 0 {
      var part = Trace()
      part.packets = damage.packets
      try note(
        Finding(
          .warning, "audio/malformedPayload",
          "Payloads of \(damage.packetCount) packets contradict their format; what stands before is in the audio.",
          ["count": .integer(damage.packetCount), "first": .text(damage.first)]), part, call)
    }
    for work in works {
      if let secure = work.secure, secure.unopenedCount > 0 {
        try note(
          Finding(
            .warning, "audio/notAuthentic",
            "\(secure.unopenedCount) packets of an encrypted stream are not by any key of the signalling; they are not in the audio.",
            [
              "identifier": .text(Self.hexadecimal(work.stream.identifier)), "count": .integer(secure.unopenedCount),
            ]), work.trace, call)
      }
      for packing in work.packings {
        try note(
          Finding(
            .warning, "audio/g726Packing",
            "The codes of G.726 stand in their bytes the other way round than the signalling's name says, as the smoother audio shows; they were read so.",
            [
              "identifier": .text(Self.hexadecimal(work.stream.identifier)),
              "roughnessAsNamed": .integer(packing.namedRoughness), "roughnessAsRead": .integer(packing.otherRoughness),
              "origin": "inferred",
            ]), work.trace, call)
      }
    }
    if works.contains(where: { !$0.areEventsComplete }) {
      try note(
        Finding(
          .warning, "audio/eventsIncomplete",
          "A stream has more telephone events than the limit, or some could not be read.",
          ["limit": .integer(Int64(TelephoneEvent.maximumCount))]), trace, call)
    }
  }

  private static func undecoded(_ works: [StreamWork]) -> [String] {
    var names: [String] = []
    for case .other(let name) in works.flatMap({ $0.kinds.sorted { $0.key < $1.key }.map(\.value) })
    where !names.contains(name) { names.append(name) }
    return names
  }
}
