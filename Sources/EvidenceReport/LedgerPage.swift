import EvidenceModel

/// The account of every packet in plain words.
enum LedgerPage {
  static func body(_ facts: BundleFacts) -> Markup {
    var body = Markup()
    body.element(
      "p",
      "Every packet of every original stands in exactly one row, and the rows add up to the original. What was not decoded is listed by its reason.",
      class: "lead")
    for original in facts.ledger {
      let packets = original.object("packets") ?? [:]
      let bytes = original.object("bytes") ?? [:]
      body.element("h2", original.text("original") ?? "")
      body.paragraph(
        "\(bytes.integer("total") ?? 0) bytes = \(bytes.integer("packetData") ?? 0) in packets + \(bytes.integer("framing") ?? 0) of the file's own framing + \(bytes.integer("unreadable") ?? 0) that could not be read."
      )
      witness(original, &body)
      body.raw(
        "<div class=\"scroll\"><table><thead><tr><th>What became of them</th><th>Packets</th><th>Bytes of content</th></tr></thead><tbody>"
      )
      for row in packets.objects("rows") {
        body.raw("<tr><td>")
        body.text(words(row.text("row") ?? "", row.text("detail")))
        body.raw("</td>")
        body.element("td", String(row.integer("packets") ?? 0), class: "number")
        body.element("td", String(row.integer("payloadBytes") ?? 0), class: "number")
        body.raw("</tr>")
      }
      body.raw("</tbody><tfoot><tr><th>All packets of the original</th>")
      body.element("th", String(packets.integer("total") ?? 0), class: "number")
      body.raw("<th></th></tr></tfoot></table></div>")
    }
    return body
  }

  private static func witness(_ original: Fields, _ body: inout Markup) {
    let witness = original.object("witness") ?? [:]
    switch witness.text("verdict") {
    case "agrees":
      body.paragraph("A second, independent reading with libpcap counts the same packets and bytes.")
    case "differs":
      body.element(
        "p",
        "A second reading with libpcap counts \(witness.integer("packets") ?? 0) packets with \(witness.integer("bytes") ?? 0) bytes: see the findings.",
        class: "missing")
    default:
      body.paragraph(
        "libpcap could not read this original a second time (\(witness.text("reason") ?? "no reason given")).")
    }
  }

  static func words(_ row: String, _ detail: String?) -> String {
    let what = detail ?? ""
    return switch row {
    case "decoded": "decoded as \(what)"
    case "control": "messages about the network itself (ICMP, ARP), without content"
    case "noPayload": "acknowledgements and connection set-up, without content"
    case "retransmission": "sent again; the content was seen before"
    case "unclaimed": "not decoded: no decoder knows this conversation (\(what))"
    case "candidate": "not decoded: has the form of media, but nothing proves it"
    case "afterFault": "not decoded: the \(what) decoder could not go on"
    case "afterEnd": "not decoded: came after the end of its conversation"
    case "outOfWindow": "not decoded: fits nothing else of its conversation"
    case "truncated": "cut short by the recorder; decoded as far as it goes"
    case "fragment": "not decoded: a fragment of a larger packet"
    case "otherProtocol": "not decoded: \(what)"
    case "malformed": "not decoded: damaged header (\(what))"
    case "outsideFilter": "left out by the filter that this run was given"
    default: "\(row) \(what)"
    }
  }

  static func sum(_ facts: BundleFacts, rows: Set<String>) -> Int64 {
    facts.ledger.reduce(0) { sum, original in
      sum
        + (original.object("packets")?.objects("rows") ?? []).reduce(0) {
          $0 + (rows.contains($1.text("row") ?? "") ? $1.integer("packets") ?? 0 : 0)
        }
    }
  }

  /// A bar that shows a part of a whole.
  static func bar(_ part: Int64, _ whole: Int64, _ body: inout Markup) {
    let width = whole > 0 ? part * 1_000 / whole : 0
    body.open(
      "svg",
      [
        "class": "bar", "viewBox": "0 0 1000 10", "preserveAspectRatio": "none", "role": "img",
        "aria-label": "\(width / 10) percent",
      ])
    body.open("rect", ["class": "whole", "width": "1000", "height": "10"])
    body.raw("</rect>")
    body.open("rect", ["class": "received", "width": String(width), "height": "10"])
    body.raw("</rect></svg>")
  }
}
