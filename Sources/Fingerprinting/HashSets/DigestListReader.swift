import ByteReading

/// Reads lists of hashes: what `sha256sum` and its kind write, with or without `--tag`, and one bare hash a line.
///
/// Lines that begin with `#` and empty ones are passed over.
struct DigestListReader {
  let file: SetFile

  func read(into sink: any HashSetSink) throws(HashSetFault) {
    while try file.readLine() {
      var line = file.line
      if file.lineNumber == 1, line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
      guard let first = line.first, first != 0x23 else { continue }
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      // Safe: the view ends before `line` does.
      try sink.add(unsafe entry(line.span.bytes))
    }
  }

  private static let tags: [(text: StaticString, algorithm: FileDigest.Algorithm)] = [
    ("SHA256 (", .sha256), ("SHA1 (", .sha1), ("MD5 (", .md5),
  ]

  private func entry(_ line: RawSpan) throws(HashSetFault) -> HashSetEntry {
    var reader = ByteReader(line)
    // coreutils put a backslash before a line whose name has escapes.
    let isEscaped = reader.peek() == 0x5c
    if isEscaped { _ = try? reader.skip(1, "escape") }
    for tag in Self.tags where line.starts(with: tag.text, at: isEscaped ? 1 : 0) {
      var entry = try tagged(reader.takeRest().array(), tag.text.utf8CodeUnitCount, tag.algorithm)
      if isEscaped { entry.name = Self.unescaped(entry.name) }
      return entry
    }
    var digits: [UInt8] = []
    while let byte = reader.peek(digits.count), byte != 0x20, byte != 0x09, digits.count <= 64 { digits.append(byte) }
    guard let algorithm = FileDigest.Algorithm(digitCount: digits.count),
      let digest = FileDigest(algorithm, hex: digits)
    else { throw fault(digits) }
    _ = try? reader.skip(digits.count, "digits")
    // A space or tab, then a space or an asterisk for the mode.
    if reader.peek() != nil { _ = try? reader.skip(1, "separator") }
    if reader.peek() == 0x20 || reader.peek() == 0x2a { _ = try? reader.skip(1, "mode") }
    let name = reader.takeRest().array()
    return HashSetEntry(digest: digest, name: isEscaped ? Self.unescaped(name) : name)
  }

  private func tagged(
    _ line: [UInt8], _ nameStart: Int, _ algorithm: FileDigest.Algorithm
  ) throws(HashSetFault) -> HashSetEntry {
    let digits = line.suffix(algorithm.byteCount * 2)
    let separator = Array(") = ".utf8)
    guard line.count >= nameStart + separator.count + digits.count,
      line.dropLast(digits.count).suffix(separator.count).elementsEqual(separator),
      let digest = FileDigest(algorithm, hex: digits)
    else { throw file.fault("it has no digest in hexadecimal digits at its end") }
    let name = line.dropFirst(nameStart).dropLast(separator.count + digits.count)
    return HashSetEntry(digest: digest, name: Array(name))
  }

  private func fault(_ digits: [UInt8]) -> HashSetFault {
    file.fault("it does not begin with an MD5, SHA-1 or SHA-256 in hexadecimal digits: \(Self.quoted(digits))")
  }

  /// The beginning of what stands there, harmless to a terminal.
  static func quoted(_ bytes: [UInt8]) -> String {
    let text = bytes.prefix(24).map { (0x21...0x7e).contains($0) ? Character(Unicode.Scalar($0)) : "?" }
    return "“\(String(text))\(bytes.count > 24 ? "…" : "")”"
  }

  private static func unescaped(_ name: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isOpen = false
    for byte in name {
      if isOpen {
        result.append(byte == 0x6e ? 0x0a : byte == 0x72 ? 0x0d : byte)
        isOpen = false
      } else if byte == 0x5c {
        isOpen = true
      } else {
        result.append(byte)
      }
    }
    return result
  }
}

/// Reads what hashdeep writes: `%%%% HASHDEEP-1.0`, the columns, and a file a line.
struct HashdeepReader {
  /// Limit of columns.
  static let maximumColumns = 32
  let file: SetFile

  func read(into sink: any HashSetSink) throws(HashSetFault) {
    guard try file.readLine(), file.line.starts(with: Array("%%%% HASHDEEP-1.".utf8)) else {
      throw HashSetFault("it is of another version than 1", at: 1)
    }
    let prefix = Array("%%%% ".utf8)
    guard try file.readLine(), file.line.starts(with: prefix) else {
      throw HashSetFault("it does not name the columns", at: max(1, file.lineNumber))
    }
    let columns = file.line.dropFirst(prefix.count).split(separator: 0x2c).map { String(decoding: $0, as: UTF8.self) }
    let known: [String: FileDigest.Algorithm] = ["md5": .md5, "sha1": .sha1, "sha256": .sha256]
    guard columns.count <= Self.maximumColumns, columns.last == "filename",
      columns.contains(where: { known[$0] != nil })
    else { throw file.fault("it names no column md5, sha1 or sha256, or the last is not filename") }
    while try file.readLine() {
      guard !file.line.isEmpty, file.line.first != 0x23 else { continue }
      let cells = file.line.split(
        separator: 0x2c, maxSplits: columns.count - 1, omittingEmptySubsequences: false)
      guard cells.count == columns.count else {
        throw file.fault("it has \(cells.count) of \(columns.count) columns")
      }
      var entry = HashSetEntry()
      for (column, cell) in zip(columns, cells) {
        if let algorithm = known[column] {
          guard let digest = FileDigest(algorithm, hex: cell) else {
            throw file.fault("its \(column) is none: \(DigestListReader.quoted(Array(cell)))")
          }
          entry.take(digest)
        } else if column == "size" {
          guard let size = Int64(String(decoding: cell, as: UTF8.self)), size >= 0 else {
            throw file.fault("its size is none: \(DigestListReader.quoted(Array(cell)))")
          }
          entry.byteCount = size
        } else if column == "filename" {
          entry.name = Array(cell)
        }
      }
      try sink.add(entry)
    }
  }
}
