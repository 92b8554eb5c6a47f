import ByteReading

/// Secrets that would let somebody log in are not shown: the record keeps the fact, the original keeps the secret.
public enum WithheldSecret {
  /// What stands in the place of a secret.
  public static let mark = Array("[withheld]".utf8)

  /// A header's value as it may be shown: of credentials the scheme and all but the secret (RFC 9110, 11.6.2; RFC 3261, 22.4).
  ///
  /// Of `Digest` the response is withheld, for it can be tried against word lists; of every other scheme all that follows it.
  public static func shownValue(of field: MessageHead.Field) -> [UInt8] {
    guard isCredential(field) else { return field.value }
    let scheme = field.value.prefix { $0 != 0x20 && $0 != 0x09 }
    guard scheme.equalsIgnoringCase("Digest") else { return scheme + [0x20] + mark }
    var out = Array(scheme)
    for (index, part) in parts(of: field.value.dropFirst(scheme.count)).enumerated() {
      out += index == 0 ? [0x20] : [0x2c, 0x20]
      if let equals = part.firstIndex(of: 0x3d), part[..<equals].trimmed.equalsIgnoringCase("response") {
        out += part[...equals] + mark
      } else {
        out += part
      }
    }
    return out
  }

  /// Whether the field holds credentials.
  public static func isCredential(_ field: MessageHead.Field) -> Bool {
    field.isNamed("Authorization") || field.isNamed("Proxy-Authorization")
  }

  /// The user that credentials name: of `Digest` its `username`, of `Basic` what stands before the colon (RFC 7617, 2).
  public static func user(of field: MessageHead.Field) -> [UInt8]? {
    guard isCredential(field) else { return nil }
    let scheme = field.value.prefix { $0 != 0x20 && $0 != 0x09 }
    let rest = field.value.dropFirst(scheme.count)
    if scheme.equalsIgnoringCase("Digest") {
      for part in parts(of: rest) {
        guard let equals = part.firstIndex(of: 0x3d), part[..<equals].trimmed.equalsIgnoringCase("username") else {
          continue
        }
        return FieldParameters(parametersOnly: part).first("username")
      }
      return nil
    }
    guard scheme.equalsIgnoringCase("Basic"), let plain = Base64.decode(rest.trimmed),
      let colon = plain.firstIndex(of: 0x3a)
    else { return nil }
    return Array(plain[..<colon])
  }

  /// What stands between commas outside quoted strings, trimmed.
  private static func parts(of bytes: ArraySlice<UInt8>) -> [[UInt8]] {
    var list: [[UInt8]] = []
    var part: [UInt8] = []
    var isQuoted = false
    var isEscaped = false
    for byte in bytes {
      if byte == 0x2c, !isQuoted {
        list.append(part.trimmed)
        part = []
        continue
      }
      if byte == 0x22, !isEscaped { isQuoted.toggle() }
      isEscaped = isQuoted && byte == 0x5c && !isEscaped
      part.append(byte)
    }
    list.append(part.trimmed)
    return list.filter { !$0.isEmpty }
  }
}
