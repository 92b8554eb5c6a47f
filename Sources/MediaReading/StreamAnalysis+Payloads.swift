import ByteReading
public import EvidenceModel

/// What is wrong with payloads of a stream.
public struct PayloadDamage: Sendable {
  /// Packets whose payload contradicts its format; what was read before the contradiction is kept.
  public private(set) var packets = PacketSet()
  public private(set) var packetCount: Int64 = 0
  /// The first contradiction, in words.
  public private(set) var first = ""
  /// Packets whose payload could not be read from the original.
  public internal(set) var unreadable: Int64 = 0

  public init() {}

  mutating func note(_ error: ReadError, _ packet: MediaPacket) {
    if packetCount == 0 { first = "\(error.field) at byte \(error.offset): \(error.code)" }
    packets.insert(packet.position)
    packetCount += 1
  }
}

extension StreamAnalysis {
  /// Looks into the payloads whose length alone does not tell how long they last.
  ///
  /// `originals` gives an open descriptor for each original; `step` is called for each packet.
  public mutating func measure(
    _ kinds: [UInt8: PayloadKind], originals: [UInt16: Int32], step: () -> Void = {}
  ) -> PayloadDamage {
    var damage = PayloadDamage()
    guard kinds.values.contains(where: { if case .audio(let format) = $0 { !format.isSimple } else { false } }) else {
      return damage
    }
    let source = PayloadSource(originals)
    var frames = VoiceFrames()
    for index in placed.indices {
      step()
      let packet = placed[index].packet
      guard case .audio(let format)? = kinds[packet.payloadType], !format.isSimple else { continue }
      // Nothing but padding, with which senders probe a path. (What came in fragments has no place.)
      if packet.payloadLength == 0, packet.payloadOffset > 0 {
        placed[index].measured = Voice(samples: 0, kind: .noData)
        continue
      }
      let isRead = source.read(packet.payloadFile, packet.payloadOffset, Int(packet.payloadLength)) { bytes in
        do throws(ReadError) { try frames.read(bytes, as: format) } catch { damage.note(error, packet) }
      }
      guard isRead else {
        damage.unreadable += 1
        continue
      }
      var voice = Voice(samples: Int32(clamping: frames.sampleCount), kind: frames.kind)
      if !frames.isConsecutive, frames.frames.count > 1 {
        voice.frameStep = Int32(clamping: frames.frames[1].offset)
        voice.frameCount = Int16(clamping: frames.frames.count)
        voice.frameSamples = Int32(clamping: frames.frames[0].samples)
      }
      placed[index].measured = voice
    }
    return damage
  }
}
