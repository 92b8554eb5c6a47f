import ByteReading

/// 802.11 frames and the headers that recorders put before them.
extension PacketView {
  /// Radiotap (radiotap.org): little-endian; only the flags are of use, for the padding between header and payload.
  mutating func readRadiotap(_ reader: inout ByteReader) throws(ReadError) {
    layer = .wlan
    try reader.skip(2, "version")
    let length = try reader.readLittleEndian(UInt16.self, "header length")
    var present = try reader.readLittleEndian(UInt32.self, "present fields")
    let first = present
    var count = 0
    while present >> 31 == 1 {
      count += 1
      guard count <= Self.maximumDepth else {
        throw ReadError(.limitExceeded, at: reader.offset, reading: "present fields")
      }
      present = try reader.readLittleEndian(UInt32.self, "present fields")
    }
    var isPadded = false
    if first & 2 != 0 {
      var place = reader.offset
      // The time stamp is aligned to eight bytes.
      if first & 1 != 0 { place = (place + 7) & ~7 + 8 }
      try reader.move(to: place, "flags")
      let flags: UInt8 = try reader.read("flags")
      isPadded = flags & 0x20 != 0
    }
    try reader.move(to: Int(length), "radiotap header")
    try readWLAN(&reader, isPadded: isPadded)
  }

  /// The Prism monitor header, in either byte order; frames without it, by AVS's magic, occur under the same link type.
  mutating func readPrism(_ reader: inout ByteReader) throws(ReadError) {
    layer = .wlan
    let code: UInt32 = try reader.read("message code")
    if code & 0xffff_f000 == 0x8021_1000 {
      try reader.move(to: 0, "header")
      return try readAVS(&reader)
    }
    let length: UInt32 = try reader.read("message length")
    let count = code == 0x41 || code == 0x44 ? length : length.byteSwapped
    guard count <= 1_024 else { throw ReadError(.malformed, at: 4, reading: "Prism header length") }
    try reader.move(to: Int(count), "Prism header")
    try readWLAN(&reader, isPadded: false)
  }

  /// The AVS header.
  mutating func readAVS(_ reader: inout ByteReader) throws(ReadError) {
    layer = .wlan
    try reader.skip(4, "version")
    let length: UInt32 = try reader.read("header length")
    guard length <= 1_024 else { throw ReadError(.malformed, at: 4, reading: "AVS header length") }
    try reader.move(to: Int(length), "AVS header")
    try readWLAN(&reader, isPadded: false)
  }

  /// A frame of IEEE 802.11 (9.2): data frames that are not protected are read on.
  mutating func readWLAN(_ reader: inout ByteReader, isPadded: Bool) throws(ReadError) {
    layer = .wlan
    let start = reader.offset
    let control: UInt8 = try reader.read("frame control")
    let flags: UInt8 = try reader.read("frame control")
    let subtype = control >> 4
    guard control & 3 == 0 else { throw ReadError(.malformed, at: start, reading: "802.11 version") }
    // Management, control and extension frames, and data frames without data.
    guard control >> 2 & 3 == 2, subtype & 4 == 0 else {
      outcome = .control
      return
    }
    try reader.skip(20, "addresses")
    let sequence = try reader.readLittleEndian(UInt16.self, "sequence control")
    if flags & 3 == 3 { try reader.skip(6, "fourth address") }
    var isAggregate = false
    if subtype & 8 != 0 {
      let quality = try reader.readLittleEndian(UInt16.self, "QoS control")
      isAggregate = quality & 0x80 != 0
      if flags & 0x80 != 0 { try reader.skip(4, "HT control") }
    }
    if isPadded { try reader.skip((4 - (reader.offset - start) & 3) & 3, "padding") }
    let refusal: UInt16? =
      flags & 0x40 != 0 ? 1 : flags & 4 != 0 || sequence & 15 != 0 ? 2 : isAggregate ? 3 : nil
    if let refusal {
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.wlan.code(refusal)
      return
    }
    try readLLC(&reader)
  }
}
