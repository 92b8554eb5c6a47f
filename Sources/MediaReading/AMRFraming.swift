import ByteReading

/// How AMR and AMR-WB frames stand in a packet (RFC 4867, 4), as the signalling says.
public struct AMRFraming: Hashable, Sendable {
  public let isWide: Bool
  /// Each field begins at an octet; otherwise bits follow each other (bandwidth-efficient mode).
  public let isOctetAligned: Bool
  /// A CRC of one octet stands there for each frame with speech (RFC 4867, 4.4.2.1).
  public let hasChecksums: Bool
  /// Frames of a packet are not consecutive (RFC 4867, 4.4.1).
  public let isInterleaved: Bool

  /// Nil with robust sorting or several channels, which are not decoded.
  init?(_ parameters: FormatParameters, isWide: Bool) {
    guard parameters["robust-sorting"] ?? "0" == "0", parameters["channels"] ?? "1" == "1" else { return nil }
    self.isWide = isWide
    hasChecksums = parameters["crc"] == "1"
    isInterleaved = parameters["interleaving"] != nil
    // Both need octet-aligned mode, whether it is written or not (RFC 4867, 8.1).
    isOctetAligned = parameters["octet-align"] == "1" || hasChecksums || isInterleaved
  }

  init(isWide: Bool, isOctetAligned: Bool, hasChecksums: Bool = false, isInterleaved: Bool = false) {
    self.isWide = isWide
    self.isOctetAligned = isOctetAligned
    self.hasChecksums = hasChecksums
    self.isInterleaved = isInterleaved
  }

  /// Frames a packet that are read; more than 2.5 seconds in one packet is no speech.
  static let maximumFrames = 128

  /// Samples a frame: 20 milliseconds.
  var frameSamples: Int { isWide ? 320 : 160 }

  private static let narrowBits = [95, 103, 118, 134, 148, 159, 204, 244, 39]
  private static let wideBits = [132, 177, 253, 285, 317, 365, 397, 461, 477, 40]

  /// Bits of a frame by its type (3GPP TS 26.101, table 1a; TS 26.201, table 2); nil for a type that must not come.
  private func bits(ofType type: UInt8) -> Int? {
    if type == 15 || (isWide && type == 14) { return 0 }
    let table = isWide ? Self.wideBits : Self.narrowBits
    return Int(type) < table.count ? table[Int(type)] : nil
  }

  private func kind(ofType type: UInt8, isGood: Bool) -> VoiceFrames.Kind {
    if type >= 14 { return .noData }
    if type == (isWide ? 9 : 8) { return .comfortNoise }
    return isGood ? .speech : .damaged
  }

  /// Reads the frames of a packet into the storage format (RFC 4867, 5.3): a header octet, then the bits from the highest on.
  func read(_ payload: RawSpan, into frames: inout VoiceFrames) throws(ReadError) {
    var bits = BitReader(payload)
    try bits.skip(4, "codec mode request")
    var step = 1
    if isOctetAligned {
      try bits.skip(4, "reserved")
      if isInterleaved {
        step = try bits.read(4, "interleaving length") + 1
        try bits.skip(4, "interleaving index")
      }
    }
    var entries: [(type: UInt8, isGood: Bool, bits: Int)] = []
    var isLast = false
    while !isLast {
      guard entries.count < Self.maximumFrames else {
        throw ReadError(.limitExceeded, at: bits.offset, reading: "table of contents")
      }
      let offset = bits.offset
      isLast = try bits.read(1, "follow bit") == 0
      let type = UInt8(try bits.read(4, "frame type"))
      let isGood = try bits.read(1, "quality") == 1
      if isOctetAligned { try bits.skip(2, "padding") }
      guard let length = self.bits(ofType: type) else {
        throw ReadError(.malformed, at: offset, reading: "frame type")
      }
      entries.append((type, isGood, length))
    }
    if hasChecksums {
      for entry in entries where entry.bits > 0 { try bits.skip(8, "frame checksum") }
    }
    for (number, entry) in entries.enumerated() {
      let begin = frames.data.count
      frames.data.append(entry.type << 3 | (entry.isGood ? 4 : 0))
      var left = entry.bits
      if bits.position % 8 == 0, bits.remaining >= left {
        let whole = left / 8
        frames.append(payload.extracting(bits.offset..<(bits.offset + whole)))
        try bits.skip(whole * 8, "frame")
        left -= whole * 8
      }
      while left > 0 {
        let count = min(8, left)
        frames.data.append(UInt8(try bits.read(count, "frame")) << UInt8(8 - count))
        left -= count
      }
      if isOctetAligned, entry.bits % 8 != 0 { try bits.skip(8 - entry.bits % 8, "padding") }
      frames.append(
        begin..<frames.data.count, samples: frameSamples, kind(ofType: entry.type, isGood: entry.isGood),
        at: number * step * frameSamples)
    }
  }
}
