public import DecoderKit

/// What tests ask of an outcome; a field of another type counts as absent.
extension DecodingOutcome.EmittedRecord {
  public func text(_ name: String) -> String? { if case .text(let text) = fields[name] { text } else { nil } }
  public func number(_ name: String) -> Int64? { if case .integer(let number) = fields[name] { number } else { nil } }
  public func flag(_ name: String) -> Bool? { if case .boolean(let flag) = fields[name] { flag } else { nil } }
  public func list(_ name: String) -> [Value] { if case .list(let list) = fields[name] { list } else { [] } }
}

extension DecodingOutcome.Content {
  /// The bytes as text; what is not UTF-8 is repaired.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension DecodingOutcome {
  /// The findings' codes in their order.
  public var codes: [String] { findings.map(\.code) }

  /// The records of one kind in their order.
  public func all(_ kind: String) -> [EmittedRecord] { records.filter { $0.kind == kind } }

  /// The contents that were captured, without those that the decoder made.
  public var captured: [Content] { contents.filter { !$0.description.isComputed } }

  /// The lines of the first transcript, without explanations and times.
  public var transcript: [String] {
    (contents.first { $0.description.isComputed }?.text ?? "").split(separator: "\n").filter { !$0.hasPrefix("#") }
      .map { String($0.drop { $0 != " " }.dropFirst()) }
  }
}
