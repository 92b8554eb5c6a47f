import Foundation

/// Gives the lines of a file one by one, holding one block and one line in memory.
///
/// Limit: a line of 64 MiB; what is longer comes in pieces, which then are no records.
struct LineReader: Sequence, IteratorProtocol {
  static let maximumLength = 64 << 20
  private static let blockSize = 1 << 18
  private let handle: FileHandle?
  private var block: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  init(path: String) { handle = try? FileHandle(forReadingFrom: URL(filePath: path)) }

  mutating func next() -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      if position == block.count, !fill() { return line.isEmpty ? nil : line }
      let rest = block[position...]
      if let end = rest.firstIndex(of: 0x0a) {
        line += rest[..<end]
        position = end + 1
        return line
      }
      line += rest
      position = block.count
      if line.count > Self.maximumLength { return line }
    }
  }

  private mutating func fill() -> Bool {
    guard !isAtEnd, let more = try? handle?.read(upToCount: Self.blockSize), !more.isEmpty else {
      isAtEnd = true
      try? handle?.close()
      return false
    }
    block = [UInt8](more)
    position = 0
    return true
  }
}
