import DecoderKit
public import EvidenceModel

/// A file that no conversation brought by itself, such as a member of an archive, read by the decoders of files.
public final class HostedFile {
  private let reading: FileReading
  private let packet: PacketContext
  private let trace: Trace

  /// Finds the decoder for a file by its type and first bytes; nil when there is none.
  ///
  /// `position` is where the file around it stands; findings about it go to the host's output with that place.
  public init?(_ host: DecoderHost, mediaType: String, beginning: RawSpan, at position: PacketPosition) {
    // It went between no two ends of its own.
    let nowhere = Endpoint(InternetAddress(version4: 0), port: 0)
    packet = PacketContext(position: position, time: .unknown, fileOffset: PacketContext.scattered)
    trace = Trace(position, at: .unknown)
    let origin = UnitOrigin(
      firstPacket: position, protocolNumber: 0, initiator: nowhere, responder: nowhere, tunnels: "")
    let outer = DecodingUnit.speaker(host, origin, .file(mediaType: mediaType, parameters: ""), packet)
    guard
      let made = FileReading(
        ContentDescription(role: "", mediaType: mediaType), .initiator, beginning, packet, outer)
    else { return nil }
    reading = made
  }

  /// Shows it more of the file; the beginning comes here, too.
  public func take(_ bytes: RawSpan) { reading.take(bytes, trace, packet) }

  /// Ends the reading; gives what stands in the file. Records without `parentSha256` tell of the file itself.
  public func finish(isWhole: Bool) -> [(kind: String, fields: Fields)] {
    reading.finish(isWhole: isWhole).map { ($0.kind, $0.fields) }
  }
}
