import ByteReading

/// A decoded page: black and white, with the lines that are not as they were sent.
public struct FaxPicture: Sendable {
  public enum LineState: Hashable, Sendable {
    case whole
    /// It builds on a line that could not be decoded.
    case unsure
    /// It could not be decoded, and is white.
    case damaged
  }

  public let width: Int
  public private(set) var height = 0
  /// Rows from the top, each from a byte's highest bit on; a one is black.
  public private(set) var rows: [UInt8] = []
  /// Lines from 1 that are not whole, as ranges.
  public private(set) var damaged: [ClosedRange<Int>] = []
  public private(set) var unsure: [ClosedRange<Int>] = []
  /// Whether the mark for the end of the page came.
  public internal(set) var isEnded = false
  /// Whether its data end within a line.
  public internal(set) var isCutInLine = false
  public internal(set) var isOverLimit = false
  /// Bytes behind damage after which nothing can be decoded.
  public internal(set) var unreadBytes = 0

  init(width: Int) { self.width = width }

  public var rowBytes: Int { (width + 7) / 8 }
  public var damagedCount: Int { damaged.reduce(0) { $0 + $1.count } }
  public var unsureCount: Int { unsure.reduce(0) { $0 + $1.count } }

  /// Adds a line that changes its colour at each of `changes`, from white on.
  mutating func add(_ changes: [Int], _ state: LineState) {
    height += 1
    var row = [UInt8](repeating: 0, count: rowBytes)
    var place = 0
    while place < changes.count {
      let end = min(width, place + 1 < changes.count ? changes[place + 1] : width)
      for dot in changes[place]..<max(changes[place], end) { row[dot / 8] |= 0x80 >> UInt8(dot % 8) }
      place += 2
    }
    rows += row
    note(state)
  }

  /// Gives up the dots, once they are stored elsewhere; what is known of the lines stays.
  public mutating func forgetRows() { rows = [] }

  private mutating func note(_ state: LineState) {
    switch state {
    case .whole: break
    case .unsure: Self.add(height, to: &unsure)
    case .damaged: Self.add(height, to: &damaged)
    }
  }

  private static func add(_ line: Int, to ranges: inout [ClosedRange<Int>]) {
    if let last = ranges.last, last.upperBound == line - 1 {
      ranges[ranges.count - 1] = last.lowerBound...line
    } else {
      ranges.append(line...line)
    }
  }

  /// The last line turns out not to be one.
  mutating func makeLastDamaged() {
    guard height > 0 else { return }
    if unsure.last?.upperBound == height {
      let last = unsure.removeLast()
      if last.count > 1 { unsure.append(last.lowerBound...(height - 1)) }
    }
    for index in (rows.count - rowBytes)..<rows.count { rows[index] = 0 }
    Self.add(height, to: &damaged)
  }

  /// The page as a grey PNG, for browsers; nil when zlib lacks memory or there are no lines.
  public func png() -> [UInt8]? {
    guard height > 0 else { return nil }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height)
    for line in 0..<height {
      for dot in 0..<width {
        pixels.append(rows[line * rowBytes + dot / 8] >> UInt8(7 - dot % 8) & 1 == 1 ? 0 : 255)
      }
    }
    return PNGWriter.write(pixels, width: width, height: height)
  }
}

extension FaxPage {
  /// Whether its format is known and its coding is one that is decoded.
  public var isDecodable: Bool {
    if case .other = format?.coding { return false }
    return format != nil
  }

  /// The page's picture; nil when its format is not known or not decoded. `step` is called for each line.
  public func picture(step: () -> Void = {}) -> FaxPicture? {
    guard isDecodable, let format else { return nil }
    return T4Reader(bytes, format.coding, width: format.width, gaps: gaps.map(\.offset), step: step).picture
  }
}
