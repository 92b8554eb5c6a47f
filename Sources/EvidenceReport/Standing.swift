/// What a reader may make of a value: where it comes from.
enum Standing: String, CaseIterable {
  case captured, computed, inferred, missing

  var explanation: String {
    switch self {
    case .captured: "stood in the recorded traffic"
    case .computed: "worked out from the recorded traffic by a fixed rule"
    case .inferred: "a conclusion that fits the evidence but is not stated in it"
    case .missing: "not in the recorded traffic, or lost"
    }
  }
}

extension HTMLWriter {
  /// Marks what stands beside it.
  mutating func mark(_ standing: Standing) {
    let name: StaticString =
      switch standing {
      case .captured: "mark mark-captured"
      case .computed: "mark mark-computed"
      case .inferred: "mark mark-inferred"
      case .missing: "mark mark-missing"
      }
    element(.span, [.class(name), .title(standing.explanation)], standing.rawValue)
  }

  /// Says that a value is missing, and which.
  mutating func missing(_ what: String) {
    element(.span, [.class("absent")]) {
      $0.text(what + " ")
      $0.mark(.missing)
    }
  }

  /// Writes a point in time; the whole of it stands in the element's attribute.
  mutating func moment(_ text: String?) {
    guard let text else { return element(.span, [.class("none")], "no time") }
    element(.time, [.moment(text), .title(text)], Decimal.moment(text))
  }
}
