import EvidenceBundle
import EvidenceModel
import Foundation

extension ReportWriter {
  mutating func writeSummary() throws {
    var body = Markup()
    body.raw(
      "<p class=\"warning\"><strong>Unsealed.</strong> Whoever holds this bundle could rewrite all of it. Compare its hashes with a receipt that somebody else keeps (see <a href=\"verify.html\">How to check</a>).</p>"
    )
    body.heading("What was examined")
    summary(&body)
    body.heading("What was found")
    found(&body)
    body.heading("What is missing")
    missing(&body)
    body.heading("The originals")
    originals(&body)
    body.heading("This examination")
    examination(&body)
    try page("index", facts.title, body)
  }

  private func summary(_ body: inout Markup) {
    let packets = facts.ledger.reduce(Int64(0)) { $0 + ($1.object("packets")?.integer("total") ?? 0) }
    let first = facts.ledger.compactMap { $0.text("firstPacketAt") }.min()
    let last = facts.ledger.compactMap { $0.text("lastPacketAt") }.max()
    var text =
      "\(Words.count(Int64(facts.originals.count), "file", "files")) with \(Words.count(packets, "packet", "packets"))"
    if let first, let last { text += ", captured between \(Words.time(first)) and \(Words.time(last))" }
    body.paragraph(text + ". All times are UTC as the recorder's clock gave them.")
    if let offset = facts.document.text("declaredClockOffsetSeconds") {
      body.raw("<p>The recorder's clock was declared to be ahead by <bdi class=\"captured\">")
      body.text(offset)
      body.raw("</bdi> seconds; times are shown as recorded.</p>")
    }
  }

  private func found(_ body: inout Markup) {
    body.raw("<ul class=\"found\">")
    let incomplete = incompleteFiles
    for (number, one, many, page) in [
      (count("sip-call", "rtp-call"), "call", "calls", "calls"),
      (count("sip-message"), "signalling message", "signalling messages", "messages"),
      (count("http-transfer"), "web transfer", "web transfers", "web"),
      (count("artefact"), "file", "files", "files"),
      (count("dns-query", "dns-answer"), "name look-up message", "name look-up messages", "dns"),
      (count("finding"), "finding", "findings", "findings"),
    ] {
      body.raw("<li>")
      body.open("a", ["href": "\(page).html"])
      body.element("strong", String(number))
      body.text(" \(number == 1 ? one : many)")
      body.raw("</a>")
      if page == "files", incomplete > 0 {
        body.raw(", <span class=\"missing\">")
        body.text("\(incomplete) incomplete")
        body.raw("</span>")
      }
      body.raw("</li>")
    }
    body.raw("</ul>")
  }

  private var incompleteFiles: Int { count("artefact", holding: "\"isComplete\":false") }

  private func missing(_ body: inout Markup) {
    var errors = 0
    var warnings = 0
    var lost = Int64(0)
    each("finding") { finding in
      if finding.text("severity") == "error" { errors += 1 }
      if finding.text("severity") == "warning" { warnings += 1 }
      if finding.text("code") == "flow/gap" { lost += finding.integer("missingBytes") ?? 0 }
    }
    let packets = facts.ledger.reduce(Int64(0)) { $0 + ($1.object("packets")?.integer("total") ?? 0) }
    let understood = LedgerPage.sum(facts, rows: ["decoded", "control", "noPayload", "retransmission"])
    let unreadable = facts.ledger.reduce(Int64(0)) { $0 + ($1.object("bytes")?.integer("unreadable") ?? 0) }
    body.paragraph(
      "\(understood) of \(packets) packets were understood or carry no content of their own; the others are listed by reason in the account of every packet."
    )
    LedgerPage.bar(understood, packets, &body)
    if unreadable > 0 {
      body.element("p", "\(unreadable) bytes of the originals could not be read at all.", class: "missing")
    }
    if lost > 0 { body.paragraph("\(lost) bytes of conversations were sent but are not in the capture.") }
    body.paragraph(
      "\(Words.count(Int64(errors), "finding is an error", "findings are errors")) (something could not be used), \(Words.count(Int64(warnings), "a warning", "warnings")) (something is odd)."
    )
  }

