/// Who logs in by an exchange of credentials that mail protocols share (SASL, RFC 4422); the secret is not kept.
public struct MailCredentials: Hashable, Sendable {
  /// The mechanism's name as it stood, such as `PLAIN`.
  public let mechanism: [UInt8]
  /// The user that the responses so far name; nil when none did.
  public private(set) var user: [UInt8]?
  private var responseCount = 0

  public init(mechanism: some Collection<UInt8>) { self.mechanism = Array(mechanism) }

  /// Takes the client's next response, in base64.
  public mutating func take(_ response: some Collection<UInt8>) {
    defer { responseCount += 1 }
    guard user == nil, let plain = Base64.decode(response.trimmed), !plain.isEmpty else { return }
    if mechanism.equalsIgnoringCase("PLAIN") || mechanism.equalsIgnoringCase("X-OAUTH2") {
      // authorization identity, NUL, authentication identity, NUL, password (RFC 4616, 2)
      let parts = plain.split(separator: 0, omittingEmptySubsequences: false)
      if parts.count >= 3 { user = Array(parts[1].isEmpty ? parts[0] : parts[1]) }
    } else if mechanism.equalsIgnoringCase("LOGIN") {
      if responseCount == 0 { user = plain }
    } else if mechanism.equalsIgnoringCase("CRAM-MD5") {
      // user, space, digest (RFC 2195, 2)
      if let space = plain.lastIndex(of: 0x20) { user = Array(plain[..<space]) }
    } else if mechanism.equalsIgnoringCase("DIGEST-MD5") {
      // username="NAME",… (RFC 2831, 2.1.2)
      var isQuoted = false
      let parameters = plain.map { byte -> UInt8 in
        if byte == 0x22 { isQuoted.toggle() }
        return byte == 0x2c && !isQuoted ? 0x3b : byte
      }
      user = FieldParameters(parametersOnly: parameters).first("username")
    } else if mechanism.equalsIgnoringCase("XOAUTH2") || mechanism.equalsIgnoringCase("OAUTHBEARER") {
      // user=NAME or, in the header of GS2, a=NAME (RFC 7628, 3.1)
      for part in plain.split(whereSeparator: { $0 == 1 || $0 == 0x2c }) where user == nil {
        if part.starts(with: Array("user=".utf8)) { user = Array(part.dropFirst(5)) }
        if part.starts(with: Array("a=".utf8)) { user = Array(part.dropFirst(2)) }
      }
    } else if mechanism.prefix(6).equalsIgnoringCase("SCRAM-") {
      // n,,n=NAME,r=… (RFC 5802, 7)
      for part in plain.split(separator: 0x2c) where user == nil && part.starts(with: Array("n=".utf8)) {
        user = Array(part.dropFirst(2))
      }
    }
  }
}
