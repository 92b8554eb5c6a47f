public import EvidenceModel
import Foundation

/// Reads records of a bundle, a line at a time; a bundle may be hostile too.
///
/// Limit: a line of 64 MiB. A line that is no JSON object is reported with its file and number.
public struct RecordFile: Sequence {
  public static let maximumLineLength = 64 << 20
  public let path: String

  public init(path: String) { self.path = path }

  /// The kinds of records in a bundle, by their files' names.
  public static func files(inBundle bundle: String) throws(BundleError) -> [(name: String, file: RecordFile)] {
    let directory = "\(bundle)/\(BundleLayout.records)"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
      throw BundleError(.malformed, directory, "there are no records; is this a bundle?")
    }
    return names.filter { $0.hasSuffix(".ndjson") }.sorted().map {
      (String($0.dropLast(7)), RecordFile(path: "\(directory)/\($0)"))
    }
  }

  public func makeIterator() -> LineIterator { LineIterator(path: path) }

  /// Gives the lines of a file without their ends.
  public struct LineIterator: IteratorProtocol {
    private let handle: FileHandle?
    private var buffer = Data()
    private var isAtEnd = false

    init(path: String) { handle = try? FileHandle(forReadingFrom: URL(filePath: path)) }

    public mutating func next() -> [UInt8]? {
      while true {
        if let end = buffer.firstIndex(of: 0x0a) {
          let line = [UInt8](buffer[buffer.startIndex..<end])
          buffer = buffer[(end + 1)...]
          return line
        }
        if isAtEnd || buffer.count > maximumLineLength {
          guard !buffer.isEmpty else { return nil }
          let line = [UInt8](buffer)
          buffer = Data()
          return line
        }
        guard let more = try? handle?.read(upToCount: 1 << 18), !more.isEmpty else {
          isAtEnd = true
          continue
        }
        buffer = Data(buffer) + more
      }
    }
  }
}

/// Reads JSON into values; floats and nulls do not occur in bundles and are refused.
public enum ValueReader {
  /// Limit: 64 levels.
  static let maximumDepth = 64

  public static func read(_ bytes: [UInt8]) -> Value? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed]) else {
      return nil
    }
    return value(object, 0)
  }

  public static func fields(_ bytes: [UInt8]) -> Fields? {
    guard case .object(let fields)? = read(bytes) else { return nil }
    return fields
  }

  private static func value(_ object: Any, _ depth: Int) -> Value? {
    guard depth < maximumDepth else { return nil }
    switch object {
    case let text as String: return .text(text)
    case let number as NSNumber:
      // Foundation keeps JSON's true and false apart from 1 and 0 only by the type of the number.
      if unsafe String(cString: number.objCType) == "c" { return .boolean(number.boolValue) }
      return Int64(exactly: number.doubleValue) != nil ? .integer(number.int64Value) : nil
    case let list as [Any]:
      var values: [Value] = []
      for element in list {
        guard let value = value(element, depth + 1) else { return nil }
        values.append(value)
      }
      return .list(values)
    case let dictionary as [String: Any]:
      var fields = Fields()
      for (name, element) in dictionary.sorted(by: { $0.key < $1.key }) {
        guard let value = value(element, depth + 1) else { return nil }
        fields.set(name, value)
      }
      return .object(fields)
    default: return nil
    }
  }
}
