import DecoderHosting
import EvidenceModel

/// A record in canonical form, without its identifier, and the place where that goes.
struct EncodedRecord {
  var key: RecordKey
  var kind: String
  /// Where `"id":"…",` is to be put in.
  var identifierOffset: Int
  var bytes: [UInt8]
}

/// Writes records as one line of canonical JSON each, one behind the other.
struct RecordEncoder {
  /// Where a line stands among all, and where in it the identifier goes.
  struct Place {
    let start: Int
    let count: Int
    let identifierOffset: Int
  }
  private var writer = CanonicalJSON()

  var byteCount: Int { writer.bytes.count }

  /// Gives away all lines, and begins anew.
  mutating func take() -> [UInt8] { writer.take() }

  /// Uses the memory of lines that nobody needs any more.
  mutating func reuse(_ storage: consuming [UInt8]) { writer.reuse(storage) }

  mutating func encode(_ kind: String, _ fields: Fields) -> Place {
    var entries = fields.entries
    entries.append(.init(name: "kind", value: .text(kind)))
    CanonicalJSON.sort(&entries)
    let start = writer.bytes.count
    writer.write(separator: 0x7b)
    var identifierOffset: Int?
    for (index, entry) in entries.enumerated() {
      if index > 0 { writer.write(separator: 0x2c) }
      if identifierOffset == nil, !entry.name.utf8.lexicographicallyPrecedes("id".utf8) {
        identifierOffset = writer.bytes.count - start
      }
      writer.write(entry.name)
      writer.write(separator: 0x3a)
      writer.write(entry.value)
    }
    writer.write(separator: 0x7d)
    writer.write(separator: 0x0a)
    // "kind" is always there and comes behind "id".
    return Place(start: start, count: writer.bytes.count - start, identifierOffset: identifierOffset ?? 1)
  }
}

extension EncodedRecord {
  init(_ kind: String, _ fields: Fields, _ key: RecordKey) {
    var encoder = RecordEncoder()
    let place = encoder.encode(kind, fields)
    self.init(key: key, kind: kind, identifierOffset: place.identifierOffset, bytes: encoder.take())
  }

  /// The line with its identifier.
  func line(_ identifier: String) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(bytes.count + identifier.utf8.count + 8)
    line += bytes[..<identifierOffset]
    line += "\"id\":\"".utf8
    line += identifier.utf8
    line += "\",".utf8
    line += bytes[identifierOffset...]
    return line
  }
}
