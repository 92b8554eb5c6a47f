import DecoderKit

/// The line with which an encoded file begins: `begin 644 name`, or `begin-base64 644 name`.
struct EncodedFileHead {
  enum LineKind { case data, end, other }

  static let maximumNameByteCount = 1_024
  static let firstByte: UInt8 = 0x62

  let mode: [UInt8]
  let name: [UInt8]
  let isBase64: Bool

  /// Nil when the line is none.
  init?(_ line: [UInt8]) {
    guard line.starts(with: Array("begin".utf8)) else { return nil }
    let words = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count == 3, (3...4).contains(words[1].count), words[1].allSatisfy({ (0x30...0x37).contains($0) }),
      words[2].count <= Self.maximumNameByteCount
    else { return nil }
    switch words[0].count {
    case 5: isBase64 = false
    case 12 where words[0].elementsEqual("begin-base64".utf8): isBase64 = true
    default: return nil
    }
    mode = Array(words[1])
    name = Array(words[2]).trimmed
  }

  /// Whether the line behind this one is of such a file: nobody's sentence looks like that.
  func isFollowed(by line: [UInt8]) -> Bool {
    guard !isBase64 else { return !line.isEmpty && kind(of: line) != .other }
    guard let first = line.first, kind(of: line) == .data else { return line.isEmpty }
    let letters = ((Int(first) - 0x20) & 0x3f + 2) / 3 * 4
    // Some programs add a letter that checks the line; blanks at the end may have been lost.
    return letters - 3...letters + 1 ~= line.count - 1
  }

  func kind(of line: [UInt8]) -> LineKind {
    if isBase64 {
      if line.elementsEqual("====".utf8) { return .end }
      return line.allSatisfy { Base64.digit($0) != nil || $0 == 0x3d } ? .data : .other
    }
    if line.elementsEqual("end".utf8) { return .end }
    return line.allSatisfy { (0x20...0x60).contains($0) } ? .data : .other
  }
}
