import EvidenceBundle
import EvidenceModel

/// The pages of mail: each message as it describes itself, with its text and attachments, and each transfer of one.
struct MailPages {
  static let kinds = ["mail-message", "mail-part", "smtp-message", "pop3-message", "imap-message"]
  static let transferKinds = ["smtp-message", "pop3-message", "imap-message"]

  /// Messages of a page; also the parts and transfers of a message that are listed.
  static let messagesPerPage: Int64 = 100
  static let maximumParts = 200
  static let maximumTransfers = 20
  /// What stands in a part, and is read besides.
  static let innerKinds = ["tnef-message", "tnef-attachment", "uuencode-file"]
  static let maximumInner = 10_000
  static let maximumInnerDepth = 4
  /// Bytes of a message's text that are shown.
  static let maximumTextByteCount = 32_768

  let context: ReportContext

  func write() throws(BundleError) {
    try writeMessages()
    try writeTransfers()
  }

  // MARK: Messages

  /// What belongs to the messages that are shown, by the SHA-256 of each.
  private struct Members {
    var parts: [String: [Fields]] = [:]
    var transfers: [String: [Fields]] = [:]
    /// What stands in an artefact, by its SHA-256.
    var inner: [String: [Fields]] = [:]
  }

  private func members() -> Members {
    var members = Members()
    var shown: Set<String> = []
    var wanted = Self.messagesPerPage * Int64(context.maximumPages)
    for line in context.contents.records("mail-message") {
      wanted -= 1
      if wanted < 0 { break }
      if let sha256 = ValueReader.fields(line)?.text("parentSha256") { shown.insert(sha256) }
    }
    for line in context.contents.records("mail-part") {
      guard let record = ValueReader.fields(line), let sha256 = record.text("parentSha256"), shown.contains(sha256),
        members.parts[sha256]?.count ?? 0 <= Self.maximumParts
      else { continue }
      // A message that came twice has its parts twice.
      let part = record.text("part")
      if members.parts[sha256]?.contains(where: { $0.text("part") == part }) != true {
        members.parts[sha256, default: []].append(record)
      }
    }
    for kind in Self.transferKinds {
      for line in context.contents.records(kind) {
        guard let record = ValueReader.fields(line), let sha256 = record.text("sha256"), shown.contains(sha256),
          members.transfers[sha256]?.count ?? 0 <= Self.maximumTransfers
        else { continue }
        members.transfers[sha256, default: []].append(record)
      }
    }
    var innerLeft = Self.maximumInner
    for kind in Self.innerKinds {
      for line in context.contents.records(kind) where innerLeft > 0 {
        guard let record = ValueReader.fields(line), let sha256 = record.text("parentSha256"),
          members.inner[sha256]?.count ?? 0 <= Self.maximumParts
        else { continue }
        innerLeft -= 1
        members.inner[sha256, default: []].append(record)
      }
    }
    return members
  }

  private func writeMessages() throws(BundleError) {
    let members = members()
    try PageSeries(
      base: "mail", title: "Mail", kinds: ["mail-message"], rowsPerPage: Self.messagesPerPage,
      lead: { html in
        html.element(
          .p,
          """
          Each entry is a message as its own header describes it. Names, addresses and dates in a header are what its \
          author wrote and can be made up; the time of capture, the envelope and the server's answers are not from the \
          header. Addresses are shown as text on purpose: nothing here leads to the outside.
          """
        )
      },
      none: "No mail messages were found in the evidence.",
      row: { record, _, sheet in message(record, members, &sheet.body) },
      assemble: { sheet, html in html.append(sheet.body) }
    ).write(context)
  }

  private func message(_ record: Fields, _ members: Members, _ html: inout HTMLWriter) {
    let sha256 = record.text("parentSha256") ?? ""
    html.element(.section, [.class("entry")] + (record.text("id").map { [.id($0)] } ?? [])) { html in
      html.element(.h2) { html in
        if let subject = record.text("subject"), !subject.isEmpty {
          html.captured(subject)
        } else {
          html.element(.span, [.class("none")], "without a subject")
        }
      }
      html.element(.dl, [.class("facts")]) { html in
        for (title, name) in [
          ("From", "from"), ("Sent for the author by", "sender"), ("To", "to"), ("Copy to", "cc"),
          ("Hidden copy to", "bcc"), ("Answers to", "replyTo"),
        ] {
          if let text = record.text(name) { html.fact(title, .captured) { $0.captured(text) } }
        }
        if let date = record.text("date") {
          html.fact("Written at, as it says", .captured) { html in
            if let moment = record.text("writtenAt") { html.moment(moment) } else { html.captured(date) }
          }
        }
        html.fact("Captured", nil) { $0.moment(record.text("capturedAt")) }
        html.fact("The message", nil) { context.artefact(sha256, &$0) }
        html.fact("Where it comes from", nil) { $0.provenance(record) }
      }
      if record.flag("isHeadOnly") == true {
        html.element(.p, [.class("remark")]) { html in
          html.text("Only header fields were sent, as in the listing of a mailbox. ")
          html.mark(.missing)
        }
      } else if record.flag("isComplete") == false {
        html.element(.p, [.class("remark")]) { html in
          html.text("The message is not whole: a part of it was not captured, or it ends before its end. ")
          html.mark(.missing)
        }
      }
      transfers(members.transfers[sha256] ?? [], &html)
      text(record, &html)
      attachments(members.parts[sha256] ?? [], record, members, &html)
      html.headers("All header fields", record.objects("headers"))
    }
  }

