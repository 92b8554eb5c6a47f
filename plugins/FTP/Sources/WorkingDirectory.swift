import DecoderKit

/// The folder of a session on the server, as far as replies and commands tell it.
struct WorkingDirectory {
  private(set) var path: [UInt8]?

  mutating func forget() { path = nil }

  /// Learns from the reply 257 to PWD, or 250 to CWD with a quoted path (RFC 959, appendix II).
  mutating func learn(quotedIn reply: [UInt8]) -> Bool {
    guard let quoted = Self.quoted(reply), !quoted.isEmpty else { return false }
    path = quoted
    return true
  }

  /// Follows a CWD or CDUP that the server confirmed.
  mutating func change(to argument: [UInt8]) {
    if argument.first == 0x2f {
      path = Self.normalised(argument)
    } else if let base = path, !argument.isEmpty {
      path = Self.normalised(base + [0x2f] + argument)
    } else {
      path = nil
    }
  }

  /// The text between quotes; two of them in a row stand for one.
  private static func quoted(_ reply: [UInt8]) -> [UInt8]? {
    guard let open = reply.firstIndex(of: 0x22) else { return nil }
    var out: [UInt8] = []
    var place = open + 1
    // Each turn takes one or two bytes of the reply.
    while place < reply.count {
      if reply[place] == 0x22 {
        guard place + 1 < reply.count, reply[place + 1] == 0x22 else { return out }
        place += 1
      }
      out.append(reply[place])
      place += 1
    }
    return nil
  }

  private static func normalised(_ path: [UInt8]) -> [UInt8] {
    guard path.first == 0x2f else { return path }
    var parts: [ArraySlice<UInt8>] = []
    for part in path.split(separator: 0x2f) {
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        if !parts.isEmpty { parts.removeLast() }
      } else {
        parts.append(part)
      }
    }
    return [0x2f] + Array(parts.joined(separator: [0x2f]))
  }
}
