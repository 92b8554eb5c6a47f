import DecoderKit

extension RecordData {
  /// The options of EDNS (RFC 6891, 6.1.2), in words as query programs print them.
  @_lifetime(self: copy self)
  mutating func options(payload: UInt16, ttl: UInt32) throws(ReadError) -> String {
    try reader.move(to: start, "options")
    var list = ["version \(ttl >> 16 & 255)", "udp \(payload)"]
    if ttl & 0x8000 != 0 { list.insert("flags do", at: 1) }
    // Limit: each takes four bytes at the least.
    while !isAtEnd {
      let code = try short()
      let bytes = try take(Int(try short()), "option")
      list.append(Self.option(code, bytes))
    }
    return list.joined(separator: "; ")
  }

  private static func option(_ code: UInt16, _ bytes: [UInt8]) -> String {
    let names: [UInt16: String] = [
      3: "NSID", 5: "DAU", 6: "DHU", 7: "N3U", 8: "ECS", 9: "EXPIRE", 10: "COOKIE", 11: "KEEPALIVE", 12: "PADDING",
      13: "CHAIN", 14: "KEY-TAG", 15: "EDE", 18: "REPORT-CHANNEL", 19: "ZONEVERSION",
    ]
    let name = names[code] ?? "OPT\(code)"
    switch code {
    case 8 where bytes.count >= 4:
      // RFC 7871, 6.
      let family = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
      if let address = TextCoding.address(family, Array(bytes.dropFirst(4))) {
        return "ECS \(address)/\(bytes[2])/\(bytes[3])"
      }
    case 12: return "PADDING \(bytes.count)"
    case 15 where bytes.count >= 2:
      // RFC 8914, 2.
      let info = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
      return bytes.count == 2 ? "EDE \(info)" : "EDE \(info) \(TextCoding.quoted(Array(bytes.dropFirst(2))))"
    default: break
    }
    return bytes.isEmpty ? name : "\(name) \(Hexadecimal.encode(bytes))"
  }

  /// SVCB and HTTPS (RFC 9460, 2.1).
  @_lifetime(self: copy self)
  mutating func service() throws(ReadError) -> String {
    var text = "\(try short()) \(try name())"
    // Limit: each takes four bytes at the least.
    while !isAtEnd {
      let key = try short()
      let value = try take(Int(try short()), "service parameter")
      text += " " + (Self.serviceParameter(key, value) ?? Self.otherParameter(key, value))
    }
    return text
  }

  private static func otherParameter(_ key: UInt16, _ value: [UInt8]) -> String {
    value.isEmpty ? keyText(key) : "\(keyText(key))=\(TextCoding.quoted(value))"
  }

  private static func keyText(_ key: UInt16) -> String {
    let names = [
      "mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp",
    ]
    return names.indices.contains(Int(key)) ? names[Int(key)] : "key\(key)"
  }

  /// The value of a known key in its own form; nil when it does not have it.
  private static func serviceParameter(_ key: UInt16, _ value: [UInt8]) -> String? {
    switch key {
    case 0:
      guard let keys = pieces(value, 2) else { return nil }
      return "mandatory=" + keys.map { keyText(UInt16($0[0]) << 8 | UInt16($0[1])) }.joined(separator: ",")
    case 1: return protocols(value).map { "alpn=" + $0 }
    case 3 where value.count == 2: return "port=\(UInt16(value[0]) << 8 | UInt16(value[1]))"
    case 4: return addresses(value, 1, 4).map { "ipv4hint=" + $0 }
    case 5: return "ech=" + TextCoding.base64(value)
    case 6: return addresses(value, 2, 16).map { "ipv6hint=" + $0 }
    default: return nil
    }
  }

  private static func pieces(_ value: [UInt8], _ size: Int) -> [[UInt8]]? {
    guard !value.isEmpty, value.count.isMultiple(of: size) else { return nil }
    return stride(from: 0, to: value.count, by: size).map { Array(value[$0..<$0 + size]) }
  }

  private static func addresses(_ value: [UInt8], _ family: UInt16, _ size: Int) -> String? {
    pieces(value, size)?.compactMap { TextCoding.address(family, $0)?.description }.joined(separator: ",")
  }

  /// RFC 9460, 7.1.1: a comma or a backslash in a name is escaped, once for the list and once for the string.
  private static func protocols(_ value: [UInt8]) -> String? {
    var list: [UInt8] = []
    var rest = value[...]
    // Limit: each takes a byte at the least.
    while let length = rest.popFirst() {
      guard length > 0, rest.count >= Int(length) else { return nil }
      if !list.isEmpty { list.append(0x2c) }
      for byte in rest.prefix(Int(length)) { list += byte == 0x2c || byte == 0x5c ? [0x5c, byte] : [byte] }
      rest = rest.dropFirst(Int(length))
    }
    return list.isEmpty ? nil : TextCoding.quoted(list)
  }

  /// LOC (RFC 1876, 2 and 3).
  @_lifetime(self: copy self)
  mutating func location() throws(ReadError) -> String? {
    guard try byte() == 0 else {
      _ = try rest("location")
      return generic()
    }
    let sizes = [try byte(), try byte(), try byte()].map { value -> String? in
      let mantissa = Int(value >> 4)
      let exponent = Int(value & 15)
      guard mantissa <= 9, exponent <= 9 else { return nil }
      let centimetres = (0..<exponent).reduce(mantissa) { number, _ in number * 10 }
      return centimetres.isMultiple(of: 100) ? "\(centimetres / 100)m" : Self.metres(centimetres)
    }
    let latitude = Self.angle(try long(), "N", "S", limit: 90)
    let longitude = Self.angle(try long(), "E", "W", limit: 180)
    let altitude = Self.metres(Int(try long()) - 10_000_000)
    guard let latitude, let longitude, !sizes.contains(nil) else {
      throw ReadError(.malformed, at: reader.offset, reading: "location")
    }
    return "\(latitude) \(longitude) \(altitude) \(sizes.compactMap { $0 }.joined(separator: " "))"
  }

  private static func metres(_ centimetres: Int) -> String {
    let (whole, rest) = centimetres.magnitude.quotientAndRemainder(dividingBy: 100)
    return "\(centimetres < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)m"
  }

  /// Thousandths of a second of arc, 2^31 being the equator or the prime meridian.
  private static func angle(_ value: UInt32, _ positive: String, _ negative: String, limit: Int) -> String? {
    let offset = Int(value) - (1 << 31)
    let (seconds, thousandths) = Int(offset.magnitude).quotientAndRemainder(dividingBy: 1_000)
    guard seconds <= limit * 3_600 else { return nil }
    let fraction = String(String(1_000 + thousandths).dropFirst())
    return "\(seconds / 3_600) \(seconds / 60 % 60) \(seconds % 60).\(fraction) \(offset < 0 ? negative : positive)"
  }

  /// RFC 4398, 2.1.
  static func certificateType(_ type: UInt16) -> String {
    let names: [UInt16: String] = [
      1: "PKIX", 2: "SPKI", 3: "PGP", 4: "IPKIX", 5: "ISPKI", 6: "IPGP", 7: "ACPKIX", 8: "IACPKIX", 253: "URI",
      254: "OID",
    ]
    return names[type] ?? String(type)
  }
}
