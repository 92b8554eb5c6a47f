import ByteReading

/// Reads Project VIC's VICS sets, which are JSON by the rules of OData, without keeping them.
///
/// Entries are the objects of lists named `Media`, and those of the list `value` that have a digest.
struct VICSReader {
  /// Limit of nesting.
  static let maximumDepth = 64
  /// Limit of a string or number, in bytes.
  static let maximumString = 1 << 20

  private let file: SetFile
  private let sink: any HashSetSink
  private var block: [UInt8] = []
  private var place = 0
  private var line: UInt64 = 1
  private var isMediaListThere = false
  private var drafts: [Draft] = []

  private struct Draft {
    let depth: Int
    /// Whether it counts when it has no digest.
    let isCertain: Bool
    var entry = HashSetEntry()
  }

  private enum Scalar {
    case text([UInt8])
    case word([UInt8])
    case container
  }

  init(file: SetFile, sink: any HashSetSink) {
    self.file = file
    self.sink = sink
  }

  mutating func read() throws(HashSetFault) {
    if try file.beginning(3) == [0xef, 0xbb, 0xbf] {
      _ = try peek()
      place = 3
    }
    _ = try value("", in: "", 0)
    try skipSpace()
    guard try peek() == nil else { throw fault("something stands behind the end of the JSON") }
    guard isMediaListThere else {
      throw HashSetFault("it is JSON without a list of media (value or Media), so not VICS")
    }
  }

  private func fault(_ message: String) -> HashSetFault { HashSetFault(message, at: line) }

  private mutating func peek() throws(HashSetFault) -> UInt8? {
    if place < block.count { return block[place] }
    block = try file.nextBlock()
    place = 0
    return block.first
  }

