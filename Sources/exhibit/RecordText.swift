import EvidenceBundle
import EvidenceModel

/// Shows records to people, with nothing captured unescaped.
enum RecordText {
  /// What every record has; it stands in front, or is left out of a single line.
  private static let common: Set<String> = [
    "kind", "id", "decoder", "provenance", "capturedAt", "endedAt", "source", "destination", "transport", "communityID",
  ]
  private static let maximumLength = 160

  /// One line: identifier, time, who to whom, and the other fields as far as they are short.
  static func line(_ bytes: [UInt8]) -> String {
    guard let fields = ValueReader.fields(bytes) else { return Console.safe(String(decoding: bytes, as: UTF8.self)) }
    var parts = [text(fields["id"]), text(fields["capturedAt"])]
    if fields["source"] != nil { parts.append("\(text(fields["source"])) → \(text(fields["destination"]))") }
    for entry in fields.entries where !common.contains(entry.name) {
      switch entry.value {
      case .list, .object: continue
      default: parts.append("\(entry.name)=\(shortened(text(entry.value)))")
      }
    }
    return parts.filter { !$0.isEmpty }.joined(separator: "  ")
  }

  /// All fields, one a line.
  static func whole(_ fields: Fields) -> [String] {
    let width = fields.entries.map(\.name.count).max() ?? 0
    return fields.entries.flatMap { entry in
      lines(entry.value).enumerated().map { index, line in
        let name = index == 0 ? entry.name : ""
        return name + String(repeating: " ", count: width - name.count + 2) + line
      }
    }
  }

  private static func lines(_ value: Value) -> [String] {
    switch value {
    case .list(let values): values.isEmpty ? ["(none)"] : values.map { Console.safe(CanonicalJSON.text($0)) }
    case .object: [Console.safe(CanonicalJSON.text(value))]
    default: [text(value)]
    }
  }

  static func text(_ value: Value?) -> String {
    switch value {
    case .text(let text)?: Console.safe(text)
    case .integer(let number)?: String(number)
    case .boolean(let flag)?: flag ? "yes" : "no"
    case .time(let time)?: time.description
    case .list?, .object?: Console.safe(CanonicalJSON.text(value ?? .text("")))
    case nil: ""
    }
  }

  private static func shortened(_ text: String) -> String {
    text.count > maximumLength ? text.prefix(maximumLength) + "…" : text
  }
}
