import ByteReading
import CCompression
import DecoderKit

/// Undoes the compression of a message's rich text (MS-OXRTFCP): references into a ring of 4,096 bytes, or none at all.
final class CompressedRTFReverser: CodingReverser {
  private static let headerByteCount = 16
  private static let ringByteCount = 4_096
  /// What stands in the ring at the beginning (MS-OXRTFCP, 2.1.2.1).
  private static let begin =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    + "SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

  private enum State {
    case header, plain, control, token
    /// The first byte of a reference came.
    case reference(UInt8)
    case ended
  }

  private var state = State.header
  private var header: [UInt8] = []
  private var ring: [UInt8]
  private var place: Int
  private var control: UInt8 = 0
  private var tokensLeft = 0
  private var announced = 0
  private var made = 0
  private var announcedSum: UInt32 = 0
  private var sum: UInt32 = 0
  private(set) var isAtEnd = false

  init() {
    ring = Array(Self.begin.utf8)
    place = ring.count
    ring += [UInt8](repeating: 0, count: Self.ringByteCount - place)
  }

  func push(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState {
    var out: [UInt8] = []
    for offset in bytes.byteOffsets {
      if let end = take(bytes[offset], &out) {
        hand(out, emit)
        // What stands behind the end is padding.
        return end == .fine ? .ended(trailing: 0) : end
      }
    }
    hand(out, emit)
    return .fine
  }

  private func hand(_ out: [UInt8], _ emit: (RawSpan) -> Void) {
    // Safe: the view ends before `out` does.
    if !out.isEmpty { unsafe emit(out.span.bytes) }
  }

  /// Takes a byte; gives how it ends, where it does.
  private func take(_ byte: UInt8, _ out: inout [UInt8]) -> CodingState? {
    if case .header = state {} else { sum = Self.add(byte, to: sum) }
    switch state {
    case .header:
      header.append(byte)
      return header.count == Self.headerByteCount ? begin() : nil
    case .plain:
      out.append(byte)
      made += 1
      guard made >= announced else { return nil }
      state = .ended
      isAtEnd = true
      return .fine
    case .control:
      control = byte
      tokensLeft = 8
      state = .token
    case .token:
      if control & 1 != 0 {
        state = .reference(byte)
      } else {
        give(byte, &out)
        endToken()
      }
    case .reference(let first):
      let from = Int(first) << 4 | Int(byte) >> 4
      // A reference to where the next byte goes is the end.
      if from == place { return end() }
      for step in 0..<(Int(byte & 15) + 2) { give(ring[(from + step) % Self.ringByteCount], &out) }
      endToken()
    case .ended: break
    }
    return nil
  }

  private func begin() -> CodingState? {
    let number = { (at: Int) in self.header[at..<(at + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    announced = Int(number(4))
    announcedSum = number(12)
    switch number(8) {
    case 0x7546_5a4c: state = .control
    case 0x414c_454d:
      state = announced > 0 ? .plain : .ended
      isAtEnd = announced == 0
    default: return .damaged("a kind of compression that is not known")
    }
    return nil
  }

  private func end() -> CodingState {
    state = .ended
    guard sum == announcedSum else { return .damaged("its checksum differs") }
    isAtEnd = made == announced
    return .fine
  }

  private func give(_ byte: UInt8, _ out: inout [UInt8]) {
    out.append(byte)
    made += 1
    ring[place] = byte
    place = (place + 1) % Self.ringByteCount
  }

  private func endToken() {
    control >>= 1
    tokensLeft -= 1
    state = tokensLeft == 0 ? .control : .token
  }

  /// CRC-32, begun with 0 and not inverted (MS-OXRTFCP, 2.1.3.2); zlib inverts before and after.
  private static func add(_ byte: UInt8, to sum: UInt32) -> UInt32 {
    var byte = byte
    // Safe: zlib reads the one byte.
    return ~UInt32(truncatingIfNeeded: unsafe crc32(uLong(~sum), &byte, 1))
  }
}
