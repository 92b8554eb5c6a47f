import DecoderKit

/// Who logs in by NTLM (MS-NLMP, 2.2.1.3): names only; what proves the password is not read.
struct NTLMAuthentication: Hashable {
  let domain: WireText
  let user: WireText
  let workstation: WireText
  /// An anonymous login names nobody (MS-NLMP, 3.2.5.1.2).
  var isAnonymous: Bool { user.isEmpty }

  private static let signature: StaticString = "NTLMSSP\0"
  /// Bytes of a security token that are searched for the message, which SPNEGO wraps.
  private static let maximumPrefix = 1_024

  /// Finds an AUTHENTICATE message in a security token; nil when there is none.
  init?(in token: RawSpan) {
    guard let start = Self.start(of: 3, in: token) else { return nil }
    let message = token.extracting(start..<token.byteCount)
    var reader = ByteReader(message)
    let texts: [[UInt8]]
    let isUnicode: Bool
    do throws(ReadError) {
      try reader.move(to: 28, "domain")
      texts = [try Self.text(&reader, message), try Self.text(&reader, message), try Self.text(&reader, message)]
      try reader.move(to: 60, "flags")
      isUnicode = try reader.readLittleEndian(UInt32.self, "flags") & 1 == 1
    } catch { return nil }
    let read = { (bytes: [UInt8]) in isUnicode ? WireText(utf16: bytes) : WireText(bytes: bytes) }
    domain = read(texts[0])
    user = read(texts[1])
    workstation = read(texts[2])
  }

  /// The name as `DOMAIN\name`.
  static func fullName(_ domain: WireText?, _ user: WireText) -> WireText {
    guard let domain, !domain.isEmpty else { return user }
    let text = "\(domain.text)\\\(user.text)"
    guard domain.hexadecimal != nil || user.hexadecimal != nil else { return WireText(text) }
    return WireText(text, hexadecimal: Hexadecimal.encode(Array(text.utf8)))
  }

  /// Writes who logs in and how; gives the name.
  static func place(_ login: NTLMAuthentication?, isKerberos: Bool, in fields: inout Fields) -> WireText? {
    guard let login else {
      fields.set("mechanism", isKerberos ? "Kerberos" : "unknown")
      return nil
    }
    fields.set("mechanism", login.isAnonymous ? "NTLM, anonymous" : "NTLM")
    fields.set("workstation", login.workstation)
    fields.set("domain", login.domain)
    guard !login.isAnonymous else { return nil }
    let name = fullName(login.domain, login.user)
    fields.set("user", name)
    return name
  }

  /// Whether a security token speaks of Kerberos (RFC 4121, MS-KILE) and not of NTLM.
  static func isKerberos(_ token: RawSpan) -> Bool {
    start(of: 1, in: token) == nil && start(of: 3, in: token) == nil
      && (has([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02], in: token)
        || has([0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02], in: token))
  }

  private static func has(_ identifier: [UInt8], in token: RawSpan) -> Bool {
    let head = token.extracting(first: min(token.byteCount, 256)).array()
    guard head.count >= identifier.count else { return false }
    return (0...(head.count - identifier.count)).contains { head[$0...].starts(with: identifier) }
  }

  private static func start(of type: UInt32, in token: RawSpan) -> Int? {
    var place = 0
    // Each turn passes over one letter N.
    while let distance = token.firstOffset(of: 0x4e, from: place, within: maximumPrefix) {
      let start = place + distance
      if token.starts(with: signature, at: start) {
        var reader = ByteReader(token)
        guard (try? reader.move(to: start + 8, "type")) != nil,
          let found = try? reader.readLittleEndian(UInt32.self, "type")
        else { return nil }
        return found == type ? start : nil
      }
      place = start + 1
      guard place < maximumPrefix else { return nil }
    }
    return nil
  }

  /// Reads a field's length and offset, and takes its bytes from the payload.
  private static func text(_ reader: inout ByteReader, _ message: RawSpan) throws(ReadError) -> [UInt8] {
    let length: UInt16 = try reader.readLittleEndian("length")
    try reader.skip(2, "maximum length")
    let offset: UInt32 = try reader.readLittleEndian("offset")
    var payload = ByteReader(message)
    try payload.move(to: Int(offset), "text")
    return try payload.take(Int(length), "text").array()
  }
}
