import EvidenceBundle
import EvidenceModel

/// The pages of chats and sessions: each conversation with its transcript, and what was written in chats, in its order.
struct SessionPages {
  static let file = "sessions.html"
  static let messagesFile = "chat.html"
  static let sessionKinds = [
    "ftp-session", "imap-session", "irc-session", "mqtt-session", "msrp-session", "pop3-session", "rlogin-session",
    "smtp-session", "telnet-session", "xmpp-session",
  ]
  static let messageKinds = ["irc-message", "mqtt-message", "msrp-message", "xmpp-message"]
  /// Kinds of which some records stand in the list of messages, and by which mark they are known.
  static let markedKinds = ["sip-message": #""method":"MESSAGE""#]

  /// Bytes of a transcript that are shown.
  static let maximumTranscriptByteCount = 16_384
  /// Conversations whose first message is remembered, for the link to it.
  static let maximumPlaces = 100_000

  let context: ReportContext

  static func sessionCount(_ context: ReportContext) -> Int64 {
    sessionKinds.reduce(0) { $0 + context.count($1) }
  }

  static func messageCount(_ context: ReportContext) -> Int64 {
    messageKinds.reduce(0) { $0 + context.count($1) }
      + markedKinds.reduce(0) { $0 + (context.tallies[$1.key]?.marks[$1.value] ?? 0) }
  }

  /// Writes the messages first: sessions link to them.
  func write() throws(BundleError) {
    if Self.messageCount(context) > 0 { try ChatMessages(context: context).write() }
    if Self.sessionCount(context) > 0 { try writeSessions() }
  }

  // MARK: Sessions

  private var overview: RecordTable {
    RecordTable(
      columns: [
        .init("Session"), .init("Begins", .captured), .init("Protocol"), .init("Who", .captured),
        .init("Client → server", .captured), .init("Messages"), .init("Lines"),
      ], caption: "Sessions on this page, in the order of the evidence")
  }

  private func writeSessions() throws(BundleError) {
    try PageSeries(
      base: "sessions", title: "Chats and sessions", kinds: Self.sessionKinds, rowsPerPage: 100,
      lead: { html in
        html.element(
          .p,
          """
          Each entry is one connection over which a person or a program held a dialogue: a chat, a terminal, a transfer \
          of files or mail. The transcript is made of the captured bytes: both directions with their times, control \
          characters made visible, passwords withheld, and messages and files named in place of their bytes. Names of \
          people are what they call themselves.
          """
        )
      },
      none: "No chats or sessions were found in the evidence.",
      row: { record, kind, sheet in
        overviewRow(record, kind, &sheet)
        card(record, kind, &sheet)
      },
      assemble: { sheet, html in
        overview.write(sheet.overview, &html)
        html.append(sheet.body)
      }
    ).write(context)
  }

  /// The name of a kind's protocol.
  static func protocolName(_ kind: String) -> String {
    switch kind.prefix(while: { $0 != "-" }) {
    case "telnet": "Telnet"
    case "rlogin": "rlogin"
    case let name: name.uppercased()
    }
  }

  /// Who is on the client's side, by the first field that says so.
  private static func who(_ record: Fields) -> String? {
    for name in ["nick", "account", "user", "clientID", "clientName"] {
      if let text = record.text(name), !text.isEmpty { return text }
    }
    return nil
  }

  private func overviewRow(_ record: Fields, _ kind: String, _ sheet: inout PageSeries.Sheet) {
    let name = record.text("id") ?? ""
    overview.row(&sheet.overview) { row in
      row.name { html in
        if let link = LocalLink(anchor: name) { html.element(.a, [.href(link)], name) } else { html.captured(name) }
      }
      row.moment(record.text("capturedAt"))
      row.cell(Self.protocolName(kind))
      row.captured(Self.who(record))
      row.cell { $0.ends(record) }
      row.number(record.integer("messageCount") ?? record.integer("transferCount"))
      row.number(record.integer("lineCount") ?? record.integer("packetCount") ?? record.integer("stanzaCount"))
    }
  }

  /// Fields that a card shows in its own words, or that every record has.
  private static let shown: Set<String> = [
    "kind", "id", "decoder", "provenance", "capturedAt", "endedAt", "source", "destination", "transport", "communityID",
    "transcriptSha256", "isComplete", "isEncrypted",
  ]

  private func card(_ record: Fields, _ kind: String, _ sheet: inout PageSeries.Sheet) {
    var byteCount = 0
    sheet.body.element(.section, [.class("entry")] + (record.text("id").map { [.id($0)] } ?? [])) { html in
      html.element(.h2) { html in
        html.text("\(Self.protocolName(kind)) ")
        if let who = Self.who(record) { html.captured(who) }
        html.text(" \(record.text("id") ?? "")")
      }
      html.element(.dl, [.class("facts")]) { html in
        html.fact("Begins", .captured) { $0.moment(record.text("capturedAt")) }
        if let end = record.text("endedAt") { html.fact("Last packet", .captured) { $0.moment(end) } }
        html.fact("Client → server", .captured) { $0.ends(record) }
        for entry in record.entries where !Self.shown.contains(entry.name) { html.field(entry) }
        records(record, kind, &html)
        if let sha256 = record.text("transcriptSha256") {
          html.fact("Transcript", .computed) { context.artefact(sha256, &$0) }
        }
        html.fact("Where it comes from", nil) { $0.provenance(record) }
      }
      if record.flag("isEncrypted") == true {
        html.element(.p, [.class("remark")]) { html in
          html.text("A part of this connection is encrypted and was not read. ")
          html.mark(.missing)
        }
      } else if record.flag("isComplete") == false {
        html.element(.p, [.class("remark")]) { html in
          html.text("A part of this connection was not captured, or could not be read. ")
          html.mark(.missing)
        }
      }
      byteCount = transcript(record, &html)
    }
    sheet.bytes += byteCount
  }

  /// Links to the first message of the session, and to the pages of its protocol's other records.
  private func records(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    let name = kind.prefix { $0 != "-" }
    var links: [(words: String, link: LocalLink)] = []
    if let conversation = record.text("communityID"), let place = context.firstMessages["\(name) \(conversation)"],
      let link = LocalLink(page: place.page, anchor: place.anchor)
    {
      links.append(("messages between these two ends, from \(place.anchor) on", link))
    }
    for other in context.tallies.keys.sorted() where other.hasPrefix("\(name)-") && other != kind {
      guard context.count(other) > 0, !Self.messageKinds.contains(other) else { continue }
      let page =
        MailPages.transferKinds.contains(other)
        ? "mail-transfers.html"
        : TrafficPages.transfers.contains(other) ? "web.html" : "\(OtherRecordsPage.base(other)).html"
      if let link = LocalLink(page: page) { links.append(("all of kind \(OtherRecordsPage.title(other))", link)) }
    }
    guard !links.isEmpty else { return }
    html.fact("Records", nil) { html in
      for (place, entry) in links.enumerated() {
        if place > 0 { html.text(" · ") }
        html.element(.a, [.href(entry.link)], entry.words)
      }
    }
  }

  /// Writes the beginning of the transcript, folded; gives how many bytes.
  private func transcript(_ record: Fields, _ html: inout HTMLWriter) -> Int {
    guard let sha256 = record.text("transcriptSha256") else { return 0 }
    guard let reading = context.contents.beginning(of: sha256, context, Self.maximumTranscriptByteCount) else {
      html.element(.p) { $0.missing("the transcript is not in the bundle") }
      return 0
    }
    var text = reading.bytes[...]
    if reading.isCut, let end = text.lastIndex(of: 0x0a) { text = text[...end] }
    html.element(.details) { html in
      html.element(.summary) { html in
        html.text("Transcript ")
        html.mark(.computed)
      }
      html.letter(String(decoding: text, as: UTF8.self))
      if reading.isCut {
        html.element(.p, [.class("note")], "Only the beginning is shown; the artefact holds all of it.")
      }
    }
    return text.count
  }
}
