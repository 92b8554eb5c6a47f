/// Finds the messages on the window's size among what a client sends (RFC 1282, page 4).
struct WindowReading: Hashable {
  enum Step: Hashable {
    /// Bytes that were typed.
    case data([UInt8])
    case window(height: Int, width: Int)
    /// A part of a message, so far.
    case none
  }

  /// FF FF, then `ss`.
  private static let mark: [UInt8] = [0xff, 0xff, 0x73, 0x73]
  /// Rows, columns and two sizes in points, of two bytes each.
  private static let byteCount = mark.count + 8

  private var held: [UInt8] = []

  mutating func take(_ byte: UInt8) -> Step {
    held.append(byte)
    let start = held.prefix(Self.mark.count)
    guard Self.mark.starts(with: start) else {
      // The last bytes may begin a message themselves; each turn gives up one.
      var data: [UInt8] = []
      repeat { data.append(held.removeFirst()) } while !Self.mark.starts(with: held)
      return .data(data)
    }
    guard held.count == Self.byteCount else { return .none }
    let numbers = held.dropFirst(Self.mark.count)
    let values = stride(from: numbers.startIndex, to: numbers.endIndex, by: 2).map {
      Int(numbers[$0]) << 8 | Int(numbers[$0 + 1])
    }
    held = []
    return .window(height: values[0], width: values[1])
  }

  /// Ends what has not ended; gives its bytes.
  mutating func skip() -> [UInt8] {
    defer { held = [] }
    return held
  }
}
