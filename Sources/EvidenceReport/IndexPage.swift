import EvidenceBundle
import EvidenceModel

/// The summary: what was examined, what was found, what is missing, whether it is sealed.
struct IndexPage {
  let context: ReportContext

  func write() throws(BundleError) {
    try context.page("index.html", title: "Summary", of: "index.html") { html in
      TimelineStrip.definitions(&html)
      examined(&html)
      found(&html)
      missing(&html)
      seal(&html)
      originals(&html)
      html.element(.section) { html in
        html.element(.h2, "How much was understood")
        LedgerPage.bar(context.ledger, &html)
        link("ledger.html", "The account of every packet", &html)
      }
      facts(&html)
      papers(&html)
    }
  }

  private func papers(_ html: inout HTMLWriter) {
    html.element(.section) { html in
      html.element(.h2, "Papers for court")
      html.element(
        .p,
        """
        Two drafts to print: a qualified person reads, corrects and signs them. They say what this bundle holds and leave         blank what it does not.
        """
      )
      link("statement.html", "Statement on how this evidence was made (any court)", &html)
      link("certificate-902.html", "Certificate under Rules 902(13) and 902(14) (United States)", &html)
    }
  }

  private func link(_ page: String, _ words: String, _ html: inout HTMLWriter) {
    guard let link = LocalLink(page: page) else { return }
    html.element(.p) { $0.element(.a, [.href(link)], words) }
  }

  // MARK: What was examined

  private var span: (first: String, last: String)? {
    let originals = context.ledger?.objects("originals") ?? []
    let first = originals.compactMap { $0.text("firstPacketAt") }.min() ?? context.earliest
    let last = originals.compactMap { $0.text("lastPacketAt") }.max() ?? context.latest
    guard let first, let last else { return nil }
    return (first, last)
  }

  private func examined(_ html: inout HTMLWriter) {
    let kinds = OriginalKinds(context)
    let packets = LedgerPage.sums(context.ledger).total
    html.element(.p, [.class("lead")]) { html in
      html.text("This report shows what was found in ")
      html.text(kinds.words(packets: packets))
      if kinds.captures > 0, let span {
        html.text(", captured between ")
        html.moment(span.first)
        html.text(" and ")
        html.moment(span.last)
      }
      html.text(".")
    }
  }

  /// Pages that stand among what was found only when they have something.
  private static let optional: Set<String> = ["sessions", "chat", "mail", "recordings", "tracks", "hits"]

