import DecoderKit

/// What BODYSTRUCTURE says of one part of a message (RFC 9051, 7.5.2).
struct PartStructure: Equatable {
  var mediaType: [UInt8]
  var parameters: [(name: [UInt8], value: [UInt8])] = []
  var coding: [UInt8] = []
  var dispositionParameters: [(name: [UInt8], value: [UInt8])] = []

  static func == (left: Self, right: Self) -> Bool {
    left.mediaType == right.mediaType && left.coding == right.coding && left.fileName == right.fileName
  }

  /// Finds the part that a section names, such as `2.1`; nil for sections that name none.
  init?(section: [UInt8], in structure: SyntaxNode) {
    let numbers = section.split(separator: 0x2e, omittingEmptySubsequences: false)
    guard (1...32).contains(numbers.count) else { return nil }
    var node = structure
    for (index, digits) in numbers.enumerated() {
      guard let number = digits.decimal(digits: 1...6), let list = node.list else { return nil }
      if index > 0, list.first?.list == nil {
        // A message in a message: its own structure stands behind envelope and size.
        guard list.count > 8, list[0].text?.equalsIgnoringCase("message") == true, list[8].list != nil else {
          return nil
        }
        node = list[8]
      }
      guard let parts = node.list else { return nil }
      if parts.first?.list != nil {
        // A multipart: its parts stand before its subtype.
        let members = parts.prefix { $0.list != nil }
        guard number >= 1, number <= members.count else { return nil }
        node = members[number - 1]
      } else if number != 1 {
        return nil
      }
    }
    guard let part = node.list, part.count >= 7, let type = part[0].text, let subtype = part[1].text else { return nil }
    mediaType = (type + [0x2f] + subtype).asciiLowercased
    parameters = Self.pairs(part[2])
    coding = part[5].text ?? []
    // The disposition's place depends on the type; it is the only list that begins with a word and ends with a list or NIL.
    for field in part.dropFirst(7) {
      guard let list = field.list, list.count == 2, let word = list[0].text,
        word.equalsIgnoringCase("attachment") || word.equalsIgnoringCase("inline")
      else { continue }
      dispositionParameters = Self.pairs(list[1])
      break
    }
  }

  private static func pairs(_ node: SyntaxNode) -> [(name: [UInt8], value: [UInt8])] {
    guard let list = node.list else { return [] }
    var pairs: [(name: [UInt8], value: [UInt8])] = []
    var place = 0
    while place + 1 < list.count {
      if let name = list[place].text, let value = list[place + 1].text { pairs.append((name.asciiLowercased, value)) }
      place += 2
    }
    return pairs
  }

  var fileName: [UInt8]? {
    let disposition = FieldParameters(parametersOnly: Self.text(dispositionParameters))
    let name =
      disposition.extended("filename") ?? FieldParameters(parametersOnly: Self.text(parameters)).extended("name")
    return name.map { EncodedWords.decode($0) }
  }

  var codings: [ContentCoding] { ContentCoding(transferCoding: coding).map { [$0] } ?? [] }

  /// The parameters as a header would show them, for the decoder of the part.
  var parameterText: String { String(decoding: Self.text(parameters), as: UTF8.self) }

  private static func text(_ parameters: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
    let quoted = parameters.map { pair in
      pair.name + [0x3d, 0x22] + pair.value.flatMap { $0 == 0x22 || $0 == 0x5c ? [0x5c, $0] : [$0] } + [0x22]
    }
    return Array(quoted.joined(separator: [0x3b, 0x20]))
  }
}