  private func transfers(_ transfers: [Fields], _ html: inout HTMLWriter) {
    guard !transfers.isEmpty else { return }
    html.element(.h3, "How it was transferred")
    html.element(.ul, [.class("members")]) { html in
      for transfer in transfers.prefix(Self.maximumTransfers) {
        html.element(.li) { html in
          html.moment(transfer.text("capturedAt"))
          html.text(" ")
          html.captured(Self.words(transfer))
          html.text(", record \(transfer.text("id") ?? ""), ")
          html.ends(transfer)
        }
      }
    }
    if transfers.count > Self.maximumTransfers {
      html.element(.p, [.class("note")], "More transfers of this message stand in the records.")
    }
  }

  private static func words(_ transfer: Fields) -> String {
    switch transfer.text("kind") {
    case "smtp/message": "handed over (SMTP) by \(transfer.text("clientName") ?? "a client")"
    case "pop3/message": "fetched from a mailbox (POP3) of \(transfer.text("user") ?? "an unknown user")"
    default:
      transfer.text("command") == "APPEND"
        ? "stored in the folder \(transfer.text("mailbox") ?? "?") (IMAP) by \(transfer.text("user") ?? "an unknown user")"
        : "fetched from the folder \(transfer.text("mailbox") ?? "?") (IMAP) of \(transfer.text("user") ?? "an unknown user")"
    }
  }

  private func text(_ record: Fields, _ html: inout HTMLWriter) {
    let plain = record.text("textSha256")
    guard let sha256 = plain ?? record.text("htmlSha256") else { return }
    let reading = context.contents.beginning(of: sha256, context, Self.maximumTextByteCount)
    html.element(.h3) { html in
      html.text(plain == nil ? "Text, its HTML left out " : "Text ")
      html.mark(plain == nil ? .computed : .captured)
    }
    guard let reading else { return html.element(.p) { $0.missing("the text is not in the bundle") } }
    let shown =
      plain == nil ? HTMLText.plain(reading.bytes) : MessageText.decode(reading.bytes, charset: record.text("charset"))
    html.letter(shown)
    html.element(.p, [.class("note")]) { html in
      if reading.isCut { html.text("Only the beginning is shown. ") }
      html.text("SHA-256 ")
      context.artefact(sha256, &html)
    }
  }

  private func attachments(_ parts: [Fields], _ record: Fields, _ members: Members, _ html: inout HTMLWriter) {
    let bodies = [record.text("textSha256"), record.text("htmlSha256")].compactMap { $0 }
    let inText = bodies.flatMap { members.inner[$0] ?? [] }
    if !inText.isEmpty {
      html.element(.h3, "Files that stand in the text (\(inText.count))")
      inner(inText, members, 1, &html)
    }
    let others = parts.filter { part in !bodies.contains { $0 == part.text("sha256") } }
    guard !others.isEmpty else { return }
    html.element(.h3, "Parts and attachments (\(others.count))")
    html.element(.ul, [.class("members")]) { html in
      for part in others.prefix(Self.maximumParts) {
        html.element(.li, part.text("id").map { [.id($0)] } ?? []) { html in
          file(part, &html)
          inner(part.text("sha256").flatMap { members.inner[$0] } ?? [], members, 1, &html)
        }
      }
    }
    if others.count > Self.maximumParts {
      html.element(.p, [.class("note")], "More parts stand in the records.")
    }
  }

  /// A part or file: its name, type, size and hash.
  private func file(_ part: Fields, _ html: inout HTMLWriter) {
    if let name = part.text("fileName") {
      html.element(.strong) { $0.captured(name) }
      html.text(" ")
    }
    if let mediaType = part.text("mediaType") {
      html.text("declared as ")
      html.captured(mediaType)
      html.text(", ")
    }
    if let size = part.integer("byteCount") { html.text(Decimal.size(size)) }
    if let sha256 = part.text("sha256") {
      html.text(", SHA-256 ")
      context.artefact(sha256, &html)
    }
    if part.flag("isComplete") == false {
      html.text(" ")
      html.missing("incomplete")
    }
  }

