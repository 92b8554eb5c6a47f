import DecoderKit

/// The part of a message that a FETCH response gives: `BODY[1.2]<0>`, `BINARY[2]`, `RFC822` (RFC 9051, 7.5.2; RFC 3501, 7.4.2).
struct FetchItem: Equatable {
  /// Empty for the whole message.
  let section: [UInt8]
  /// Where the bytes begin; nil when the fetch was not partial.
  let offset: Int?
  /// The transfer coding is undone already.
  let isBinary: Bool

  /// Reads the item that ends a line just before its literal; nil when it holds no content of a message.
  init?(endOf line: [UInt8]) {
    var text = line[...]
    while text.last == 0x20 { text.removeLast() }
    var offset: Int?
    if text.last == 0x3e, let open = text.lastIndex(of: 0x3c) {
      let digits = text[(open + 1)...].dropLast()
      guard let number = digits.decimal() else { return nil }
      offset = number
      text = text[..<open]
    }
    self.offset = offset
    if text.last == 0x5d, let open = text.lastIndex(of: 0x5b) {
      let name = text[..<open].suffix(while: { $0 != 0x20 && $0 != 0x28 })
      guard name.equalsIgnoringCase("BODY") || name.equalsIgnoringCase("BINARY") else { return nil }
      isBinary = name.equalsIgnoringCase("BINARY")
      section = Array(text[(open + 1)...].dropLast())
      return
    }
    isBinary = false
    let name = text.suffix(while: { $0 != 0x20 && $0 != 0x28 })
    if name.equalsIgnoringCase("RFC822") {
      section = []
    } else if name.equalsIgnoringCase("RFC822.HEADER") {
      section = Array("HEADER".utf8)
    } else if name.equalsIgnoringCase("RFC822.TEXT") {
      section = Array("TEXT".utf8)
    } else {
      return nil
    }
  }

  /// Whether the section is header fields only.
  var isHeader: Bool {
    let name = section.prefix { $0 != 0x20 }.asciiLowercased
    guard let place = name.split(separator: 0x2e).firstIndex(where: { $0.equalsIgnoringCase("header") }) else {
      return false
    }
    return name.split(separator: 0x2e).prefix(place).allSatisfy { $0.allSatisfy(\.isDigit) }
  }

  /// What the bytes are, given what is known of the message's structure.
  func description(_ part: PartStructure?) -> ContentDescription {
    if section.isEmpty {
      return ContentDescription(role: "mail message", mediaType: offset ?? 0 == 0 ? "message/rfc822" : "")
    }
    if isHeader { return ContentDescription(role: "head of a mail message", mediaType: "text/rfc822-headers") }
    guard let part else { return ContentDescription(role: "section of a mail message") }
    var description = ContentDescription(
      role: "part of a mail message", mediaType: String(decoding: part.mediaType, as: UTF8.self),
      parameters: part.parameterText, codings: isBinary ? [] : part.codings)
    description.name = part.fileName
    return description
  }
}

extension ArraySlice<UInt8> {
  /// The last bytes up to the first, from the end, that is not wanted.
  fileprivate func suffix(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    var start = endIndex
    while start > startIndex, isWanted(self[start - 1]) { start -= 1 }
    return self[start...]
  }
}
