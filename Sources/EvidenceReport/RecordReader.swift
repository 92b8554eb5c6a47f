import EvidenceModel
import Foundation

/// Reads JSON into values; names come out sorted. What is no JSON object, has a float or a null is no record.
enum RecordReader {
  /// Limit: 64 levels.
  static let maximumDepth = 64

  static func fields(_ bytes: [UInt8]) -> Fields? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)),
      case .object(let fields)? = value(object, 0)
    else { return nil }
    return fields
  }

  private static func value(_ object: Any, _ depth: Int) -> Value? {
    guard depth < maximumDepth else { return nil }
    switch object {
    case let text as String: return .text(text)
    case let number as NSNumber:
      // Safe: the type is a C string that lives as long as the program; only it tells true from 1.
      if unsafe String(cString: number.objCType) == "c" { return .boolean(number.boolValue) }
      return Int64(exactly: number.doubleValue) == nil ? nil : .integer(number.int64Value)
    case let list as [Any]:
      var values: [Value] = []
      values.reserveCapacity(list.count)
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

extension Fields {
  func text(_ name: String) -> String? {
    switch self[name] {
    case .text(let text)?: text
    case .integer(let number)?: String(number)
    case .boolean(let flag)?: flag ? "yes" : "no"
    default: nil
    }
  }

  func integer(_ name: String) -> Int64? {
    if case .integer(let number)? = self[name] { number } else { nil }
  }

  func flag(_ name: String) -> Bool? {
    if case .boolean(let flag)? = self[name] { flag } else { nil }
  }

  func list(_ name: String) -> [Value] {
    if case .list(let values)? = self[name] { values } else { [] }
  }

  func objects(_ name: String) -> [Fields] { list(name).compactMap(\.object) }

  func object(_ name: String) -> Fields? { self[name]?.object }

  func texts(_ name: String) -> [String] {
    list(name).compactMap {
      switch $0 {
      case .text(let text): text
      case .integer(let number): String(number)
      default: nil
      }
    }
  }
}

extension Value {
  var object: Fields? {
    if case .object(let fields) = self { fields } else { nil }
  }
}
