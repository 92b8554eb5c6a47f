import DecoderKit

/// The addresses of a header field (RFC 5322, 3.4), read as leniently as mail programs do.
struct AddressList {
  static let maximumCount = 2_000

  struct Address: Hashable {
    /// The display name with its quotes undone, or the comment behind the address; empty when there is none.
    let name: [UInt8]
    let address: [UInt8]
  }

  private var list: [Address] = []
  private var phrase: [UInt8] = []
  private var comment: [UInt8] = []
  private var angle: [UInt8]?

  /// Names of groups are passed over, their members kept; what holds no address is left out.
  static func parse(_ bytes: [UInt8]) -> [Address] {
    var parser = AddressList()
    parser.read(bytes)
    return parser.list
  }

  private mutating func read(_ bytes: [UInt8]) {
    var isQuoted = false
    var isEscaped = false
    var isInAngle = false
    var depth = 0
    for byte in bytes {
      if isEscaped {
        isEscaped = false
        add(byte, depth, isInAngle)
      } else if byte == 0x5c, isQuoted || depth > 0 {
        isEscaped = true
      } else if isQuoted {
        if byte == 0x22 { isQuoted = false }
        // The quotes of a local part belong to the address.
        if byte != 0x22 || isInAngle { add(byte, depth, isInAngle) }
      } else if byte == 0x28 {
        depth += 1
        if depth > 1 { comment.append(byte) }
      } else if byte == 0x29, depth > 0 {
        depth -= 1
        if depth > 0 { comment.append(byte) }
      } else if depth > 0 {
        comment.append(byte)
      } else {
        switch byte {
        case 0x22:
          isQuoted = true
          if isInAngle { add(byte, depth, true) }
        case 0x3c where !isInAngle:
          isInAngle = true
          angle = []
        case 0x3e where isInAngle: isInAngle = false
        case 0x2c, 0x3b:
          if isInAngle { add(byte, depth, true) } else { end() }
        case 0x3a where !isInAngle:
          // A group's name, or a route that stands without brackets.
          phrase = []
        default: add(byte, depth, isInAngle)
        }
      }
    }
    end()
  }

  private mutating func add(_ byte: UInt8, _ depth: Int, _ isInAngle: Bool) {
    if depth > 0 {
      comment.append(byte)
    } else if isInAngle {
      angle?.append(byte)
    } else {
      phrase.append(byte)
    }
  }

  private mutating func end() {
    defer {
      phrase = []
      comment = []
      angle = nil
    }
    guard list.count < Self.maximumCount else { return }
    let name = phrase.trimmed
    if let address = angle?.trimmed {
      // A route before the address (RFC 5322, 4.4) is no part of it.
      let plain = address.first == 0x40 ? Array(address.drop { $0 != 0x3a }.dropFirst()) : address
      list.append(Address(name: name.isEmpty ? comment.trimmed : name, address: plain))
    } else if name.contains(0x40) {
      list.append(Address(name: comment.trimmed, address: name))
    }
  }
}
