import EvidenceBundle
import EvidenceModel

/// What was written in chats, message by message in the order of the evidence.
struct ChatMessages {
  let context: ReportContext

  private let table = RecordTable(
    columns: [
      .init("When", .captured), .init("Chat"), .init("From", .captured), .init("To", .captured),
      .init("Text", .captured), .init("Where"),
    ], caption: "Messages in the order of the evidence")

  func write() throws(BundleError) {
    let marked = SessionPages.markedKinds.filter { context.tallies[$0.key]?.marks[$0.value] ?? 0 > 0 }
    try PageSeries(
      base: "chat", title: "Chat messages", kinds: (SessionPages.messageKinds + marked.keys).sorted(), marks: marked,
      lead: { html in
        html.element(
          .p,
          """
          What was written in chats (IRC, XMPP, MSRP, SIP MESSAGE) and sent through message brokers (MQTT), as it was \
          captured. A message that went through a server may stand here twice: once on its way to it, once on its way \
          from it. Names are what the sender or the server says; they do not show which person wrote.
          """
        )
      },
      none: "No chat messages were found in the evidence.",
      row: { record, kind, sheet in
        remember(record, kind, sheet.file)
        table.add(record, to: &sheet) { fill(record, kind, &$0) }
      },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  private func remember(_ record: Fields, _ kind: String, _ page: String) {
    guard let conversation = record.text("communityID"), let name = record.text("id"),
      context.firstMessages.count < SessionPages.maximumPlaces
    else { return }
    let key = "\(kind.prefix { $0 != "-" }) \(conversation)"
    if context.firstMessages[key] == nil { context.firstMessages[key] = .init(page: page, anchor: name, path: "") }
  }

  private func fill(_ record: Fields, _ kind: String, _ row: inout RecordTable.Row) {
    row.cell { html in
      html.moment(record.text("capturedAt"))
      if let time = record.text("writtenAt") {
        html.element(.p, [.class("note")]) { html in
          html.text("written, as it says: ")
          html.moment(time)
        }
      }
    }
    row.cell { html in
      html.text(SessionPages.protocolName(kind))
      html.element(.p, [.class("note")]) { $0.ends(record) }
    }
    row.cell { sender(record, &$0) }
    row.cell { html in
      let name = record.text("toName")
      if let name {
        html.element(.strong) { $0.captured(name) }
        html.text(" ")
      }
      if let to = record.text("to") ?? record.text("topic") {
        html.captured(to)
      } else if name == nil {
        html.element(.span, [.class("none")], "–")
      }
    }
    row.cell { content(record, kind, &$0) }
    row.cell { $0.provenance(record) }
  }

  private func sender(_ record: Fields, _ html: inout HTMLWriter) {
    let names = ["fromName", "from"].compactMap { record.text($0) }
    if !names.isEmpty {
      for (place, name) in names.enumerated() {
        if place > 0 { html.text(" ") }
        html.captured(name)
      }
      if let host = record.text("userHost") { html.element(.p, [.class("note")]) { $0.captured(host) } }
    } else if record.text("speaker") == "client", let client = record.text("clientID") ?? record.text("user") {
      html.captured(client)
    } else if record.text("speaker") == "server" {
      // A broker does not say who published.
      html.element(.span, [.class("none")], "not stated; it comes from the server")
    } else {
      html.missing("not stated")
    }
  }

  private func content(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    var isEmpty = true
    if let subject = record.text("subject") {
      html.element(.p) { $0.element(.strong) { $0.captured(subject) } }
      isEmpty = false
    }
    if let text = record.text("text") {
      html.captured(text, lines: .kept)
      isEmpty = false
    }
    if let sha256 = record.text("sha256") ?? record.text("bodySha256") {
      html.element(.p, [.class("note")]) { html in
        html.text("content ")
        if let type = record.text("mediaType") {
          html.captured(type)
          html.text(" ")
        }
        if let count = record.integer("byteCount") { html.text("\(Decimal.size(count)), ") }
        html.text("SHA-256 ")
        context.artefact(sha256, &html)
      }
      isEmpty = false
    }
    for (name, words) in Self.flags where record.flag(name) == true {
      html.element(.p, [.class("note")], words)
      isEmpty = false
    }
    for (name, words) in Self.facts {
      guard let text = record.text(name) else { continue }
      html.element(.p, [.class("note")]) { html in
        html.text("\(words): ")
        html.captured(text)
      }
      isEmpty = false
    }
    if kind == "irc-message", let command = record.text("command"), command != "PRIVMSG" {
      html.element(.p, [.class("note")]) { $0.captured(command) }
    }
    if record.flag("isComplete") == false { html.missing("incomplete") }
    if isEmpty { html.element(.span, [.class("none")], "without text") }
  }

  private static let flags = [
    ("isAction", "tells what the sender does (/me)"), ("isEncrypted", "encrypted from end to end; not readable"),
    ("isWithheld", "a secret in it is withheld"), ("isRetained", "kept by the server for those who come later"),
    ("isRetransmission", "sent again"),
  ]
  private static let facts = [
    ("request", "request between programs"), ("forwardedAs", "stood in another message as"),
    ("chatState", "state of the sender"), ("receiptFor", "receipt for message"),
    ("correctionOf", "corrects message"), ("error", "came back with the error"), ("nick", "calls itself"),
    ("thread", "thread"),
  ]
}
