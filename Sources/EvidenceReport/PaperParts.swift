import EvidenceModel

/// What both papers say, from the bundle alone.
struct PaperParts {
  let facts: PaperFacts

  // MARK: Who

  func people(_ html: inout HTMLWriter) {
    guard !facts.events.isEmpty else {
      return html.element(.p) { $0.missing("this bundle has no chain of custody that can be read") }
    }
    html.element(.p, "The chain of custody (folder custody) names who did each step:")
    CustodyPage.summary(facts.signers, &html)
    if facts.unreadEvents > 0 {
      html.element(
        .p, [.class("fault")],
        "\(Decimal.count(facts.unreadEvents, "event is", "events are")) not shown here; see the folder custody.")
    }
  }

  // MARK: What

  private static let originals = RecordTable(
    columns: [.init("Original"), .init("Name as received"), .init("Bytes"), .init("SHA-256", .computed)],
    caption: "The originals, in the order in which they were named")

  func originals(_ html: inout HTMLWriter) {
    guard !facts.originals.isEmpty else {
      return html.element(.p) { $0.missing("the bundle does not list its originals") }
    }
    var rows = HTMLWriter()
    for original in facts.originals.prefix(1_000) {
      Self.originals.row(&rows) { row in
        row.cell { html in
          html.printed(original.text("item") ?? "")
          if let path = original.text("path") { html.element(.p, [.class("note")]) { $0.printed(path) } }
        }
        row.cell { $0.printed(original.text("name") ?? "not stated") }
        row.number(original.integer("bytes"))
        row.cell { $0.element(.code, [.class("hash")]) { $0.printed(original.text("sha256") ?? "not stated") } }
      }
    }
    Self.originals.write(rows, &html)
    if facts.originals.count > 1_000 {
      html.element(.p, "\(Decimal.grouped(facts.originals.count - 1_000)) more stand in meta/bundle.json.")
    }
  }

  func receipt(_ html: inout HTMLWriter) {
    html.element(.dl, [.class("facts")]) { html in
      html.stated("Received from", facts.receivedFrom)
      html.element(.dt, "Taken in")
      html.element(.dd) { html in
        if let time = facts.event("ingest")?.text("time") { html.moment(time) } else { html.missing("not stated") }
      }
      html.element(.dt, "Fingerprints that came with them")
      html.element(.dd) { html in
        if let list = facts.expectedHashes {
          html.text("compared with the list ")
          html.printed(list)
          html.text(": equal")
        } else {
          html.text("none were given to the program")
        }
      }
      html.element(.dt, "Order or warrant")
      html.element(.dd) { html in
        if let authority = facts.context.meta["authority"] {
          html.value(authority)
        } else {
          html.missing("not stated in the bundle")
        }
      }
    }
  }

  // MARK: How

  func process(_ html: inout HTMLWriter) {
    html.element(.ol, [.class("statements")]) { html in
      for step in steps { html.element(.li, step) }
    }
    if let filter = facts.filter {
      html.element(.p) { html in
        html.text("Only packets that this filter lets pass were decoded: ")
        html.element(.code) { $0.printed(filter) }
      }
    }
    if !facts.decoders.isEmpty {
      html.element(.p) { html in
        html.text("Decoders, in the order in which they are asked: ")
        html.printed(facts.decoders.joined(separator: ", "))
        html.text(".")
      }
    }
    commands(&html)
  }

  private var steps: [String] {
    [
      "The beginning was written into the chain of custody before anything was read.",
      facts.isReference
        ? "Each original was opened for reading only, where it lay, and its SHA-256 was computed."
        : """
        Each original was opened for reading only and copied into the folder data/originals; its SHA-256 was computed \
        while it was copied.
        """,
      """
      Processes of their own\(isSandboxWhole ? ", shut in by the operating system without network," : "") read every \
      packet, put conversations together and handed them to decoders, which wrote down what they recognised, each time \
      with the original and the packets it came from.
      """,
      "Every packet and every byte of an original was entered in an account (data/ledger.json) exactly once.",
      """
      What was read was read again at the end and its SHA-256 compared with the first; a difference ends a run without a \
      bundle.
      """,
      """
      Every file of the result was listed with its SHA-256 in manifest-sha256.txt, and the SHA-256 of that list was written \
      into the chain of custody.
      """,
    ]
  }

