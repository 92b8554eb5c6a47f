import DecoderKit

/// Undoes uuencode (IEEE Std 1003.1, historical form): lines between `begin` and `end`, each with its count of bytes.
final class UuencodeReverser: CodingReverser {
  static let maximumLineByteCount = 256

  private enum State { case beforeBegin, lines, ended }
  private var state = State.beforeBegin
  private var line: [UInt8] = []

  var isAtEnd: Bool { state == .ended }

  func push(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState {
    var out: [UInt8] = []
    for offset in bytes.byteOffsets {
      let byte = bytes[offset]
      if state == .ended {
        if byte == 0x0a || byte == 0x0d || byte == 0x20 { continue }
        hand(out, emit)
        return .ended(trailing: bytes.byteCount - offset)
      }
      guard byte == 0x0a else {
        line.append(byte)
        guard line.count <= Self.maximumLineByteCount else {
          hand(out, emit)
          return .damaged("a line is longer than \(Self.maximumLineByteCount) bytes")
        }
        continue
      }
      if line.last == 0x0d { line.removeLast() }
      let whole = line
      line = []
      guard take(whole, &out) else {
        hand(out, emit)
        return .damaged("a line is none of uuencode")
      }
    }
    hand(out, emit)
    return .fine
  }

  private func hand(_ out: [UInt8], _ emit: (RawSpan) -> Void) {
    // Safe: the view ends before `out` does.
    if !out.isEmpty { unsafe emit(out.span.bytes) }
  }

  private func take(_ line: [UInt8], _ out: inout [UInt8]) -> Bool {
    if state == .beforeBegin {
      if line.starts(with: Array("begin ".utf8)) { state = .lines }
      return state == .lines || line.isEmpty
    }
    if line == Array("end".utf8) {
      state = .ended
      return true
    }
    guard let first = line.first else { return true }
    guard (0x20...0x60).contains(first) else { return false }
    let count = Int((first - 0x20) & 0x3f)
    var letters = line.dropFirst().makeIterator()
    var made = 0
    // Each turn makes three bytes of four letters; blanks at a line's end may have been lost on the way.
    while made < count {
      var word: UInt32 = 0
      for _ in 0..<4 {
        let letter = letters.next() ?? 0x20
        guard (0x20...0x60).contains(letter) else { return false }
        word = word << 6 | UInt32((letter - 0x20) & 0x3f)
      }
      for shift in [16, 8, 0] as [UInt32] where made < count {
        out.append(UInt8(truncatingIfNeeded: word >> shift))
        made += 1
      }
    }
    return true
  }
}
