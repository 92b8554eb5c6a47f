import DecoderKit

/// Tells one side's data from its commands (RFC 854), byte by byte.
struct CommandReading {
  static let iac: UInt8 = 0xff
  /// Bytes of a subnegotiation; of a longer one the rest is taken for data.
  static let maximumSubnegotiation = 8_192

  enum Step {
    case data(UInt8)
    /// A command without an option.
    case command(UInt8)
    /// WILL, WONT, DO or DONT, and the option.
    case statement(UInt8, UInt8)
    /// The option and what stands behind it, doubled bytes undone.
    case subnegotiation(UInt8, [UInt8])
    /// A subnegotiation that does not end, of so many bytes.
    case unclosed(Int)
    /// Nothing is whole yet.
    case none
  }

  private enum State {
    case data
    case escaped
    case verb(UInt8)
    case subnegotiation
    case escapedInSubnegotiation
  }

  private var state = State.data
  private var content: [UInt8] = []

  mutating func take(_ byte: UInt8) -> Step {
    switch state {
    case .data:
      guard byte == Self.iac else { return .data(byte) }
      state = .escaped
    case .escaped:
      switch byte {
      case Self.iac:
        state = .data
        return .data(byte)
      case 0xfb...0xfe: state = .verb(byte)
      case 0xfa:
        content = []
        state = .subnegotiation
      default:
        state = .data
        return .command(byte)
      }
    case .verb(let verb):
      state = .data
      return .statement(verb, byte)
    case .subnegotiation:
      if byte == Self.iac {
        state = .escapedInSubnegotiation
        return .none
      }
      content.append(byte)
      return checkLength()
    case .escapedInSubnegotiation:
      if byte == Self.iac {
        content.append(byte)
        state = .subnegotiation
        return checkLength()
      }
      // SE ends it; so does any other command, for a sender that forgets SE.
      let taken = content
      content = []
      state = byte == 0xf0 ? .data : .escaped
      guard let option = taken.first else { return byte == 0xf0 ? .none : restart(byte, .none) }
      return byte == 0xf0 ? .subnegotiation(option, Array(taken.dropFirst())) : restart(byte, .unclosed(taken.count))
    }
    return .none
  }

  private mutating func restart(_ byte: UInt8, _ step: Step) -> Step {
    switch byte {
    case 0xfb...0xfe: state = .verb(byte)
    case 0xfa: state = .subnegotiation
    default: state = .data
    }
    return step
  }

  private mutating func checkLength() -> Step {
    guard content.count >= Self.maximumSubnegotiation else { return .none }
    state = .data
    defer { content = [] }
    return .unclosed(content.count)
  }

  /// Begins anew behind missing bytes; gives how many bytes of a subnegotiation are lost with them.
  mutating func skip() -> Int {
    defer {
      content = []
      state = .data
    }
    return content.count
  }
}
