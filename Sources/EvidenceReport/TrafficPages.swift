import EvidenceBundle
import EvidenceModel

/// The pages that list what was said on the network: transfers of the web and of files, name queries, signalling messages.
struct TrafficPages {
  let context: ReportContext

  /// Kinds of records that tell of a transfer.
  static let transfers = (["http-transfer"] + FileTransferRows.kinds).sorted()

  func write() throws(BundleError) {
    try writeWeb()
    try writeNames()
    try writeMessages()
  }

  private func series(
    _ base: String, _ title: String, _ kinds: [String], _ table: RecordTable, lead: String, none: String,
    row: @escaping (Fields, String, inout RecordTable.Row) -> Void
  ) throws(BundleError) {
    try PageSeries(
      base: base, title: title, kinds: kinds, lead: { $0.element(.p, lead) }, none: none,
      row: { record, kind, sheet in table.add(record, to: &sheet) { row(record, kind, &$0) } },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  // MARK: Web

  private func writeWeb() throws(BundleError) {
    let table = RecordTable(
      columns: [
        .init("When", .captured), .init("From → to", .captured), .init("Request", .captured),
        .init("Answer", .captured), .init("Content", .computed), .init("Where"),
      ], caption: "Web and file transfers in the order of the evidence")
    let files = FileTransferRows(context: context)
    try series(
      "web", "Web and file transfers", Self.transfers, table,
      lead:
        """
        Each entry is a request with its answer, as far as both were recorded: of the web (HTTP), or for a file by \
        FTP, SMB or TFTP. Addresses are shown as text on purpose: nothing here leads to the outside.
        """,
      none: "No transfers of the web or of files were found in the evidence."
    ) { record, kind, row in
      guard kind == "http-transfer" else { return files.add(record, kind, to: &row) }
      row.moment(record.text("requestedAt") ?? record.text("respondedAt") ?? record.text("capturedAt"))
      row.cell { $0.ends(record) }
      row.cell { html in
        guard let method = record.text("method") else { return html.missing("request not recorded") }
        html.element(.strong) { $0.captured(method) }
        html.text(" ")
        html.captured(record.text("url") ?? record.text("target") ?? "")
        if record.flag("isTunnel") == true {
          html.element(.p, [.class("note")], "After this the connection became a tunnel.")
        }
        html.headers("Request headers", record.objects("requestHeaders"))
      }
      row.cell { html in
        if let status = record.text("status") {
          html.captured("\(status) \(record.text("reason") ?? "")")
        } else {
          html.missing(record.flag("responseComplete") == nil ? "answer not recorded" : "answer without a head")
        }
        if record.text("pairedBy") == "inferred" {
          html.element(.p, [.class("inferred")]) { html in
            html.mark(.inferred)
            html.text(" answers this request because: ")
            html.captured(record.text("evidence") ?? "no reason stated")
          }
        }
        html.headers("Answer headers", record.objects("responseHeaders"))
      }
      row.cell { html in
        self.body("Sent", "request", record, &html)
        self.body("Received", "response", record, &html)
      }
      row.cell { $0.provenance(record) }
    }
  }

  private func body(_ title: String, _ side: String, _ record: Fields, _ html: inout HTMLWriter) {
    let isCut = record.flag("\(side)Complete") == false
    guard let sha256 = record.text("\(side)Sha256") else {
      if isCut { html.element(.p) { $0.missing("\(title): content not recorded") } }
      return
    }
    html.element(.p, [.class("content")]) { html in
      html.text("\(title): ")
      if side == "response", let name = record.text("fileName") {
        html.captured(name)
        html.text(", ")
      }
      if let type = record.text("\(side)MediaType") {
        html.text("declared as ")
        html.captured(type)
        html.text(" ")
        html.mark(.captured)
        html.text(", ")
      }
      if let size = record.integer("\(side)ByteCount") { html.text("\(Decimal.size(size)), ") }
      html.text("SHA-256 ")
      context.artefact(sha256, &html)
      if isCut {
        html.text(" ")
        html.missing("incomplete")
      }
    }
  }

  // MARK: Names

  private func writeNames() throws(BundleError) {
    let table = RecordTable(
      columns: [
        .init("When", .captured), .init("What"), .init("From → to", .captured), .init("Name asked for", .captured),
        .init("Answer", .captured), .init("Where"),
      ], caption: "Questions and answers in the order of the evidence")
    try series(
      "dns", "Name queries (DNS)", ["dns-query", "dns-answer"], table,
      lead:
        """
        Before a device contacts a name such as www.example.org it asks for its address. A question shows that a \
        name was asked for; it does not show that the address was then used.
        """,
      none: "No name queries were found in the evidence."
    ) { record, kind, row in
      row.moment(record.text("capturedAt"))
      row.cell { html in
        html.text(kind == "dns-query" ? "question" : "answer")
        if let name = record.text("protocol"), name != "dns" {
          html.text(" (")
          html.captured(name)
          html.text(")")
        }
      }
      row.cell { $0.ends(record) }
      row.cell { html in
        guard let name = record.text("queryName") else { return html.missing("no question") }
        html.captured(name)
        html.text(" ")
        html.element(.span, [.class("note")]) { $0.captured(record.text("queryType") ?? "") }
      }
      row.cell { Self.answers(record, kind, &$0) }
      row.cell { $0.provenance(record) }
    }
  }

  /// Answers that are listed.
  private static let maximumAnswers = 50

  private static func answers(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    if let code = record.text("responseCode"), code != "NOERROR" {
      html.element(.p) { html in
        html.captured(code)
        if code == "NXDOMAIN" { html.text(" (there is no such name)") }
      }
    }
    let answers = record.objects("answers")
    if answers.isEmpty {
      if kind == "dns-answer", record.text("responseCode") == "NOERROR" { html.text("no entry") }
      if kind == "dns-query" { html.element(.span, [.class("none")], "–") }
      return
    }
    html.element(.ul, [.class("members")]) { html in
      for answer in answers.prefix(maximumAnswers) {
        html.element(.li) { html in
          if answer.text("name") != record.text("queryName") {
            html.captured(answer.text("name") ?? "")
            html.text(" ")
          }
          html.element(.span, [.class("note")]) { $0.captured(answer.text("type") ?? "") }
          html.text(" ")
          if let data = answer["data"] { html.value(data) }
        }
      }
    }
    if answers.count > maximumAnswers {
      html.element(.p, [.class("note")], "\(answers.count - maximumAnswers) more stand in the record.")
    }
  }

  // MARK: Messages

  private func writeMessages() throws(BundleError) {
    let table = RecordTable(
      columns: [
        .init("When", .captured), .init("From → to", .captured), .init("Message", .captured),
        .init("Says it is from", .captured), .init("Says it is for", .captured), .init("Text", .captured),
        .init("Where"),
      ], caption: "Messages in the order of the evidence")
    try series(
      "messages", "Messages (SIP)", ["sip-message"], table,
      lead:
        "Every signalling message, among them text messages (MESSAGE). Names in messages are what the sender claims.",
      none: "No messages were found in the evidence."
    ) { record, _, row in
      row.moment(record.text("capturedAt"))
      row.cell { $0.ends(record) }
      row.cell { html in
        html.element(.strong) { html in
          if let method = record.text("method") {
            html.captured(method)
          } else {
            html.captured("\(record.text("status") ?? "?") \(record.text("reason") ?? "")")
          }
        }
        if record.text("method") == nil, let method = record.text("cseqMethod") {
          html.element(.p, [.class("note")]) { html in
            html.text("answer to ")
            html.captured(method)
          }
        }
        if record.flag("isRetransmission") == true { html.element(.p, [.class("note")], "sent again") }
        html.headers("Headers", record.objects("headers"))
        if let media = record["sdp"] {
          html.element(.details) { html in
            html.element(.summary, "Media offered")
            html.value(media)
          }
        }
      }
      for party in ["from", "to"] {
        row.cell { html in
          if let name = record.text("\(party)Name") {
            html.element(.strong) { $0.captured(name) }
            html.text(" ")
          }
          html.captured(record.text(party) ?? "")
        }
      }
      row.cell { html in
        if let text = record.text("text") { html.captured(text, lines: .kept) }
        if let sha256 = record.text("bodySha256") {
          html.element(.p) { html in
            html.text("Content ")
            html.captured(record.text("mediaType") ?? "")
            html.text(" SHA-256 ")
            self.context.artefact(sha256, &html)
          }
        }
      }
      row.cell { $0.provenance(record) }
    }
  }
}
