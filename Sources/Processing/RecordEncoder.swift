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

/// Writes records as one line of canonical JSON each.
struct RecordEncoder {
  private var writer = CanonicalJSON()

  mutating func encode(_ kind: String, _ fields: Fields, _ key: RecordKey) -> EncodedRecord {
    var entries = fields.entries
    entries.append(.init(name: "kind", value: .text(kind)))
    entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    writer.removeAll()
    var bytes: [UInt8] = [0x7b]
    var identifierOffset = -1
    for entry in entries {
      if identifierOffset < 0, !entry.name.utf8.lexicographicallyPrecedes("id".utf8) {
        identifierOffset = writer.bytes.count
      }
      writer.write(entry.name)
      writer.write(separator: 0x3a)
      writer.write(entry.value)
      writer.write(separator: 0x2c)
    }
    if identifierOffset < 0 { identifierOffset = writer.bytes.count }
    bytes += writer.bytes
    bytes[bytes.count - 1] = 0x7d
    bytes.append(0x0a)
    return EncodedRecord(key: key, kind: kind, identifierOffset: identifierOffset + 1, bytes: bytes)
  }
}

extension EncodedRecord {
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
