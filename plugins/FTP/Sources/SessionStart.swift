import DecoderKit

/// Judges whether bytes are a control connection's.
enum SessionStart {
  /// Bytes of a greeting that are waited for before it is another protocol's.
  private static let maximumGreeting = 2_048
  /// Lines that are looked at.
  private static let maximumLines = 64

  private static let verbs: Set<String> = [
    "USER", "PASS", "ACCT", "CWD", "CDUP", "SMNT", "QUIT", "REIN", "PORT", "PASV", "TYPE", "STRU", "MODE", "RETR",
    "STOR", "STOU", "APPE", "ALLO", "REST", "RNFR", "RNTO", "ABOR", "DELE", "RMD", "MKD", "PWD", "LIST", "NLST", "SITE",
    "SYST", "STAT", "HELP", "NOOP", "FEAT", "OPTS", "AUTH", "PBSZ", "PROT", "EPSV", "EPRT", "MLSD", "MLST", "SIZE",
    "MDTM", "HOST", "LANG", "CLNT", "XPWD", "XCWD", "CCC", "ADAT",
  ]

  static func claim(_ bytes: RawSpan, isOwnPort: Bool) -> Claim {
    if (0x31...0x35).contains(bytes[0]) { return claimReply(bytes, isOwnPort) }
    let line = firstLine(bytes)
    guard let text = line.text else {
      let isPlausible = isOwnPort && bytes.byteCount < 5 && bytes.array().allSatisfy { $0.isLetter }
      return isPlausible ? .needsMore : .none
    }
    let verb = text.prefix { $0.isLetter }.count
    guard (3...4).contains(verb), text.count == verb || text[verb] == 0x20 else { return .none }
    let name = String(decoding: text.prefix(verb), as: UTF8.self).uppercased()
    if isOwnPort, verbs.contains(name) { return .port }
    switch name {
    case "PASV", "EPSV": return line.isWhole && text.count == verb ? .content : .none
    case "PORT", "EPRT":
      return line.isWhole && DataAddress(argument: text.dropFirst(5), of: name) != nil ? .content : .none
    default: return .none
    }
  }

  /// The first line without its end; nil before it is long enough to tell.
  private static func firstLine(_ bytes: RawSpan) -> (text: [UInt8]?, isWhole: Bool) {
    guard let end = bytes.firstOffset(of: 0x0a, within: 512) else {
      return (bytes.byteCount >= 5 ? bytes.extracting(first: 64).array() : nil, false)
    }
    return (bytes.extracting(first: end).array().trimmed, true)
  }

  private static func claimReply(_ bytes: RawSpan, _ isOwnPort: Bool) -> Claim {
    var reader = ByteReader(bytes)
    var isFirst = true
    // Each turn takes a line.
    for _ in 0..<maximumLines {
      guard let length = reader.distance(to: 0x0a), let line = try? reader.take(length + 1, "line").array() else {
        break
      }
      guard let reply = ReplyReading.Line(line.trimmed) else {
        if isFirst { return .none }
        continue
      }
      if isOwnPort { return .port }
      switch reply.code {
      case 220 where line.containsIgnoringCase("FTP") && !line.containsIgnoringCase("SMTP"): return .content
      case 220: break
      case 227, 229: return DataAddress(reply: line, code: reply.code) != nil ? .content : .none
      case 331 where line.containsIgnoringCase("pass"): return .content
      case 230, 332, 234, 215: return isFirst ? .none : .content
      default: return .none
      }
      isFirst = false
    }
    if !isFirst { return bytes.byteCount < maximumGreeting ? .needsMore : .none }
    let start = bytes.extracting(first: 3).array()
    if isOwnPort { return start.allSatisfy { $0.isDigit } && bytes.byteCount < maximumGreeting ? .needsMore : .none }
    return start.elementsEqual("220".utf8.prefix(start.count)) && bytes.byteCount < maximumGreeting ? .needsMore : .none
  }
}

extension UInt8 {
  var isLetter: Bool { (0x61...0x7a).contains(asciiLowercased) }
}

extension Collection<UInt8> {
  /// Whether `text` stands anywhere in these bytes, in any case of ASCII letters.
  func containsIgnoringCase(_ text: String) -> Bool {
    let wanted = Array(text.utf8).asciiLowercased
    let all = self.asciiLowercased
    guard !wanted.isEmpty, all.count >= wanted.count else { return false }
    return (0...(all.count - wanted.count)).contains { all[$0...].starts(with: wanted) }
  }

  /// The decimal number that these bytes are; nil when they are none, or it has more than 18 digits.
  var decimal: Int? { decimal(digits: 1...18) }
}
