import ByteReading
import EvidenceModel

/// Whether bytes have the structure of a packet; false decapsulation would invent a conversation.
enum Structure {
  /// Whether an IP header stands `skipped` bytes ahead, that agrees with itself and fits before `limit`.
  ///
  /// IPv4's checksum must be right, or 0 where the recorder's own machine left it to the card; with `isExact` the length must reach the limit,
  /// without `hasChecksum` it is not looked at.
  static func isIP(
    _ reader: borrowing ByteReader, _ limit: Int, at skipped: Int = 0, isExact: Bool = false, hasChecksum: Bool = true
  ) -> Bool {
    var own = copy reader
    do throws(ReadError) {
      try own.skip(skipped, "header")
      let start = own.offset
      let room = limit == .max ? own.remaining : limit - start
      guard let first = own.peek() else { return false }
      if first >> 4 == 6 {
        try own.skip(4, "version")
        let length: UInt16 = try own.read("payload length")
        let next: UInt8 = try own.read("next header")
        guard isExtensionOrTransport(next), own.remaining >= 33 else { return false }
        return isExact ? Int(length) + 40 == room : length > 0 && Int(length) + 40 <= room || next == 59 && room >= 40
      }
      let headerLength = Int(first & 15) * 4
      guard first >> 4 == 4, headerLength >= 20, own.remaining >= headerLength else { return false }
      try own.skip(2, "version")
      let total: UInt16 = try own.read("total length")
      guard Int(total) >= headerLength, Int(total) <= room else { return false }
      try own.move(to: start, "header")
      guard hasChecksum else { return true }
      let sum = checksum(try own.take(headerLength, "header"))
      guard sum != 0 else { return true }
      // An empty field: the sum of the rest is then anything.
      return reader.peek(skipped + 10) == 0 && reader.peek(skipped + 11) == 0 && Int(total) == room
    } catch {
      return false
    }
  }

  private static func isExtensionOrTransport(_ number: UInt8) -> Bool {
    switch number {
    case 0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 89, 103, 132, 135, 136, 139: true
    default: false
    }
  }

  /// Whether an Ethernet frame stands `skipped` bytes ahead whose content has a structure that is known.
  static func isEthernet(_ reader: borrowing ByteReader, _ skipped: Int, _ limit: Int) -> Bool {
    var own = copy reader
    do throws(ReadError) {
      try own.skip(skipped + 12, "addresses")
      var type: UInt16 = try own.read("type")
      for _ in 0..<4 {
        switch type {
        case 0x0800, 0x86dd:
          return isIP(own, limit) && own.peek().map({ $0 >> 4 == (type == 0x0800 ? 4 : 6) }) ?? false
        case 0x0806:
          let hardware: UInt16 = try own.read("hardware type")
          let network: UInt16 = try own.read("protocol type")
          let lengths: UInt16 = try own.read("lengths")
          return hardware == 1 && network == 0x0800 && lengths == 0x0604
        case 0x8100, 0x88a8:
          try own.skip(2, "tag")
          type = try own.read("type")
        default: return false
        }
      }
      return false
    } catch {
      return false
    }
  }

  /// Whether what an EtherType says follows: IP, or Ethernet that is bridged (0x6558).
  static func isPayload(_ reader: borrowing ByteReader, _ type: UInt16, _ limit: Int) -> Bool {
    type == 0x6558 ? isEthernet(reader, 0, limit) : (type == 0x0800 || type == 0x86dd) && isIP(reader, limit)
  }

  /// Whether an 802.11 data frame with LLC and SNAP follows.
  static func isWLANData(_ reader: borrowing ByteReader) -> Bool {
    guard let control = reader.peek(), let flags = reader.peek(1), control & 0x4f == 8 else { return false }
    let length = 24 + (flags & 3 == 3 ? 6 : 0) + (control & 0x80 != 0 ? 2 : 0)
    return reader.peek(length) == 0xaa && reader.peek(length + 1) == 0xaa && reader.peek(length + 2) == 3
  }