  /// What stands in an artefact: attachments of a TNEF message, files in a text.
  private func inner(_ records: [Fields], _ members: Members, _ depth: Int, _ html: inout HTMLWriter) {
    guard !records.isEmpty, depth <= Self.maximumInnerDepth else { return }
    html.element(.ul, [.class("members")]) { html in
      for record in records.prefix(Self.maximumParts) {
        // Without the record's identifier: the same artefact may stand in two messages.
        html.element(.li) { html in
          if record.text("kind") == "tnef/message" {
            outlook(record, &html)
          } else {
            file(record, &html)
            inner(record.text("sha256").flatMap { members.inner[$0] } ?? [], members, depth + 1, &html)
          }
        }
      }
    }
    if records.count > Self.maximumParts {
      html.element(.p, [.class("note")], "More of them stand in the records.")
    }
  }

  /// A message in TNEF, as it describes itself.
  private func outlook(_ record: Fields, _ html: inout HTMLWriter) {
    html.text("message in it: ")
    html.element(.strong) { $0.captured(record.text("subject") ?? "") }
    for (words, name) in [(" from ", "from"), (" to ", "to"), (" copy to ", "cc")] {
      guard let text = record.text(name) else { continue }
      html.text(words)
      html.captured(text)
    }
    for (words, name) in [("its text", "textSha256"), ("its HTML", "htmlSha256"), ("its rich text", "rtfSha256")] {
      guard let sha256 = record.text(name) else { continue }
      html.text(", \(words) ")
      context.artefact(sha256, &html)
    }
    if record.flag("isComplete") == false {
      html.text(" ")
      html.missing("incomplete")
    }
  }

  // MARK: Transfers

  private func writeTransfers() throws(BundleError) {
    let table = RecordTable(
      columns: [
        .init("When", .captured), .init("How"), .init("From → to", .captured), .init("Envelope or folder", .captured),
        .init("Answer", .captured), .init("Message"), .init("Where"),
      ], caption: "Transfers of mail in the order of the evidence")
    try PageSeries(
      base: "mail-transfers", title: "Mail transfers", kinds: Self.transferKinds,
      lead: { html in
        html.element(
          .p,
          """
          Each entry is a message, or a part of one, that was handed to a server, fetched from a mailbox or stored in \
          one. The envelope (who gave it to whom) need not agree with the message's own header.
          """
        )
      },
      none: "No transfers of mail were found in the evidence.",
      row: { record, kind, sheet in table.add(record, to: &sheet) { transfer(record, kind, &$0) } },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  private func transfer(_ record: Fields, _ kind: String, _ row: inout RecordTable.Row) {
    row.moment(record.text("capturedAt"))
    row.cell(
      kind == "smtp-message"
        ? "SMTP, handed over" : kind == "pop3-message" ? "POP3, fetched" : Self.imapWords(record))
    row.cell { $0.ends(record) }
    row.cell { html in
      if kind == "smtp-message" {
        html.element(.p) { html in
          html.text("from ")
          html.captured(record.text("mailFrom").map { $0.isEmpty ? "(nobody)" : $0 } ?? "(not recorded)")
        }
        html.element(.ul, [.class("members")]) { html in
          for recipient in record.objects("recipients").prefix(HTMLWriter.maximumMembers) {
            html.element(.li) { html in
              html.text("for ")
              html.captured(recipient.text("address") ?? "")
              if let status = recipient.text("status") {
                html.text(status.hasPrefix("2") ? " (accepted)" : " (refused: ")
                if !status.hasPrefix("2") {
                  html.captured("\(status) \(recipient.text("reply") ?? "")")
                  html.text(")")
                }
              }
            }
          }
        }
      } else {
        if let mailbox = record.text("mailbox") { html.captured(mailbox) }
        if let number = record.text("uid") ?? record.text("messageNumber") { html.text(" no. \(number)") }
        if let section = record.text("section"), !section.isEmpty {
          html.text(", section ")
          html.captured(section)
        }
      }
      if let user = record.text("user") {
        html.element(.p, [.class("note")]) { html in
          html.text("logged in as ")
          html.captured(user)
        }
      }
    }
    row.cell { html in
      if let status = record.text("status") {
        html.captured("\(status) \(record.text("reply") ?? "")")
      } else if kind == "smtp-message" {
        html.missing("answer not recorded")
      }
    }
    row.cell { html in
      if let sha256 = record.text("sha256") {
        html.text("SHA-256 ")
        context.artefact(sha256, &html)
      }
      if record.flag("isComplete") == false {
        html.text(" ")
        html.missing("incomplete")
      }
    }
    row.cell { $0.provenance(record) }
  }

  private static func imapWords(_ record: Fields) -> String {
    record.text("command") == "APPEND" ? "IMAP, stored" : "IMAP, fetched"
  }
}
