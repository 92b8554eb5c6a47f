/// Decodes a page of T.4 or T.6 line by line, and names each line that it could not.
///
/// A line that cannot be decoded is white and named `damaged`. Lines of T.4's two-dimensional coding that build on one are `unsure`.
/// Behind damage, T.4 goes on at the next end of line; T.6 has none, so that the rest of its page is lost.
struct T4Reader {
  static let maximumLines = 20_000

  private(set) var picture: FaxPicture
  private let width: Int
  private var bits = BitQueue([])
  /// Where the line before changes its colour, from white on.
  private var reference: [Int] = []
  private var isReferenceSure = true

  private enum Code {
    case run(Int)
    case endOfLine
    case bad
    case end
  }
  private enum Line {
    case whole([Int])
    case endOfLine(isAtStart: Bool)
    case bad
    case end(isAtStart: Bool)
  }

  /// `gaps` are offsets of bytes before which something is missing.
  init(_ bytes: [UInt8], _ coding: FaxFormat.Coding, width: Int, gaps: [Int], step: () -> Void) {
    self.width = width
    picture = FaxPicture(width: width)
    let cuts = gaps.filter { (0...bytes.count).contains($0) }.sorted()
    var start = 0
    for (number, end) in (cuts + [bytes.count]).enumerated() {
      let isAfterGap = number > 0
      bits = BitQueue(Array(bytes[start..<end]))
      picture.isCutInLine = false
      if picture.isEnded || (isAfterGap && coding == .modifiedModifiedRead) {
        picture.unreadBytes += end - start
      } else if coding == .modifiedModifiedRead {
        readWithoutEnds(step)
      } else {
        readWithEnds(isTwoDimensional: coding == .modifiedRead, isAfterGap: isAfterGap, step)
      }
      // One line stands for what a gap took, and for a line without an end.
      if !picture.isEnded, number < cuts.count || picture.isCutInLine { addDamaged() }
      start = end
    }
  }

  // MARK: Lines

  private mutating func readWithEnds(isTwoDimensional: Bool, isAfterGap: Bool, _ step: () -> Void) {
    // Up to the first end of line: what stands before is the rest of a line, or fill.
    if isAfterGap || !bits.beginsWithEndOfLine { isReferenceSure = false }
    guard bits.skipPastEndOfLine() else {
      picture.unreadBytes += bits.byteCount
      return
    }
    while picture.height < Self.maximumLines {
      step()
      let isFlat = !isTwoDimensional || bits.next() != 0
      let line = isFlat ? flatLine() : deepLine()
      switch line {
      case .endOfLine(isAtStart: true):
        // Ends of line without a line between are the end of the page (T.4, 4.1.4).
        picture.isEnded = true
        return
      case .whole(let changes):
        if isFlat { isReferenceSure = true }
        add(changes, isSure: isReferenceSure)
        guard let isNext = bits.expectEndOfLine() else { return }
        if !isNext {
          // The line is longer than it may be.
          picture.makeLastDamaged()
          isReferenceSure = false
          guard bits.skipPastEndOfLine() else { return }
        }
      case .endOfLine(isAtStart: false):
        addDamaged()
      case .bad:
        addDamaged()
        guard bits.skipPastEndOfLine() else { return }
      case .end(let isAtStart):
        // Who calls adds the line that a gap cut.
        if !isAtStart { picture.isCutInLine = true }
        return
      }
    }
    picture.isOverLimit = true
  }

  private mutating func readWithoutEnds(_ step: () -> Void) {
    while picture.height < Self.maximumLines {
      step()
      switch deepLine() {
      case .whole(let changes): add(changes, isSure: true)
      case .endOfLine(isAtStart: true):
        picture.isEnded = true
        return
      case .end(let isAtStart):
        if !isAtStart { picture.isCutInLine = true }
        return
      case .endOfLine(isAtStart: false), .bad:
        addDamaged()
        picture.unreadBytes += bits.byteCount - bits.offset
        picture.isEnded = true
        return
      }
    }
    picture.isOverLimit = true
  }

  private mutating func add(_ changes: [Int], isSure: Bool) {
    reference = changes
    picture.add(changes, isSure ? .whole : .unsure)
  }

  private mutating func addDamaged() {
    guard picture.height < Self.maximumLines else {
      picture.isOverLimit = true
      return
    }
    picture.add([], .damaged)
    isReferenceSure = false
  }

  /// A line of runs (T.4, 4.1).
  private mutating func flatLine() -> Line {
    var changes: [Int] = []
    var position = 0
    var isBlack = false
    while position < width {
      switch run(isBlack) {
      case .run(let length):
        position += length
        guard position <= width else { return .bad }
        changes.append(position)
        isBlack.toggle()
      case .endOfLine: return .endOfLine(isAtStart: changes.isEmpty)
      case .bad: return .bad
      case .end: return .end(isAtStart: changes.isEmpty)
      }
    }
    return .whole(Self.settled(changes, width))
  }

