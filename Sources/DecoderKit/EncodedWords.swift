import CharacterCoding

/// Header text with its encoded words undone (RFC 2047).
public enum EncodedWords {
  /// An encoded word has 75 characters at the most (RFC 2047, 2); many programs write longer ones.
  public static let maximumWordByteCount = 4_096

  private struct Word {
    let charset: [UInt8]
    let content: [UInt8]
    /// As it stood.
    let source: ArraySlice<UInt8>
  }

  /// The text in UTF-8. A word that cannot be read stays as it stands; so do bytes outside words.
  ///
  /// White space between two words does not count, and words of one character set that stand side by side are read as
  /// one, for some programs cut characters in two.
  public static func decode(_ value: some Collection<UInt8>) -> [UInt8] {
    let bytes = Array(value)
    guard bytes.contains(0x3d) else { return bytes }
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var words: [Word] = []
    var space = bytes[0..<0]
    var place = 0
    // Each turn takes a byte or a word.
    while place < bytes.count {
      if let word = word(bytes[place...]) {
        if words.isEmpty { out += space }
        space = bytes[0..<0]
        words.append(word)
        place = word.source.endIndex
        continue
      }
      let byte = bytes[place]
      if byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a {
        space = space.isEmpty ? bytes[place..<(place + 1)] : bytes[space.startIndex..<(place + 1)]
      } else {
        flush(&words, &out)
        out += space
        space = bytes[0..<0]
        out.append(byte)
      }
      place += 1
    }
    flush(&words, &out)
    return out + space
  }

  private static func flush(_ words: inout [Word], _ out: inout [UInt8]) {
    var place = 0
    while place < words.count {
      let charset = words[place].charset
      let end = words[place...].firstIndex { $0.charset != charset } ?? words.count
      let run = words[place..<end]
      if let set = TextCharset(charset) {
        if let text = set.utf8(run.flatMap(\.content)) {
          out += text
        } else {
          for word in run { out += set.utf8(word.content) ?? Array(word.source) }
        }
      } else {
        for word in run { out += word.source }
      }
      place = end
    }
    words = []
  }

  /// The encoded word at the beginning of `bytes`: `=?charset?B?text?=` or `=?charset?Q?text?=`.
  private static func word(_ bytes: ArraySlice<UInt8>) -> Word? {
    let limited = bytes.prefix(maximumWordByteCount)
    guard limited.starts(with: [0x3d, 0x3f]) else { return nil }
    let rest = limited.dropFirst(2)
    guard let first = rest.firstIndex(of: 0x3f), first > rest.startIndex else { return nil }
    let second = rest.index(first, offsetBy: 2)
    guard second < rest.endIndex, rest[second] == 0x3f else { return nil }
    let text = rest[rest.index(after: second)...]
    var end: Int?
    for index in text.indices where text[index] == 0x3f {
      let next = text.index(after: index)
      guard next < text.endIndex else { break }
      if text[next] == 0x3d {
        end = index
        break
      }
    }
    guard let end else { return nil }
    let body = text[..<end]
    let content: [UInt8]?
    switch rest[rest.index(after: first)].asciiLowercased {
    case 0x62: content = Base64.decode(body.filter { $0 != 0x20 })
    case 0x71: content = quoted(body)
    default: content = nil
    }
    guard let content else { return nil }
    return Word(
      charset: rest[..<first].prefix { $0 != 0x2a }.asciiLowercased, content: content,
      source: bytes[bytes.startIndex..<(end + 2)])
  }

  /// Undoes the Q encoding (RFC 2047, 4.2); an escape that is none stays as it stands.
  private static func quoted(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var place = bytes.startIndex
    while place < bytes.endIndex {
      let byte = bytes[place]
      if byte == 0x5f {
        out.append(0x20)
      } else if byte == 0x3d, bytes.endIndex - place > 2,
        let pair = Hexadecimal.decode(String(decoding: bytes[(place + 1)...(place + 2)], as: UTF8.self)),
        let value = pair.first
      {
        out.append(value)
        place += 2
      } else {
        out.append(byte)
      }
      place += 1
    }
    return out
  }
}
