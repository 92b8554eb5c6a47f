import EvidenceBundle
import EvidenceModel
import Foundation

/// A JSON document that somebody else may have written.
enum Document {
  /// Documents larger than this are not read, in bytes.
  static let maximumSize: UInt64 = 64 << 20

  /// Reads a document. Throws when it is no regular file, too large or no JSON without floats.
  static func value(at path: String, what: String) throws(ProcessingError) -> Value {
    guard let value = ValueReader.read(try bytes(at: path, what: what)) else {
      throw ProcessingError(.input, path, "\(what) is no JSON that can be used")
    }
    return value
  }

  static func fields(at path: String, what: String) throws(ProcessingError) -> Fields {
    guard case .object(let fields) = try value(at: path, what: what) else {
      throw ProcessingError(.input, path, "\(what) is no JSON object")
    }
    return fields
  }

  /// Reads a whole file. Throws when it is no regular file or too large.
  static func bytes(at path: String, what: String) throws(ProcessingError) -> [UInt8] {
    let facts = try OriginalIntake.FileFacts(path: path)
    guard facts.byteCount <= maximumSize else {
      throw ProcessingError(.input, path, "\(what) is larger than \(maximumSize) bytes")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ProcessingError(.input, path, "\(what) cannot be read")
    }
    return [UInt8](data)
  }
}

/// What documents are asked for; a field of another type counts as absent.
extension Fields {
  func text(_ name: String) -> String? { if case .text(let text)? = self[name] { text } else { nil } }

  func integer(_ name: String) -> Int64? { if case .integer(let number)? = self[name] { number } else { nil } }

  func count(_ name: String) -> UInt64? { integer(name).flatMap { UInt64(exactly: $0) } }

  func flag(_ name: String) -> Bool? { if case .boolean(let flag)? = self[name] { flag } else { nil } }

  func list(_ name: String) -> [Value] { if case .list(let values)? = self[name] { values } else { [] } }

  func object(_ name: String) -> Fields? { if case .object(let fields)? = self[name] { fields } else { nil } }

  func objects(_ name: String) -> [Fields] {
    list(name).compactMap { if case .object(let fields) = $0 { fields } else { nil } }
  }

  func texts(_ name: String) -> [String] {
    list(name).compactMap { if case .text(let text) = $0 { text } else { nil } }
  }
}
