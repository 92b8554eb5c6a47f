import DecoderKit

/// Whom a transfer is for, and which call it replaces (RFC 3515, 2.1; RFC 3891, 4; RFC 5589, 7).
struct CallReference: Hashable {
  /// The address without the headers behind it.
  let target: [UInt8]
  /// The Call-ID of the call that the target is to give up; empty when there is none.
  let replaces: [UInt8]

  /// Headers of an address that are looked at.
  static let maximumHeaders = 32

  /// Reads the value of a Refer-To header: an address whose headers may stand behind a question mark (RFC 3261, 19.1.1).
  init(_ value: [UInt8]) {
    let uri = PartyAddress(value).uri
    let mark = uri.firstIndex(of: 0x3f) ?? uri.endIndex
    target = Array(uri[..<mark])
    var found: [UInt8] = []
    for header in uri[mark...].dropFirst().split(separator: 0x26).prefix(Self.maximumHeaders) {
      let pair = header.split(separator: 0x3d, maxSplits: 1)
      if pair.count == 2, pair[0].equalsIgnoringCase("Replaces") { found = Self.identifier(Self.unescaped(pair[1])) }
    }
    replaces = found
  }

  /// The Call-ID in the value of a Replaces header (RFC 3891, 6.1).
  static func identifier(_ value: [UInt8]) -> [UInt8] { value.prefix { $0 != 0x3b }.trimmed }

  /// The bytes that percent signs with two digits stand for (RFC 3986, 2.1); others are kept.
  private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text
    while let first = rest.popFirst() {
      if first == 0x25, let pair = Hexadecimal.decode(String(decoding: rest.prefix(2), as: UTF8.self)), pair.count == 1
      {
        bytes.append(contentsOf: pair)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(first)
      }
    }
    return bytes
  }
}

extension SIPMessage {
  /// Whom the message refers its receiver to; nil when it has no Refer-To.
  var reference: CallReference? { Self.value(head, "Refer-To", "r").map { CallReference($0) } }

  /// The Call-ID of the call that the message's call takes the place of; empty when it says none.
  var replaces: [UInt8] { CallReference.identifier(Self.value(head, "Replaces", nil) ?? []) }

  /// The address at whose request the message was sent; empty when it says none.
  var referredBy: [UInt8] { PartyAddress(Self.value(head, "Referred-By", "b") ?? []).uri }

  /// Whether the sender's Contact says that it is the centre of a conference (RFC 4579, 4.1; RFC 3840, 10).
  var isFocus: Bool {
    head.fields.contains { field in
      guard field.isNamed("Contact") || field.isNamed("m") else { return false }
      return HeaderList.elements(of: field.value).contains { contact in
        let open = contact.lastIndex(of: 0x3e).map { $0 + 1 } ?? 0
        return contact[open...].split(separator: 0x3b, omittingEmptySubsequences: false).dropFirst().contains {
          $0.trimmed.prefix { $0 != 0x3d }.equalsIgnoringCase("isfocus")
        }
      }
    }
  }
}
