/// Where a key on a token is: a PKCS#11 URI (RFC 7512).
public struct TokenAddress: Hashable, Sendable {
  /// The URI as it was given; it holds no PIN.
  let text: String

  /// The longest URI that is read.
  static let limit = 4096

  /// Takes a URI. Throws when a PIN, or the place of one, stands in it: command lines can be read by others.
  public init(_ text: String) throws(SigningError) {
    guard Self.isOne(text), text.utf8.count <= Self.limit, !text.utf8.contains(0) else {
      throw SigningError(.malformed, Self.withholdingPIN(text), "it is no PKCS#11 URI")
    }
    guard !Self.holdsPIN(text) else {
      throw SigningError(
        .unsuitable, Self.withholdingPIN(text),
        "a PIN never stands in the URI, nor where to find it: use --pass-fd, --pass-file or the prompt")
    }
    self.text = text
  }

  /// Whether a key's name is a PKCS#11 URI instead of a file's path.
  public static func isOne(_ text: String) -> Bool { text.prefix(7).lowercased() == "pkcs11:" }

  /// Whether a URI has an attribute with a PIN or with the place of one.
  public static func holdsPIN(_ text: String) -> Bool {
    let text = text.lowercased()
    return pinAttributes.contains { text.contains($0) }
  }

  /// The text with everything behind `pin-value=` and `pin-source=` replaced, as far as the next `&`.
  public static func withholdingPIN(_ text: String) -> String {
    var parts: [Substring] = []
    for part in text.split(separator: "&", omittingEmptySubsequences: false) {
      let lowered = part.lowercased()
      // Lower case may have another length: positions are those of the ASCII names, counted from the front.
      let start = pinAttributes.compactMap { lowered.firstRange(of: $0)?.lowerBound }.min()
      guard let start else {
        parts.append(part)
        continue
      }
      let front = lowered.distance(from: lowered.startIndex, to: start)
      parts.append(part.prefix(front + 4) + attributeEnd(lowered[start...]) + "[withheld]")
    }
    return parts.joined(separator: "&")
  }

  private static func attributeEnd(_ text: Substring) -> Substring {
    text.hasPrefix("pin-value") ? "value=" : "source="
  }

  private static let pinAttributes = ["pin-value=", "pin-source="]
}
