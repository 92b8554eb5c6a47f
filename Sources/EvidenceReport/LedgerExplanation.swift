import EvidenceModel

/// The account in plain words: what was understood, what was not and why, what that may mean, and what one can do.
struct LedgerExplanation {
  private var packets: [String: Int64] = [:]
  private var content: [String: Int64] = [:]
  private var total: Int64 = 0
  private var totalContent: Int64 = 0
  private var understoodContent: Int64 = 0
  private var unreadableBytes: Int64 = 0
  /// Protocols that are guessed, with their content bytes.
  private var guesses: [String: Int64] = [:]

  init(_ ledger: Fields?) {
    for original in ledger?.objects("originals") ?? [] {
      unreadableBytes &+= original.object("bytes")?.integer("unreadable") ?? 0
      for row in original.object("packets")?.objects("rows") ?? [] {
        let kind = LedgerPage.words(row.text("row") ?? "").class
        let isIncomplete = row.text("detail") == "incomplete"
        let name = (row.text("row") ?? "") + (isIncomplete ? " incomplete" : "")
        let bytes = row.integer("payloadBytes") ?? 0
        packets[name, default: 0] &+= row.integer("packets") ?? 0
        content[name, default: 0] &+= bytes
        total &+= row.integer("packets") ?? 0
        if kind != .carrier || isIncomplete { totalContent &+= bytes }
        if kind == .understood { understoodContent &+= bytes }
      }
      for entry in original.objects("unclaimed") {
        guard let guess = entry.text("guess") else { continue }
        guesses[guess, default: 0] &+= entry.integer("payloadBytes") ?? 0
      }
    }
  }

  func write(_ html: inout HTMLWriter) {
    guard total > 0 || unreadableBytes > 0 else { return }
    html.element(.section) { html in
      html.element(.h2, "In plain words")
      html.element(.p, [.class("lead")]) { html in
        html.text(
          """
          Of \(Decimal.count(totalContent, "byte", "bytes")) of content (repetitions and network control not counted), \
          \(Decimal.percent(understoodContent, of: totalContent)) were read and understood. 
          """)
        html.text(
          reasons.isEmpty
            ? "Nothing with content was left unread."
            : "The rest, and why it was not, is explained here; what was recorded of it stands in the originals.")
      }
      guard !reasons.isEmpty else { return }
      LedgerExplanation.table.write(body, &html)
    }
  }

  private static let table = RecordTable(
    columns: [
      .init("What was not understood"), .init("Packets"), .init("Bytes of content"), .init("What it may mean"),
      .init("What one can do"),
    ], caption: "What may be missing, and what one can do")

  private struct Reason {
    let rows: [String]
    let what: String
    let meaning: String
    let advice: String
  }

  private var body: HTMLWriter {
    var body = HTMLWriter()
    for reason in reasons {
      Self.table.row(&body) { cells in
        cells.cell(reason.what)
        cells.number(reason.rows.isEmpty ? nil : reason.rows.reduce(0) { $0 &+ (packets[$1] ?? 0) })
        cells.number(reason.rows.isEmpty ? unreadableBytes : reason.rows.reduce(0) { $0 &+ (content[$1] ?? 0) })
        cells.cell { html in
          html.text(reason.meaning)
          if reason.rows == ["unclaimed"], !guesses.isEmpty {
            html.text(" By guess, mostly: ")
            for (place, name) in largest.enumerated() {
              if place > 0 { html.text(", ") }
              html.captured(name)
            }
            html.text(".")
          }
        }
        cells.cell(reason.advice)
      }
    }
    return body
  }

  private var largest: [String] {
    guesses.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(4).map(\.key)
  }

  private var reasons: [Reason] {
    let all = Self.known.filter { reason in
      reason.rows.isEmpty ? unreadableBytes > 0 : reason.rows.contains { (packets[$0] ?? 0) > 0 }
    }
    return all
  }