  private func originals(_ body: inout Markup) {
    body.raw(
      "<div class=\"scroll\"><table><thead><tr><th>Name</th><th>As received</th><th>Size</th><th>SHA-256</th></tr></thead><tbody>"
    )
    for original in facts.originals {
      body.raw("<tr>")
      body.element("td", original.text("item") ?? "")
      body.raw("<td>")
      body.captured(original.text("name") ?? "")
      if original.text("path") == nil {
        body.raw(" <span class=\"hint\">(not in this bundle, only referred to)</span>")
      }
      body.raw("</td>")
      body.element("td", Words.size(original.integer("bytes") ?? 0))
      body.raw("<td class=\"hash\"><code>")
      body.text(original.text("sha256") ?? "")
      body.raw("</code></td></tr>")
    }
    body.raw("</tbody></table></div>")
  }

  private func examination(_ body: inout Markup) {
    let tool = facts.document.object("tool")
    body.raw("<dl>")
    for (name, value) in [
      ("Case", facts.document.text("case")), ("Examiner", facts.document.text("examiner")),
      ("Received from", facts.document.text("receivedFrom")), ("Made", Words.time(facts.document.text("createdAt"))),
      ("Tool", tool.map { "exhibit \($0.text("version") ?? ""), SHA-256 of the program \($0.text("sha256") ?? "")" }),
      ("System", tool?.text("os")), ("Bundle", facts.identifier),
      ("Filter", facts.document.object("configuration")?.text("filter")),
    ] {
      guard let value else { continue }
      body.element("dt", name)
      body.raw("<dd>")
      body.captured(value)
      body.raw("</dd>")
    }
    body.raw("</dl>")
  }

  func custodyPage() -> Markup {
    var body = Self.introduction(
      "Who did what with this evidence, in order. Each event names the SHA-256 of the one before it, so that none can be changed or removed without a trace."
    )
    body.raw(
      "<div class=\"scroll\"><table><thead><tr><th>No.</th><th>When</th><th>What</th><th>Who</th><th>Details</th><th>SHA-256 of the event before</th></tr></thead><tbody>"
    )
    let folder = "\(bundle)/\(BundleLayout.custody)"
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    where name.hasSuffix(".json") {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
        let event = ValueReader.fields([UInt8](data))
      else { continue }
      body.raw("<tr>")
      body.element("td", String(event.integer("seq") ?? 0))
      body.element("td", Words.time(event.text("time")), class: "time")
      body.element("td", Self.words(event.text("type")))
      body.raw("<td>")
      body.captured(event.object("actor")?.text("id") ?? "not named")
      body.raw("</td><td>")
      if let from = event.text("receivedFrom") {
        body.raw("received from ")
        body.captured(from)
        body.raw("<br>")
      }
      for input in event.objects("inputs") {
        body.text("\(input.text("item") ?? "") ")
        body.captured(input.text("name") ?? "")
        if let hash = input.text("sha256") {
          body.raw("<br><code class=\"hash\">")
          body.text(hash)
          body.raw("</code>")
        }
        body.raw("<br>")
      }
      if let error = event.text("error") { body.element("strong", error, class: "missing") }
      body.raw("</td><td class=\"hash\"><code>")
      body.text(event.object("prev")?.text("sha256") ?? "")
      body.raw("</code></td></tr>")
    }
    body.raw("</tbody></table></div>")
    return body
  }

  private static func words(_ type: String?) -> String {
    switch type {
    case "open": "opened the case"
    case "ingest": "took the originals in"
    case "decode": "decoded them"
    case "finish": "finished"
    default: type ?? ""
    }
  }
}
