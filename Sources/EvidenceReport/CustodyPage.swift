import Custody
import EvidenceBundle
import EvidenceModel

/// The chain of custody: who had what when, and who did what, each event naming the one before it.
struct CustodyPage {
  let context: ReportContext

  /// Events that are shown.
  static let maximumEvents = 2_000

  static func words(_ type: String) -> String {
    switch type {
    case "open": "Work begun"
    case "ingest": "Originals taken in and fingerprinted"
    case "decode": "Traffic read, records written"
    case "finish": "Bundle completed"
    case "seal": "Sealed"
    case "cosign": "Signed by a further person"
    case "timestamp": "Time-stamped"
    case "renew": "Proof of time renewed"
    case "transfer.offer": "Offered to somebody else"
    case "transfer.accept": "Received and checked"
    case "transfer.refuse": "Checked and refused"
    case "access": "Looked at"
    case "exhibit.seal": "Physical exhibit sealed"
    case "exhibit.handover": "Physical exhibit handed over"
    case "exhibit.waypoint": "Physical exhibit followed"
    case "exhibit.check": "Physical exhibit checked"
    case "exhibit.anomaly": "Something unusual about a physical exhibit"
    default: type
    }
  }

  private static let table = RecordTable(
    columns: [
      .init("No."), .init("When (clock of the machine)"), .init("What"), .init("Who"),
      .init("Details"),
      .init("SHA-256 of the event before", .computed),
    ], caption: "Events in order")

  func write() throws(BundleError) {
    let events = context.contents.events()
    try context.page("custody.html", title: "Custody", of: "custody.html") { html in
      guard !events.isEmpty else {
        return html.element(.p, [.class("fault")]) { $0.missing("this bundle has no custody events") }
      }
      HolderSection(history: CustodyHistory(context.contents.path)).write(&html)
      html.element(.h2, "All events")
      html.element(
        .p,
        """
        Each step was written down when it was done. Every event holds the fingerprint (SHA-256) of the one before \
        it, so that no event can be changed or taken out of the middle without a trace.
        """
      )
      var rows = HTMLWriter()
      var signers: [EventSigner] = []
      for name in events.prefix(Self.maximumEvents) {
        if let signer = row(name, &rows) { signers.append(signer) }
      }
      Self.summary(signers, &html)
      Self.table.write(rows, &html)
      if events.count > Self.maximumEvents {
        html.element(
          .p, [.class("fault")],
          "\(Decimal.grouped(events.count - Self.maximumEvents)) more stand in the folder custody.")
      }
      html.element(
        .p, [.class("note")],
        """
        The first event names 64 zeros. A chain cannot show that events at its end were removed; a receipt, a seal \
        or a time-stamp kept elsewhere can.
        """
      )
    }
  }

  /// Says in a sentence for each person how many events they signed.
  static func summary(_ signers: [EventSigner], _ html: inout HTMLWriter) {
    var counts: [(signer: EventSigner, count: Int)] = []
    for signer in signers {
      if let place = counts.firstIndex(where: { $0.signer == signer }) {
        counts[place].count += 1
      } else if counts.count < 100 {
        counts.append((signer, 1))
      }
    }
    html.element(.ul, [.class("statements")]) { html in
      for (signer, count) in counts {
        html.element(.li) { html in
          let events = Decimal.count(count, "event", "events")
          if let name = signer.name {
            html.text("\(events) by ")
            html.captured(name)
          } else {
            html.text("\(events) that \(count == 1 ? "names" : "name") ")
            html.missing("nobody")
          }
          if let role = signer.role {
            html.text(" (")
            html.captured(role)
            html.text(")")
          }
          html.text(": ")
          signer.signature(&html)
        }
      }
    }
    guard signers.contains(where: \.hasSignature) else { return }
    html.element(
      .p, [.class("note")],
      """
      Whether a signature is right, and whether anybody vouches for its certificate, is checked with certificates that \
      you obtained yourself: the page “How to verify” and VERIFY.txt have the commands.
      """
    )
  }

  /// Writes an event's row; gives who signed it, or nil when it cannot be read.
  private func row(_ name: String, _ rows: inout HTMLWriter) -> EventSigner? {
    guard let event = context.contents.document("custody/\(name)") else {
      Self.table.row(&rows) { row in
        row.cell(String(name.prefix(6)))
        row.cell { $0.missing("custody/\(name) cannot be read") }
      }
      return nil
    }
    let signer = EventSigner(event, event: name, in: context.contents)
    let shown: Set<String> = ["v", "bundle", "seq", "prev", "time", "type", "actor", "case"]
    Self.table.row(&rows) { row in
      row.cell(event.text("seq") ?? "")
      row.moment(event.text("time"))
      row.cell { html in
        html.element(.strong) { $0.captured(Self.words(event.text("type") ?? "")) }
        if let mode = event.text("mode") { html.element(.p, [.class("note")]) { $0.captured(mode) } }
        if let exit = event.integer("exit"), exit != 0 {
          html.element(.p, [.class("note")], exit == 3 ? "part of the input could not be used" : "exit status \(exit)")
        }
      }
      row.cell { html in
        if let name = signer.name { html.captured(name) } else { html.missing("not stated") }
        if let role = signer.role { html.element(.p, [.class("note")]) { $0.captured(role) } }
        html.element(.p, [.class("note")]) { signer.signature(&$0) }
      }
      row.cell { html in
        html.element(.details) { html in
          html.element(.summary, "custody/\(name)")
          html.element(.dl, [.class("facts")]) { html in
            for entry in event.entries where !shown.contains(entry.name) {
              html.field(entry)
            }
          }
        }
      }
      row.cell {
        $0.element(.code, [.class("hash")], event.object("prev")?.text("sha256") ?? "")
      }
    }
    return signer
  }
}
