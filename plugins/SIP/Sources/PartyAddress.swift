import DecoderKit

/// A party in From, To or Contact: display name, address and tag (RFC 3261, 20.10, 25.1).
struct PartyAddress: Hashable {
  var name: [UInt8] = []
  var uri: [UInt8] = []
  var tag: [UInt8] = []

  init(_ value: [UInt8]) {
    var parameters: ArraySlice<UInt8> = []
    if let open = Self.unquoted(0x3c, in: value[...]) {
      name = Self.unquote(value[..<open].trimmed)
      let rest = value[(open + 1)...]
      let close = rest.firstIndex(of: 0x3e) ?? rest.endIndex
      uri = rest[..<close].trimmed
      parameters = close < rest.endIndex ? rest[(close + 1)...] : []
    } else if let semicolon = value.firstIndex(of: 0x3b) {
      // Without brackets, parameters belong to the header (RFC 3261, 20).
      uri = value[..<semicolon].trimmed
      parameters = value[semicolon...]
    } else {
      uri = value.trimmed
    }
    for parameter in parameters.split(separator: 0x3b) {
      let pair = parameter.split(separator: 0x3d, maxSplits: 1)
      if let key = pair.first, key.trimmed.equalsIgnoringCase("tag") {
        tag = pair.count > 1 ? pair[1].trimmed : []
      }
    }
  }

  private static func unquoted(_ byte: UInt8, in text: ArraySlice<UInt8>) -> Int? {
    var isQuoted = false
    var isEscaped = false
    for (place, letter) in zip(text.indices, text) {
      if isEscaped {
        isEscaped = false
      } else if isQuoted, letter == 0x5c {
        isEscaped = true
      } else if letter == 0x22 {
        isQuoted.toggle()
      } else if letter == byte, !isQuoted {
        return place
      }
    }
    // A quote that never closes must not hide the address.
    return isQuoted ? text.lastIndex(of: byte) : nil
  }

  private static func unquote(_ text: [UInt8]) -> [UInt8] {
    guard text.count >= 2, text.first == 0x22, text.last == 0x22 else { return text }
    var result: [UInt8] = []
    var isEscaped = false
    for letter in text.dropFirst().dropLast() {
      if !isEscaped, letter == 0x5c {
        isEscaped = true
      } else {
        result.append(letter)
        isEscaped = false
      }
    }
    return result
  }
}
