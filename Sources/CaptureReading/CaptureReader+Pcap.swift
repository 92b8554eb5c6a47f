import ByteReading
import EvidenceModel

extension CaptureReader {
  static let recordHeaderLength = 16
  /// The largest packet that is believed, as in Wireshark and libpcap.
  static let maximumPacketLength: UInt32 = 262_144
  /// The same for link types whose packets are larger (D-Bus, USB with Linux header or mmapped header, EBHSCR).
  ///
  /// Wireshark believes 128 MiB there; what the window holds beside a header is less.
  static let maximumLargePacketLength = UInt32(ByteWindow.maximumSpan - 64)

  static func maximumLength(ofLinkType linkType: UInt16) -> UInt32 {
    switch linkType {
    case 231, 189, 220, 249, 279: maximumLargePacketLength
    default: maximumPacketLength
    }
  }

  mutating func nextOfPcap(_ header: PcapHeader) -> CaptureStep {
    guard window.ensure(Self.recordHeaderLength) else {
      let left = window.remaining(upTo: Self.recordHeaderLength)
      if left == 0, window.readErrorNumber == nil { return .end(nil) }
      return .end(truncation("the file ends inside the header of packet \(packetCount + 1)"))
    }
    var reader = OrderedReader(window.view(Self.recordHeaderLength), isLittleEndian: header.isLittleEndian)
    guard
      let seconds: UInt32 = try? reader.read("seconds"), let fraction: UInt32 = try? reader.read("fraction"),
      var captured: UInt32 = try? reader.read("captured length"),
      var original: UInt32 = try? reader.read("original length")
    else { return .end(truncation("the file ends inside the header of packet \(packetCount + 1)")) }
    // Files of version 2.2 and older, and some of 2.3, have the two lengths the other way round.
    if header.minorVersion < 3 || (header.minorVersion == 3 && captured > original) {
      swap(&captured, &original)
    }
    let limit = Self.maximumLength(ofLinkType: header.linkType)
    guard captured <= limit else {
      return .end(
        CaptureFault(
          .corrupted, at: window.offset,
          "packet \(packetCount + 1) claims \(captured) bytes, more than the \(limit) that are possible"))
    }
    guard window.ensure(Self.recordHeaderLength + Int(captured)) else {
      return .end(truncation("the file ends inside packet \(packetCount + 1)"))
    }
    window.advance(Self.recordHeaderLength)
    let packet = CapturedPacket(
      number: packetCount + 1, time: header.time(seconds: seconds, fraction: fraction), capturedLength: captured,
      originalLength: original, dataOffset: window.offset, linkType: header.linkType, interface: 0)
    lastPacket = packet
    return .packet(packet)
  }
}

extension PcapHeader {
  /// The moment of a record's two fields; the fraction is added as it stands, even beyond a second.
  @inline(__always)
  func time(seconds: UInt32, fraction: UInt32) -> CaptureTime {
    let unit: Int64 = scale.ticksPerSecond == 1_000_000 ? 1_000 : 1
    return CaptureTime(nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(fraction) * unit)
  }

  /// What the header says, as a record.
  var fact: CaptureFact {
    var fields: Fields = [
      "format": .text("pcap"), "interface": 0, "linkType": .integer(Int64(linkType)),
      "snapLength": .integer(Int64(snapLength)),
      "timeResolution": .text(scale.ticksPerSecond == 1_000_000 ? "microseconds" : "nanoseconds"),
      "version": .text("\(majorVersion).\(minorVersion)"),
    ]
    if let length = checkSequenceLength { fields.set("checkSequenceLength", length) }
    return CaptureFact("capture/interface", fields, bytes: 0...UInt64(PcapHeader.byteCount - 1))
  }
}
