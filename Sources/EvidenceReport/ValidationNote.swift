import EvidenceModel

/// What the bundle holds about whether its program was measured on cases whose content is known.
struct ValidationNote {
  static let place = "meta/validation.json"
  static let none = "No validation report exists for this very program."

  /// What meta/bundle.json says of the report; nil when it names none.
  let named: Fields?
  /// The report itself; nil when there is none, it cannot be read, or it is of another program.
  let report: Fields?
  /// Whether a report is there that does not count.
  let isOfAnotherProgram: Bool
  private let hasSignature: Bool

  init(_ context: ReportContext) {
    hasSignature = context.contents.size(Self.place + ".p7s") != nil
    guard let named = context.meta.object("validation"), named.text("path") == Self.place,
      let found = context.contents.document(Self.place), found.object("summary") != nil
    else {
      (named, report, isOfAnotherProgram) = (nil, nil, false)
      return
    }
    self.named = named
    isOfAnotherProgram = named.flag("binaryMatches") != true
    report = isOfAnotherProgram ? nil : found
  }

  var requirements: Int64 { report?.object("summary")?.integer("requirements") ?? 0 }
  var passed: Int64 { report?.object("summary")?.integer("passed") ?? 0 }
  var hasPassed: Bool { report != nil && named?.text("verdict") == "passed" && passed == requirements }

  /// Says it in words; warns when there is none, or not every requirement passed.
  func write(_ html: inout HTMLWriter) {
    guard let report else {
      html.element(.strong, Self.none)
      if isOfAnotherProgram {
        html.element(
          .p, [.class("note")], "The report in meta/validation.json is of another program and does not count.")
      }
      return
    }
    html.text("This program was validated: \(passed) of \(requirements) requirements passed, on ")
    html.moment(report.text("finishedAt"))
    html.text(" (\(Self.place))")
    signatures(&html)
    if !hasPassed {
      html.element(.p, [.class("note")]) { html in
        html.element(.strong, "Warning: not every requirement passed; the file says which.")
      }
    }
  }

  /// Who signed the report, without a word on whether anybody vouches for them.
  private func signatures(_ html: inout HTMLWriter) {
    let signatures = named?.objects("signatures") ?? []
    guard !signatures.isEmpty else {
      return html.text(hasSignature ? ", with a signature that was not looked at" : ", not signed")
    }
    for signature in signatures.prefix(20) {
      if signature.flag("fits") == true, let name = signature.text("name") {
        html.text(", signed by ")
        html.captured(name)
        html.text(", not checked here")
      } else {
        html.element(.p, [.class("note")]) { html in
          html.element(.strong, "Warning: the signature in meta/validation.json.p7s does not fit the report.")
        }
      }
    }
  }
}