  private mutating func skipSpace() throws(HashSetFault) {
    while let byte = try peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      if byte == 0x0a { line += 1 }
      place += 1
    }
  }

  private mutating func take(_ byte: UInt8) throws(HashSetFault) -> Bool {
    try skipSpace()
    guard try peek() == byte else { return false }
    place += 1
    return true
  }

  private func isValueList(_ key: String, _ depth: Int) -> Bool { key == "value" && depth == 1 }

  /// Reads a value under `key`, or in the list under `list`.
  private mutating func value(_ key: String, in list: String, _ depth: Int) throws(HashSetFault) -> Scalar {
    guard depth < Self.maximumDepth else { throw fault("it is nested deeper than \(Self.maximumDepth)") }
    try skipSpace()
    switch try peek() {
    case 0x22: return .text(try string())
    case 0x7b: try object(list, depth)
    case 0x5b:
      try self.list(key, depth)
    case nil: throw fault("the JSON ends too early")
    default: return .word(try word())
    }
    return .container
  }

  private mutating func list(_ key: String, _ depth: Int) throws(HashSetFault) {
    place += 1
    let isMedia = key == "Media" || isValueList(key, depth)
    if isMedia { isMediaListThere = true }
    if try take(0x5d) { return }
    while true {
      _ = try value("", in: isMedia ? key : "", depth + 1)
      if try take(0x5d) { return }
      guard try take(0x2c) else { throw fault("a comma or the end of a list is missing") }
    }
  }

  private mutating func object(_ list: String, _ depth: Int) throws(HashSetFault) {
    place += 1
    if !list.isEmpty { drafts.append(Draft(depth: depth, isCertain: list == "Media")) }
    defer { if !list.isEmpty { _ = drafts.popLast() } }
    if try !take(0x7d) {
      while true {
        try skipSpace()
        guard try peek() == 0x22 else { throw fault("the name of a member is missing") }
        let name = String(decoding: try string(), as: UTF8.self)
        guard try take(0x3a) else { throw fault("a colon is missing") }
        let scalar = try value(name, in: "", depth + 1)
        try note(name, scalar, depth)
        if try take(0x7d) { break }
        guard try take(0x2c) else { throw fault("a comma or the end of an object is missing") }
      }
    }
    guard !list.isEmpty, let draft = drafts.last, draft.isCertain || draft.entry.digest != nil else { return }
    try sink.add(draft.entry)
  }

  /// Takes a member of an entry, or of what stands in it.
  private mutating func note(_ name: String, _ scalar: Scalar, _ depth: Int) throws(HashSetFault) {
    guard let last = drafts.indices.last else { return }
    if name == "FileName", drafts[last].entry.name.isEmpty, case .text(let text) = scalar {
      drafts[last].entry.name = text
    }
    guard drafts[last].depth == depth else { return }
    switch (name, scalar) {
    case ("MD5", _): try take(.md5, name, scalar, last)
    case ("SHA1", _): try take(.sha1, name, scalar, last)
    case ("SHA256", _): try take(.sha256, name, scalar, last)
    case ("Category", .word(let word)), ("Category", .text(let word)):
      drafts[last].entry.category = word == Array("null".utf8) ? [] : word
    case ("MediaSize", .word(let word)), ("MediaSize", .text(let word)):
      drafts[last].entry.byteCount = Int64(String(decoding: word, as: UTF8.self)).flatMap { $0 >= 0 ? $0 : nil }
    default: break
    }
  }

  private mutating func take(
    _ algorithm: FileDigest.Algorithm, _ name: String, _ scalar: Scalar, _ draft: Int
  ) throws(HashSetFault) {
    switch scalar {
    case .text(let text) where text.isEmpty: return
    case .text(let text):
      guard let digest = FileDigest(algorithm, hex: text) else {
        throw fault("its \(name) is none: \(DigestListReader.quoted(text))")
      }
      drafts[draft].entry.take(digest)
    case .word(let word):
      guard word == Array("null".utf8) else { throw fault("its \(name) is none: \(DigestListReader.quoted(word))") }
    case .container: throw fault("its \(name) is none, but a list or an object")
    }
  }

  /// A number, true, false or null, as it stands.
  private mutating func word() throws(HashSetFault) -> [UInt8] {
    var bytes: [UInt8] = []
    while let byte = try peek(), byte > 0x20, ![0x2c, 0x5d, 0x7d, 0x22, 0x5b, 0x7b, 0x3a].contains(byte) {
      guard bytes.count < 64 else { throw fault("a number has more than 64 characters") }
      bytes.append(byte)
      place += 1
    }
    let words = ["true", "false", "null"].map { Array($0.utf8) }
    guard let first = bytes.first, words.contains(bytes) || first == 0x2d || (0x30...0x39).contains(first) else {
      throw fault("this is no JSON: \(DigestListReader.quoted(bytes))")
    }
    return bytes
  }

  private mutating func string() throws(HashSetFault) -> [UInt8] {
    place += 1
    var bytes: [UInt8] = []
    while let byte = try peek() {
      guard bytes.count < Self.maximumString else {
        throw fault("a string is longer than \(Self.maximumString) bytes")
      }
      switch byte {
      case 0x22:
        place += 1
        return bytes
      case 0x5c:
        place += 1
        try escape(&bytes)
      case 0..<0x20: throw fault("a string holds a control character")
      default:
        place += 1
        bytes.append(byte)
      }
    }
    throw fault("the JSON ends in a string")
  }

  private mutating func escape(_ bytes: inout [UInt8]) throws(HashSetFault) {
    guard let letter = try peek() else { throw fault("the JSON ends in a string") }
    place += 1
    switch letter {
    case 0x22, 0x5c, 0x2f: bytes.append(letter)
    case 0x62: bytes.append(8)
    case 0x66: bytes.append(12)
    case 0x6e: bytes.append(10)
    case 0x72: bytes.append(13)
    case 0x74: bytes.append(9)
    case 0x75:
      var code = try hexadecimal()
      if (0xd800..<0xdc00).contains(code) {
        guard try peek() == 0x5c else { throw fault("half a surrogate pair") }
        place += 1
        guard try peek() == 0x75 else { throw fault("half a surrogate pair") }
        place += 1
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw fault("half a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
      bytes += String(Character(scalar)).utf8
    default: throw fault("an escape that JSON does not have")
    }
  }

  private mutating func hexadecimal() throws(HashSetFault) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = try peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("an escape without four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      place += 1
    }
    return code
  }
}
