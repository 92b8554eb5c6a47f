import EvidenceModel

extension Fields {
  func text(_ name: String) -> String? { if case .text(let text)? = self[name] { text } else { nil } }

  func integer(_ name: String) -> Int64? { if case .integer(let value)? = self[name] { value } else { nil } }

  func objects(_ name: String) -> [Fields] {
    guard case .list(let list)? = self[name] else { return [] }
    return list.compactMap { if case .object(let fields) = $0 { fields } else { nil } }
  }
}