  private func found(_ html: inout HTMLWriter) {
    let messages = context.tallies["sip-message"]?.marks[#""method":"MESSAGE""#] ?? 0
    let mediaOnly = context.count("rtp-call")
    let computed = context.tallies["artefact"]?.marks[#""origin":"computed""#] ?? 0
    let files = context.count("artefact")
    let known = context.tallies["hash-hit"]?.marks[#""isKnownGood":true"#] ?? 0
    let calls = context.tallies.keys.sorted().filter { $0.hasSuffix("-call") }.reduce(0) { $0 + context.count($1) }
    let transfers = TrafficPages.transfers.reduce(0) { $0 + context.count($1) }
    let entries: [(file: String, count: Int64, one: String, many: String, remark: String)] = [
      (
        "calls", calls, "call", "calls",
        Self.words(mediaOnly: mediaOnly, streaming: context.count("rtsp-call"))
      ),
      (
        "messages", context.count("sip-message"), "signalling message", "signalling messages",
        "among them \(Decimal.count(messages, "text message", "text messages"))"
      ),
      ("sessions", SessionPages.sessionCount(context), "chat or session", "chats and sessions", ""),
      ("chat", SessionPages.messageCount(context), "chat message", "chat messages", ""),
      ("mail", context.count("mail-message"), "mail message", "mail messages", ""),
      ("web", transfers, "transfer", "transfers", Self.words(web: context.count("http-transfer"), of: transfers)),
      (
        "files", files, "file", "files",
        computed > 0 ? "\(Decimal.grouped(files - computed)) captured, \(Decimal.grouped(computed)) computed" : ""
      ),
      ("dns", context.count("dns-query", "dns-answer"), "name query or answer", "name queries and answers", ""),
      (
        "hits", context.count("hash-hit"), "hit in a hash set", "hits in hash sets",
        known > 0 ? "\(Decimal.grouped(known)) of them known and of no interest" : ""
      ),
      ("recordings", context.count("recording-file"), "recording", "recordings", ""),
      ("tracks", context.count("location-track"), "track of places", "tracks of places", ""),
    ].filter { !Self.optional.contains($0.file) || $0.count > 0 }
    html.element(.section) { html in
      html.element(.h2, "What was found")
      html.element(.ul, [.class("tiles")]) { html in
        for entry in entries {
          html.element(.li) { html in
            guard let link = LocalLink(page: "\(entry.file).html") else { return }
            html.element(.a, [.href(link)]) { html in
              html.element(.strong, Decimal.grouped(entry.count))
              html.element(.span, " \(entry.count == 1 ? entry.one : entry.many)")
            }
            if !entry.remark.isEmpty { html.element(.p, [.class("note")], entry.remark) }
          }
        }
      }
    }
  }

  /// Which of the calls are none between known parties.
  private static func words(mediaOnly: Int64, streaming: Int64) -> String {
    var list: [String] = []
    if mediaOnly > 0 { list.append("\(Decimal.grouped(mediaOnly)) of them with unknown parties") }
    if streaming > 0 {
      list.append("\(Decimal.count(streaming, "is a streaming session", "are streaming sessions")) (RTSP)")
    }
    return list.joined(separator: "; ")
  }

  /// How many of the transfers are the web's.
  private static func words(web: Int64, of all: Int64) -> String {
    guard all > web else { return all > 0 ? "all of the web (HTTP)" : "" }
    return "\(Decimal.grouped(web)) of the web (HTTP), \(Decimal.grouped(all - web)) by FTP, SMB and TFTP"
  }

  // MARK: What is missing

  private func missing(_ html: inout HTMLWriter) {
    let marks = context.tallies["finding"]?.marks ?? [:]
    let (total, classes) = LedgerPage.sums(context.ledger)
    html.element(.section) { html in
      html.element(.h2, "What is missing or uncertain")
      html.element(.ul, [.class("statements")]) { html in
        for (kind, packets) in classes where packets > 0 && (kind == .lost || kind == .notRead) {
          statement(
            kind == .lost ? .missing : nil,
            "\(Decimal.count(packets, "packet", "packets")) (\(Decimal.percent(packets, of: total))): \(kind.words).",
            &html)
        }
        let unreadable = (context.ledger?.objects("originals") ?? []).reduce(Int64(0)) {
          $0 &+ ($1.object("bytes")?.integer("unreadable") ?? 0)
        }
        if unreadable > 0 {
          let words = "\(Decimal.count(unreadable, "byte", "bytes")) of the originals could not be read at all."
          statement(.missing, words, &html)
        }
        if context.findings.missingBytes > 0 {
          let count = Decimal.count(context.findings.missingBytes, "byte", "bytes")
          statement(.missing, "\(count) of conversations were sent but are not in the recording.", &html)
        }
        let incomplete = context.tallies["artefact"]?.marks[#""isComplete":false"#] ?? 0
        if incomplete > 0 {
          statement(.missing, "\(Decimal.count(incomplete, "file is", "files are")) incomplete.", &html)
        }
        let guessed = context.tallies.keys.sorted().filter { $0.hasSuffix("-call") }
          .reduce(0) { $0 + (context.tallies[$1]?.marks[#""attachedBy":"inferred""#] ?? 0) }
        if guessed > 0 {
          statement(
            .inferred,
            """
            \(Decimal.count(guessed, "call has", "calls have")) voice that was assigned by a conclusion, not by the \
            signalling.
            """,
            &html)
        }
        let paired = context.tallies["http-transfer"]?.marks[#""pairedBy":"inferred""#] ?? 0
        if paired > 0 {
          statement(
            .inferred,
            """
            \(Decimal.count(paired, "web transfer has", "web transfers have")) an answer that was assigned by a \
            conclusion.
            """,
            &html)
        }
        if context.count("rtp-call") > 0 {
          statement(
            .missing,
            """
            \(Decimal.count(context.count("rtp-call"), "call has", "calls have")) no signalling: who spoke is not \
            known.
            """,
            &html)
        }
        for original in context.ledger?.objects("originals") ?? []
        where original.object("witness")?.text("verdict") == "differs" {
          statement(
            nil, "A second, independent count of original \(original.text("original") ?? "") gives different numbers.",
            &html)
        }
        if context.unreadableLines > 0 {
          statement(
            .missing, "\(Decimal.count(context.unreadableLines, "line", "lines")) of the records could not be read.",
            &html)
        }
        for shortfall in context.shortfalls {
          statement(
            nil,
            """
            The list “\(shortfall.title)” shows \(Decimal.grouped(shortfall.shown)) of \
            \(Decimal.grouped(shortfall.total)) entries; all stand in \
            \(shortfall.kinds.map { "data/records/\($0).ndjson" }.joined(separator: " and ")).
            """,
            &html)
        }
      }
      let errors = marks[#""severity":"error""#] ?? 0
      let warnings = marks[#""severity":"warning""#] ?? 0
      let all = context.count("finding")
      html.element(
        .p,
        all == 0
          ? "There are no findings."
          : """
          There are \(Decimal.count(all, "finding", "findings")): \(Decimal.grouped(errors)) about something lost \
          or unusable, \(Decimal.grouped(warnings)) about something odd, \
          \(Decimal.grouped(all - errors - warnings)) to note.
          """
      )
      groups(&html)
      if all > 0 { link("findings.html", "All findings", &html) }
    }
  }

  /// Kinds of findings that the summary names.
  private static let maximumGroups = 12

  private func groups(_ html: inout HTMLWriter) {
    let order = ["error": 0, "warning": 1]
    let groups = context.findings.groups.enumerated().sorted {
      (order[$0.element.severity] ?? 2, $0.offset) < (order[$1.element.severity] ?? 2, $1.offset)
    }.map(\.element)
    guard !groups.isEmpty else { return }
    html.element(.ul, [.class("statements")]) { html in
      for group in groups.prefix(Self.maximumGroups) {
        html.element(.li) { html in
          FindingsPage.badge(group.severity, &html)
          html.text(" ")
          html.captured(group.message)
          if group.count > 1 { html.text(" (and \(Decimal.grouped(group.count - 1)) more of this kind)") }
        }
      }
      if groups.count > Self.maximumGroups {
        html.element(.li, "and \(groups.count - Self.maximumGroups) further kinds of findings")
      }
    }
  }

  private func statement(_ standing: Standing?, _ words: String, _ html: inout HTMLWriter) {
    html.element(.li) { html in
      html.text(words + " ")
      if let standing { html.mark(standing) }
    }
  }

  // MARK: Seal, originals, case

  private func seal(_ html: inout HTMLWriter) {
    html.element(.section) { html in
      html.element(.h2, "Is it sealed?")
      if context.contents.isSealed {
        html.element(
          .p,
          """
          A seal was present when this report was written. Whether it is valid must be checked; the page on \
          verification says how.
          """
        )
      } else {
        html.element(.p, [.class("remark")]) { html in
          html.element(.strong, "Unsealed when this report was written: ")
          html.text(
            """
            whoever holds an unsealed bundle could rewrite it. If the bundle has a folder named seal now, it was \
            sealed later, and the seal covers this report.
            """
          )
        }
      }
      link("verify.html", "How to verify this bundle without our program", &html)
    }
  }

  private static let table = RecordTable(
    columns: [
      .init("Original"), .init("Name as received"), .init("Captured", .captured), .init("Size"),
      .init("SHA-256", .computed),
    ], caption: "What was examined")

  private func originals(_ html: inout HTMLWriter) {
    let originals = context.meta.objects("originals")
    html.element(.section) { html in
      html.element(.h2, "The originals")
      guard !originals.isEmpty else {
        return html.element(.p) { $0.missing("the bundle does not list its originals") }
      }
      let isReference = context.meta.text("mode") == "reference"
      html.element(
        .p,
        isReference
          ? "The originals are not in this bundle; they were read where they lay. Their fingerprints identify them."
          : """
          Each original is in this bundle as an identical copy. Its fingerprint (SHA-256) identifies it: any \
          change, however small, gives another one.
          """
      )
      var rows = HTMLWriter()
      for original in originals.prefix(1_000) { row(original, &rows) }
      Self.table.write(rows, &html)
      if originals.count > 1_000 {
        html.element(
          .p, [.class("note")], "\(Decimal.grouped(originals.count - 1_000)) more stand in meta/bundle.json.")
      }
    }
  }

  private func row(_ original: Fields, _ rows: inout HTMLWriter) {
    Self.table.row(&rows) { row in
      row.cell { html in
        html.element(.strong) { $0.captured(original.text("item") ?? "") }
        if let path = original.text("path") { html.element(.p, [.class("note")]) { $0.captured(path) } }
      }
      row.captured(original.text("name"))
      row.cell { self.times(original.text("item"), &$0) }
      row.cell(original.integer("bytes").map { Decimal.size($0) } ?? "not stated")
      row.cell { $0.element(.code, [.class("hash")], original.text("sha256") ?? "") }
    }
  }

  /// When an original's packets were captured, and how many there are.
  private func times(_ name: String?, _ html: inout HTMLWriter) {
    let entry = context.ledger?.objects("originals").first { $0.text("original") == name }
    guard let entry, let packets = entry.object("packets")?.integer("total") else { return html.missing("not stated") }
    if let first = entry.text("firstPacketAt") {
      html.moment(first)
      html.text(" to ")
      html.moment(entry.text("lastPacketAt"))
    }
    html.element(.p, [.class("note")], Decimal.count(packets, "packet", "packets"))
  }

  private func facts(_ html: inout HTMLWriter) {
    let meta = context.meta
    html.element(.section) { html in
      html.element(.h2, "The case")
      html.element(.dl, [.class("facts")]) { html in
        optional("Case", meta.text("case"), &html)
        optional("Examiner", meta.text("examiner"), &html)
        html.element(.dt, "Authority (order or warrant)")
        html.element(.dd) { html in
          if let authority = meta["authority"] { html.value(authority) } else { html.missing("not stated") }
        }
        if let from = meta.text("receivedFrom") { html.fact("Received from", from) }
        if let offset = meta.text("declaredClockOffsetSeconds") {
          html.fact("Clock of the recorder, as declared", "\(offset) seconds off; times here are not corrected")
        }
        if let filter = meta.object("configuration")?.text("filter") { html.fact("Only packets that match", filter) }
        if let time = meta.text("createdAt") {
          html.element(.dt, "Examined")
          html.element(.dd) { $0.moment(time) }
        }
        if let tool = meta.object("tool") {
          html.fact("Program", "\(tool.text("name") ?? "exhibit") \(tool.text("version") ?? "")")
          if let hash = tool.text("sha256") {
            html.element(.dt, "SHA-256 of the program")
            html.element(.dd) { $0.element(.code, [.class("hash")], hash) }
          }
          if let system = tool.text("os") { html.fact("System", system) }
          html.element(.dt, "Validation of the program")
          html.element(.dd) { ValidationNote(context).write(&$0) }
        }
        optional("Bundle", meta.text("id"), &html)
      }
    }
  }

  private func optional(_ title: String, _ text: String?, _ html: inout HTMLWriter) {
    if let text { return html.fact(title, text) }
    html.element(.dt, title)
    html.element(.dd) { $0.missing("not stated") }
  }
}
