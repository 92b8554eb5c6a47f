import DecoderKit

/// A key of the telephone that an INFO request tells of, in the forms that gateways use.
///
/// `application/dtmf-relay` has lines `Signal=5` and `Duration=160` (milliseconds), `application/dtmf` the key alone. No standard
/// says so (RFC 6086, 2 calls it legacy use); both are what Cisco's and many other gateways send.
struct PressedKey: Equatable {
  let key: String
  let milliseconds: UInt32?

  /// Bytes of a body that are looked at.
  static let maximumBytes = 256

  /// Nil when the body is of another type or names no key.
  init?(_ body: RawSpan, mediaType: String) {
    guard mediaType == "application/dtmf-relay" || mediaType == "application/dtmf", body.byteCount <= Self.maximumBytes
    else { return nil }
    let text = String(decoding: body.array(), as: UTF8.self)
    var found: String?
    var duration: UInt32?
    for line in text.split(whereSeparator: \.isNewline) {
      let pair = line.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else {
        if mediaType == "application/dtmf", found == nil { found = line.trimmingSpaces }
        continue
      }
      switch pair[0].trimmingSpaces.lowercased() {
      case "signal": found = pair[1].trimmingSpaces
      case "duration": duration = UInt32(pair[1].trimmingSpaces)
      default: break
      }
    }
    guard let key = found.flatMap(Self.named) else { return nil }
    self.key = key
    milliseconds = duration
  }

  /// The key as a telephone shows it; some gateways send the numbers of RFC 4733 for the star and what follows.
  private static func named(_ text: String) -> String? {
    switch text.uppercased() {
    case "10", "*": "*"
    case "11", "#": "#"
    case "12", "A": "A"
    case "13", "B": "B"
    case "14", "C": "C"
    case "15", "D": "D"
    case let digit where digit.utf8.count == 1 && digit.utf8.allSatisfy({ (0x30...0x39).contains($0) }): digit
    default: nil
    }
  }
}
