import ByteReading
import DecoderKit
public import EvidenceModel

/// Bytes of a stream that no decoder was shown: other versions of what was used, and what came too late.
extension HostedStreams {
  /// Bytes of a version that stand in the finding itself; longer ones are artefacts.
  static let shownBytes = 64

  /// Notes that bytes came twice with different content, and keeps both versions from the first difference to the last.
  ///
  /// Both are as long as each other.
  public func conflict(
    _ first: RawSpan, _ firstPacket: PacketContext, with other: RawSpan, _ packet: PacketContext, from side: Side
  ) {
    let count = min(first.byteCount, other.byteCount)
    guard let begin = (0..<count).first(where: { first[$0] != other[$0] }),
      let last = (0..<count).last(where: { first[$0] != other[$0] })
    else { return }
    var fields: Fields = ["byteCount": .integer(Int64(last + 1 - begin))]
    keep(first.extracting(begin...last), firstPacket, at: begin, "used", side, &fields)
    keep(other.extracting(begin...last), packet, at: begin, "other", side, &fields)
    var trace = Trace(firstPacket.position, at: firstPacket.time)
    trace.insert(packet.position, at: packet.time)
    say(
      Finding(
        .warning, "tcp/conflict",
        "\(last + 1 - begin) bytes of a stream came twice with different content; what came first was used.", fields),
      side, packet, trace)
  }

  /// Notes bytes that came after they had been passed over as missing, and keeps them.
  public func late(_ bytes: RawSpan, from side: Side, _ packet: PacketContext) {
    var fields: Fields = ["byteCount": .integer(Int64(bytes.byteCount))]
    keep(bytes, packet, at: 0, "late", side, &fields)
    say(
      Finding(
        .warning, "tcp/late",
        "\(bytes.byteCount) bytes of a stream came after they had been passed over as missing; no decoder saw them.",
        fields), side, packet, Trace(packet.position, at: packet.time))
  }

  private func say(_ finding: Finding, _ side: Side, _ packet: PacketContext, _ trace: Trace) {
    DecodingUnit.speaker(host, origin, carrier, packet).note(finding, from: side, trace: trace)
  }

  /// Adds a version to a finding: its packet, and its bytes or the hash of the artefact that holds them.
  private func keep(
    _ bytes: RawSpan, _ packet: PacketContext, at place: Int, _ name: String, _ side: Side, _ fields: inout Fields
  ) {
    fields.set("\(name)Packet", "\(OriginalName(packet.position.original)):\(packet.position.packet)")
    if bytes.byteCount > Self.shownBytes, keptVersions < host.limits.versionsPerConversation,
      origin.findingCount < host.limits.findingsPerConversation
    {
      keptVersions += 1
      let number = host.output.beginArtefact()
      host.output.append(bytes, toArtefact: number)
      if let stored = host.output.endArtefact(number) {
        var record = stored.fields
        record.set("role", name == "late" ? "stream bytes that came too late" : "\(name) version of stream bytes")
        record.set("origin", "captured")
        record.set("isComplete", true)
        DecodingUnit.speaker(host, origin, carrier, packet)
          .add("artefact", record, from: side, Trace(packet.position, at: packet.time))
        return fields.set("\(name)Sha256", stored.sha256.hex)
      }
    }
    fields.set("\(name)Hex", Hexadecimal.encode(bytes.extracting(first: min(bytes.byteCount, Self.shownBytes)).array()))
    if bytes.byteCount > Self.shownBytes {
      fields.set("is\(name.prefix(1).uppercased())\(name.dropFirst())Shortened", true)
    }
  }
}