  /// Whether PPP stands `skipped` bytes ahead: IP with its structure, or a control protocol's packet whose length fits.
  static func isPPP(_ reader: borrowing ByteReader, _ limit: Int, at skipped: Int = 0) -> Bool {
    var own = copy reader
    do throws(ReadError) {
      try own.skip(skipped, "header")
      if own.peek() == 0xff, own.peek(1) == 3 { try own.skip(2, "address and control") }
      var number = UInt16(try own.read(UInt8.self, "protocol"))
      if number & 1 == 0 { number = number << 8 | UInt16(try own.read(UInt8.self, "protocol")) }
      switch number {
      case 0x21: return isIP(own, limit) && own.peek().map { $0 >> 4 == 4 } ?? false
      case 0x57: return isIP(own, limit) && own.peek().map { $0 >> 4 == 6 } ?? false
      case 0x8021, 0x8057, 0x80fd, 0xc021, 0xc023, 0xc025, 0xc223:
        let room = limit == .max ? own.remaining : limit - own.offset
        let code: UInt8 = try own.read("code")
        try own.skip(1, "identifier")
        let length: UInt16 = try own.read("length")
        return (1...16).contains(code) && length >= 4 && Int(length) <= room
      default: return false
      }
    } catch {
      return false
    }
  }

  /// The Internet checksum of a whole header or message: 0 when it is right (RFC 1071).
  static func checksum(_ bytes: RawSpan, adding start: UInt64 = 0) -> UInt16 {
    var sum = start
    var place = 0
    while place + 1 < bytes.byteCount {
      sum += UInt64(bytes[place]) << 8 | UInt64(bytes[place + 1])
      place += 2
    }
    if place < bytes.byteCount { sum += UInt64(bytes[place]) << 8 }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(truncatingIfNeeded: sum)
  }

  /// ESP that nobody encrypted (RFC 5879): the trailer's padding counts up, and what stands before it has the structure and checksum of
  /// the protocol that the trailer names.
  static func plainESP(
    _ reader: borrowing ByteReader, end: Int, _ source: InternetAddress, _ destination: InternetAddress
  ) -> (next: UInt8, vector: Int, end: Int)? {
    let start = reader.offset
    // The whole packet is needed: its end tells.
    guard end - start >= 8 + 20 + 2, reader.remaining >= end - start else { return nil }
    for check in [12, 16, 24, 32, 8, 0] {
      for vector in [0, 8] {
        let trailer = end - check - 2
        guard trailer - start >= 8 + vector + 8, let padding = reader.peek(trailer - start),
          let next = reader.peek(trailer - start + 1)
        else { continue }
        let body = start + 8 + vector
        let bodyEnd = trailer - Int(padding)
        guard bodyEnd - body >= 8,
          (0..<Int(padding)).allSatisfy({ reader.peek(bodyEnd - start + $0) == UInt8(truncatingIfNeeded: $0 + 1) }),
          isMessage(reader, body, bodyEnd, next, source, destination)
        else { continue }
        return (next, vector, bodyEnd)
      }
    }
    return nil
  }

  private static func isMessage(
    _ reader: borrowing ByteReader, _ start: Int, _ end: Int, _ number: UInt8, _ source: InternetAddress,
    _ destination: InternetAddress
  ) -> Bool {
    let skipped = start - reader.offset
    switch number {
    case 4: return isIP(reader, end, at: skipped, isExact: false) && reader.peek(skipped).map { $0 >> 4 == 4 } ?? false
    case 41: return isIP(reader, end, at: skipped, isExact: true) && reader.peek(skipped).map { $0 >> 4 == 6 } ?? false
    case 6, 17, 58, 1: break
    default: return false
    }
    var own = copy reader
    do throws(ReadError) {
      try own.skip(skipped, "header")
      let bytes = try own.take(end - start, "message")
      if number == 17 {
        guard Int(bytes[4]) << 8 | Int(bytes[5]) == bytes.byteCount else { return false }
        if bytes[6] == 0, bytes[7] == 0 { return true }
      }
      var pseudo: UInt64 = 0
      if number != 1 {
        for address in [source, destination] {
          let (high, low) = address.words
          for shift: UInt64 in [0, 16, 32, 48] { pseudo += (high >> shift & 0xffff) + (low >> shift & 0xffff) }
        }
        pseudo += UInt64(number) + UInt64(bytes.byteCount)
      }
      return checksum(bytes, adding: pseudo) == 0
    } catch {
      return false
    }
  }
}