  private var isSandboxWhole: Bool { facts.context.meta.object("sandbox")?.flag("isWhole") == true }

  private func commands(_ html: inout HTMLWriter) {
    let commands = facts.commands
    guard !commands.isEmpty else {
      return html.element(.p) { $0.missing("the chain of custody names no command") }
    }
    html.element(.p, commands.count == 1 ? "The command:" : "The commands:")
    for command in commands { html.command(command.words) }
  }

  private static let events = RecordTable(
    columns: [.init("No."), .init("When (clock of the machine)"), .init("What"), .init("Who")],
    caption: "The events of the chain of custody up to the writing of this paper")

  func events(_ html: inout HTMLWriter) {
    guard !facts.events.isEmpty else { return }
    var rows = HTMLWriter()
    for (event, signer) in zip(facts.events, facts.signers).prefix(200) {
      Self.events.row(&rows) { row in
        row.cell(event.fields.text("seq") ?? "")
        row.moment(event.fields.text("time"))
        row.cell { html in
          html.printed(CustodyPage.words(event.fields.text("type") ?? ""))
          if let exit = event.fields.integer("exit"), exit != 0 {
            html.element(
              .p, [.class("note")], exit == 3 ? "part of the input could not be used" : "exit status \(exit)")
          }
        }
        row.cell { html in
          if let name = signer.name { html.printed(name) } else { html.missing("not stated") }
        }
      }
    }
    Self.events.write(rows, &html)
    if facts.events.count > 200 {
      html.element(.p, "\(Decimal.grouped(facts.events.count - 200)) more stand in the folder custody.")
    }
  }

  // MARK: With what

  func program(_ html: inout HTMLWriter) {
    let tool = facts.tool
    html.element(.dl, [.class("facts")]) { html in
      html.stated("Program", tool.map { "\($0.text("name") ?? "exhibit") \($0.text("version") ?? "")" })
      html.element(.dt, "Commit of its sources")
      html.element(.dd) { html in
        if let commit = tool?.text("commit") {
          html.element(.code, [.class("hash")]) { $0.printed(commit) }
          if commit.hasSuffix("+changes") {
            html.element(.p, [.class("note")], "+changes: the sources were not those of the commit.")
          }
        } else {
          html.missing("not recorded when the program was built")
        }
      }
      html.statedHash("SHA-256 of the program", tool?.text("sha256"))
      html.stated("System", tool?.text("os"))
      let libraries = tool?.objects("libraries").count ?? 0
      html.element(.dt, "Libraries")
      html.element(
        .dd,
        libraries == 0
          ? "none are listed"
          : "\(Decimal.count(libraries, "file", "files")) with SHA-256 in meta/bundle.json, field tool")
      html.element(.dt, "Validation")
      html.element(.dd) { facts.validation.write(&$0) }
    }
  }

  // MARK: How to check

  func verification(_ html: inout HTMLWriter) {
    html.element(
      .p,
      """
      Everything can be checked without the program that made it. VERIFY.txt in the bundle has all commands; the most \
      important are:
      """
    )
    for line in [
      "sha256sum --check --quiet manifest-sha256.txt", "sha256sum --check --quiet tagmanifest-sha256.txt",
      "sha256sum manifest-sha256.txt",
    ] {
      html.element(.p, [.class("command")]) { $0.element(.code, line) }
    }
    html.element(.dl, [.class("facts")]) { html in
      html.stated("Bundle", facts.context.meta.text("id"))
      html.statedHash("SHA-256 of manifest-sha256.txt, as the finish event names it", facts.manifestHash)
    }
  }

  /// The seal comes after this page, which it covers: its hash can only be written in by hand.
  func seal(_ html: inout HTMLWriter) {
    html.element(.p) { html in
      html.text(
        "The seal is made after this paper was written and covers it. When there is a folder seal, write in what ")
      html.element(.code, "sha256sum seal/seal.txt")
      html.text(" prints:")
    }
    html.blank("SHA-256 of seal/seal.txt", rows: 2)
  }
}
