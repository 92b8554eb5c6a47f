import DecoderKit

/// What IMAP writes in parentheses: lists of atoms, strings and lists (RFC 9051, 4).
indirect enum SyntaxNode: Equatable {
  static let maximumDepth = 64
  static let maximumCount = 100_000

  /// An atom, with what stands in brackets behind it: `BODY[HEADER.FIELDS (TO)]<0>`.
  case atom([UInt8])
  case string([UInt8])
  case list([SyntaxNode])

  var text: [UInt8]? {
    switch self {
    case .atom(let text): text.equalsIgnoringCase("NIL") ? nil : text
    case .string(let text): text
    case .list: nil
    }
  }

  var list: [SyntaxNode]? { if case .list(let nodes) = self { nodes } else { nil } }

  /// Reads all nodes of a text; what a missing parenthesis leaves open ends with the text.
  static func parse(_ bytes: some Collection<UInt8>) -> [SyntaxNode] {
    var parser = Parser(bytes: Array(bytes))
    return parser.nodes(depth: 0)
  }

  private struct Parser {
    let bytes: [UInt8]
    var place = 0
    var count = 0

    var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    mutating func nodes(depth: Int) -> [SyntaxNode] {
      var list: [SyntaxNode] = []
      // Each turn takes at least a byte.
      while let byte = peek, count < SyntaxNode.maximumCount {
        switch byte {
        case 0x20, 0x09: place += 1
        case 0x28:
          place += 1
          count += 1
          // What lies too deep is read as if it stood in the last list that is allowed.
          if depth < SyntaxNode.maximumDepth { list.append(.list(nodes(depth: depth + 1))) }
        case 0x29:
          place += 1
          if depth > 0 { return list }
        case 0x22:
          list.append(.string(quoted()))
          count += 1
        default:
          list.append(.atom(atom()))
          count += 1
        }
      }
      return list
    }

    mutating func quoted() -> [UInt8] {
      var out: [UInt8] = []
      place += 1
      while let byte = peek {
        place += 1
        if byte == 0x22 { break }
        if byte == 0x5c, let escaped = peek {
          out.append(escaped)
          place += 1
        } else {
          out.append(byte)
        }
      }
      return out
    }

    mutating func atom() -> [UInt8] {
      var out: [UInt8] = []
      var isInBrackets = false
      while let byte = peek {
        if !isInBrackets, byte == 0x20 || byte == 0x09 || byte == 0x28 || byte == 0x29 || byte == 0x22 { break }
        if byte == 0x5b { isInBrackets = true }
        if byte == 0x5d { isInBrackets = false }
        out.append(byte)
        place += 1
      }
      return out
    }
  }
}