  /// A line that tells how it differs from the one before (T.4, 4.2; T.6, 2.2).
  private mutating func deepLine() -> Line {
    var changes: [Int] = []
    var position = -1
    var isBlack = false
    var place = 0
    while position < width {
      let mode: T4Codes.Mode
      switch code(T4Codes.modes) {
      case .run(let number):
        guard let known = T4Codes.Mode(rawValue: number) else { return .bad }
        mode = known
      case .endOfLine: return .endOfLine(isAtStart: position < 0)
      case .bad: return .bad
      case .end: return .end(isAtStart: position < 0)
      }
      // The first change right of here to the other colour than ours.
      while place > 0, change(place - 1) > position { place -= 1 }
      while change(place) < width, change(place) <= position || place % 2 != (isBlack ? 1 : 0) { place += 1 }
      let first = change(place)
      switch mode {
      case .pass: position = change(place + 1)
      case .horizontal:
        var end = max(0, position)
        for colour in [isBlack, !isBlack] {
          switch run(colour) {
          case .run(let length):
            end += length
            guard end <= width else { return .bad }
            changes.append(end)
          case .end: return .end(isAtStart: false)
          case .endOfLine, .bad: return .bad
          }
        }
        position = end
      default:
        let next = first + mode.rawValue - T4Codes.Mode.same.rawValue
        guard next >= 0, next <= width, next > position || (position < 0 && next == 0) else { return .bad }
        changes.append(next)
        position = next
        isBlack.toggle()
      }
    }
    return .whole(Self.settled(changes, width))
  }

  private func change(_ place: Int) -> Int { reference.indices.contains(place) ? reference[place] : width }

  /// Changes of colour only: runs without length are none.
  private static func settled(_ changes: [Int], _ width: Int) -> [Int] {
    var result: [Int] = []
    for change in changes {
      if result.last == change { result.removeLast() } else { result.append(change) }
    }
    while let last = result.last, last >= width { result.removeLast() }
    return result
  }

  // MARK: Codes

  /// A run with all codes of its length.
  private mutating func run(_ isBlack: Bool) -> Code {
    var length = 0
    while true {
      switch code(isBlack ? T4Codes.black : T4Codes.white) {
      case .run(let part):
        length += part
        if part < 64 { return .run(length) }
        guard length <= width else { return .bad }
      case let other: return length > 0 && !isEnd(other) ? .bad : other
      }
    }
  }

  private func isEnd(_ code: Code) -> Bool { if case .end = code { true } else { false } }

  private mutating func code(_ codes: T4Codes) -> Code {
    var place = 0
    var zeros = 0
    var isAllZero = true
    // Whether no code begins with as many zeros; an end of line may have any number (T.4, 4.1.3).
    var isDead = false
    while let bit = bits.next() {
      if isAllZero {
        if bit == 0 {
          zeros += 1
          if !isDead, case .on(let next) = codes.step(place, 0) { place = next } else { isDead = true }
          continue
        }
        if zeros >= BitQueue.endOfLineZeros { return .endOfLine }
        if isDead { return .bad }
        isAllZero = false
      }
      switch codes.step(place, bit) {
      case .value(let value): return .run(value)
      case .on(let next): place = next
      case .none: return .bad
      }
    }
    return .end
  }
}

/// Bits of a page, the highest of each byte first.
struct BitQueue {
  static let endOfLineZeros = 11
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var byteCount: Int { bytes.count }
  var offset: Int { min(bytes.count, (position + 7) / 8) }

  mutating func next() -> Int? {
    guard position < bytes.count * 8 else { return nil }
    defer { position += 1 }
    return Int(bytes[position / 8] >> UInt8(7 - position % 8) & 1)
  }

  /// Goes behind the next end of line: eleven zeros or more, and a one. False when there is none.
  mutating func skipPastEndOfLine() -> Bool {
    var zeros = 0
    while let bit = next() {
      if bit == 1, zeros >= Self.endOfLineZeros { return true }
      zeros = bit == 0 ? zeros + 1 : 0
    }
    return false
  }

  var beginsWithEndOfLine: Bool {
    var copy = self
    return copy.expectEndOfLine() == true
  }

  /// Takes an end of line that stands here; false, and nothing taken, when something else does; nil when only zeros are left.
  mutating func expectEndOfLine() -> Bool? {
    let start = position
    var zeros = 0
    while let bit = next() {
      if bit == 0 {
        zeros += 1
      } else {
        if zeros >= Self.endOfLineZeros { return true }
        position = start
        return false
      }
    }
    return nil
  }
}
