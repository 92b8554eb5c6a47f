import EvidenceModel

/// What pages ask of records; a field of another type counts as absent.
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
