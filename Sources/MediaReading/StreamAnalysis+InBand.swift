import EvidenceModel

extension StreamAnalysis {
  /// Puts the copies that Opus packets hold of the frame before them (LBRR) where that frame's packet is missing.
  ///
  /// Call after `measure`. A copy does not say what it is of: its sender's encoder made it of what it encoded before. So it is taken
  /// only where numbers and timestamps prove that just packets like the one that brought it are missing between that and the one
  /// before (RFC 6716, 2.1.7; RFC 7587, 3.3): sound on both sides, and where the stream has telephone events not as many as the end of
  /// one, which is sent three times (RFC 4733, 2.5.1.4). `originals` gives an open descriptor for each original.
  public mutating func recoverInBand(
    _ kinds: [UInt8: PayloadKind], originals: [UInt16: Int32], step: () -> Void = {}
  ) {
    guard lost > 0, kinds.values.contains(where: { $0.opus?.sampleRate == clockRate }) else { return }
    let known = Set(placed.map(\.extended))
    let source = PayloadSource(originals)
    let hasEvents = kinds.values.contains(.event)
    var copies: [Placed] = []
    // Where what stands before ends.
    var end = Int64.min
    for (former, entry) in zip(placed, placed.dropFirst()) {
      step()
      end = max(end, former.position + Int64(former.measured?.samples ?? 0))
      let missing = entry.extended - former.extended - 1
      guard missing > 0, missing <= Int64(SequenceNumbering.maximumDropout), !known.contains(entry.extended - 1),
        former.packet.payloadType == entry.packet.payloadType, kinds[entry.packet.payloadType]?.opus != nil,
        !hasEvents || missing < 3, let before = former.measured, before.samples > 0, let voice = entry.measured,
        voice.samples > 0, former.position + Int64(before.samples) == end,
        entry.position - former.position - Int64(before.samples) == missing * Int64(voice.samples)
      else { continue }
      let packet = entry.packet
      _ = source.read(packet.payloadFile, packet.payloadOffset, Int(packet.payloadLength)) { bytes in
        guard let opus = try? OpusPacket(bytes), opus.contradiction == nil else { return }
        let bits = opus.copies(in: bytes)
        guard bits > 0 else { return }
        var copy = entry
        copy.packet.sequence &-= 1
        copy.packet.timestamp &-= UInt32(opus.frameSamples)
        copy.position -= Int64(opus.frameSamples)
        copy.extended -= 1
        copy.isLate = false
        copy.isRepeated = false
        copy.recovery = .inBand
        copy.copies = bits
        copy.measured = Voice(samples: Int32(opus.frameSamples), kind: .speech)
        copies.append(copy)
      }
    }
    guard !copies.isEmpty else { return }
    recovered += Int64(copies.count)
    recoveredInBand += Int64(copies.count)
    placed += copies
    settlePlaces()
  }
}

extension PayloadKind {
  /// The format of what is Opus.
  fileprivate var opus: VoiceFormat? {
    guard case .audio(let format) = self, format.coding == .opus else { return nil }
    return format
  }
}