  private static let known: [Reason] = [
    Reason(
      rows: ["unclaimed"], what: "Conversations in protocols that this program does not read, or that are encrypted",
      meaning: "There may be messages, files or calls in them that this report does not show.",
      advice: """
        The tables below say which protocols these probably are. Ask for them to be examined with another program; what is \
        encrypted needs the keys of one of the parties.
        """),
    Reason(
      rows: ["otherProtocol"], what: "Packets of network protocols that are not read",
      meaning: "Mostly the network's own business; a tunnel that is not known may carry conversations.",
      advice: "Ask a technician whether the protocol named in the table below can carry what you look for."),
    Reason(
      rows: ["candidate"], what: "What looks like voice, video or fax, without proof",
      meaning: "There may be a call in it whose set-up was not captured.",
      advice: "Ask for captures from other places, or of the signalling."),
    Reason(
      rows: ["truncated"], what: "Packets that the recorder cut short",
      meaning: "The rest of their content was never recorded.",
      advice: "It cannot be recovered from this capture. Ask whoever recorded it for a capture with whole packets."),
    Reason(
      rows: ["outsideFilter"], what: "Packets outside the filter of this run",
      meaning: "They were left out on purpose.",
      advice: "If the order covers them, have the originals processed again with another filter."),
    Reason(
      rows: ["fragment incomplete"], what: "Pieces of packets whose other pieces are missing",
      meaning: "Nothing could be made of the pieces that were captured.",
      advice: "Ask for captures from other places; the findings name the packets."),
    Reason(
      rows: ["afterFault"], what: "Conversations that a reader began to understand and gave up",
      meaning: "Something contradicts the protocol, by damage, loss or intent.",
      advice: "The findings name the packet; a technician can look at it by hand."),
    Reason(
      rows: ["malformed", "outOfWindow", "afterEnd"], what: "Packets that contradict themselves or their conversation",
      meaning: "Damaged, forged, or left over from other connections.",
      advice: "If there are many, ask how the capture was made."),
    Reason(
      rows: ["crashed"], what: "Packets on which the program ended",
      meaning: "A fault of this program, or an attempt to exploit one.",
      advice: "Report it to the program's makers; the findings name the packets."),
    Reason(
      rows: [], what: "Part of a file that could not be read",
      meaning: "The file is damaged from there on, or no capture at all.",
      advice: "Ask for another copy of the original; compare its hash."),
  ]
}

/// What no decoder took, by what it might be.
enum UnclaimedTable {
  private static let table = RecordTable(
    columns: [
      .init("Probably", .inferred), .init("Guessed from"), .init("Port"), .init("Packets"), .init("Bytes of content"),
    ], caption: "Conversations that no reader knew, by guess")

  /// Rows of an original that are shown.
  static let maximumRows = 300

  static func write(_ entries: [Fields], _ html: inout HTMLWriter) {
    guard !entries.isEmpty else { return }
    html.element(.h3, "What the unread conversations probably are")
    html.element(
      .p, [.class("note")],
      """
      A guess from the first bytes or, where they say nothing, from the port alone, which anybody may use for anything. \
      The largest stand first.
      """)
    var body = HTMLWriter()
    for entry in entries.prefix(maximumRows) {
      table.row(&body) { cells in
        cells.cell { html in
          if let guess = entry.text("guess") {
            html.captured(guess)
          } else if let others = entry.integer("others") {
            html.text("\(Decimal.grouped(others)) more kinds together")
          } else {
            html.text("not known")
          }
        }
        cells.cell { html in
          if let evidence = entry.text("evidence") { html.captured(evidence) } else { html.text("–") }
        }
        cells.cell { html in
          html.captured(entry.text("transport") ?? "")
          if let port = entry.integer("port") { html.text(" \(port)") }
        }
        cells.number(entry.integer("packets"))
        cells.number(entry.integer("payloadBytes"))
      }
    }
    table.write(body, &html)
  }
}
