import EvidenceBundle
import EvidenceModel

/// The account of every packet: what became of it, in words, and that the sums are right.
struct LedgerPage {
  let context: ReportContext

  /// How a row counts towards what was understood.
  enum Class: String, CaseIterable {
    case understood, carrier, notRead, lost

    var words: String {
      switch self {
      case .understood: "read and understood"
      case .carrier: "carries no content of its own (acknowledgements, repetitions, network control)"
      case .notRead: "recorded, but nothing here reads it"
      case .lost: "damaged, cut short or unreadable"
      }
    }
  }

  static func words(_ row: String) -> (text: String, class: Class) {
    switch row {
    case "decoded": ("read and understood by", .understood)
    case "retransmission": ("repetition of bytes seen before", .carrier)
    case "duplicate": ("the same packet, captured a second time", .carrier)
    case "noPayload": ("acknowledgement without content", .carrier)
    case "control": ("network control (ICMP, ARP)", .carrier)
    case "fragment": ("part of a packet that was put together elsewhere, or could not be", .carrier)
    case "outsideFilter": ("outside the filter that this run was given", .notRead)
    case "otherProtocol": ("a protocol that is not read", .notRead)
    case "unclaimed": ("content that no reader knew", .notRead)
    case "candidate": ("looks like media, but nothing proves it", .notRead)
    case "afterFault": ("given up after a fault of the reader", .lost)
    case "crashed": ("left out after a crash of the program", .lost)
    case "malformed": ("contradicts itself", .lost)
    case "truncated": ("cut short by the recorder", .lost)
    case "unreadable": ("could not be read", .lost)
    case "outOfWindow": ("does not fit its stream", .lost)
    case "afterEnd": ("comes after the end of its stream", .lost)
    default: (row, .notRead)
    }
  }

  /// Packets by class over all originals.
  static func sums(_ ledger: Fields?) -> (total: Int64, classes: [(class: Class, packets: Int64)]) {
    var sums: [Class: Int64] = [:]
    var total: Int64 = 0
    for original in ledger?.objects("originals") ?? [] {
      guard let packets = original.object("packets") else { continue }
      total = total.addingReportingOverflow(packets.integer("total") ?? 0).partialValue
      for row in packets.objects("rows") {
        sums[words(row.text("row") ?? "").class, default: 0] &+= row.integer("packets") ?? 0
      }
    }
    return (total, Class.allCases.map { ($0, sums[$0] ?? 0) })
  }

  /// What stands in place of an account that has no packets.
  static func noPackets(_ ledger: Fields?, _ html: inout HTMLWriter) {
    html.element(.p) { html in
      guard ledger != nil else { return html.missing("the account of packets is not in this bundle") }
      html.text("No packets stand in the originals.")
    }
  }

  /// Draws the classes as one bar, with the numbers in words below.
  static func bar(_ ledger: Fields?, _ html: inout HTMLWriter) {
    let (total, classes) = sums(ledger)
    guard total > 0 else { return noPackets(ledger, &html) }
    let words = classes.filter { $0.packets > 0 }.map {
      "\($0.class.words): \(Decimal.percent($0.packets, of: total))"
    }
    html.element(
      .svg,
      [
        .class("bar"), .own("role", "img"), .own("width", "100%"), .own("height", "30"),
        .label("Packets: \(words.joined(separator: "; "))"),
      ]
    ) { html in
      var place = 0
      for (kind, packets) in classes where packets > 0 {
        let width = min(1000 - place, max(3, Decimal.tenths(packets, of: total)))
        html.element(
          .rect,
          [.share("x", place), .share("width", width), .own("height", "30"), .fill(pattern(kind))], "")
        place += width
      }
    }
    html.element(.ul, [.class("kinds")]) { html in
      for (kind, packets) in classes {
        html.element(.li) { html in
          html.element(.svg, [.own("aria-hidden", "true"), .own("width", "26"), .own("height", "16")]) {
            $0.element(.rect, [.own("width", "26"), .own("height", "16"), .fill(pattern(kind))], "")
          }
          html.element(.strong, " \(Decimal.grouped(packets))")
          html.text(" (\(Decimal.percent(packets, of: total))) \(kind.words)")
        }
      }
    }
  }

  private static func pattern(_ kind: Class) -> TimelineKind {
    switch kind {
    case .understood: .received
    case .carrier: .silenceSuppressed
    case .notRead: .notDecoded
    case .lost: .lost
    }
  }

  func write() throws(BundleError) {
    try context.page("ledger.html", title: "What was read", of: "ledger.html") { html in
      TimelineStrip.definitions(&html)
      html.element(
        .p,
        """
        Every packet of every original is counted once, in the first row that fits, and so is every byte. What was not \
        understood is listed too, so that nothing can be left out in silence.
        """
      )
      Self.bar(context.ledger, &html)
      LedgerExplanation(context.ledger).write(&html)
      for original in context.ledger?.objects("originals") ?? [] { section(original, &html) }
      html.element(.p, [.class("note")], "The same account for programs: data/ledger.json.")
    }
  }

  private func section(_ original: Fields, _ html: inout HTMLWriter) {
    let packets = original.object("packets") ?? Fields()
    let total = packets.integer("total") ?? 0
    html.element(.section) { html in
      html.element(.h2) { html in
        html.text("Original ")
        html.captured(original.text("original") ?? "")
      }
      if let bytes = original.object("bytes") { self.bytes(bytes, &html) }
      table(packets.objects("rows"), total, original.object("bytes")?.integer("packetData"), &html)
      UnclaimedTable.write(original.objects("unclaimed"), &html)
      witness(original, &html)
    }
  }

  private func bytes(_ bytes: Fields, _ html: inout HTMLWriter) {
    let names = [
      ("packetData", "in packets"), ("framing", "in the file's own structure"), ("unreadable", "unreadable"),
    ]
    let sum = names.reduce(0) { $0 &+ (bytes.integer($1.0) ?? 0) }
    html.element(.p) { html in
      html.text("Bytes: ")
      html.text(names.map { "\(Decimal.grouped(bytes.integer($0.0) ?? 0)) \($0.1)" }.joined(separator: " + "))
      html.text(" = \(Decimal.grouped(bytes.integer("total") ?? 0)). ")
      if sum != bytes.integer("total") { html.element(.strong, "The sum is wrong; this account cannot be relied on.") }
    }
  }

  private static let table = RecordTable(
    columns: [
      .init("What became of them"), .init("Counts as"), .init("Packets"), .init("Share"), .init("Bytes of headers"),
      .init("Bytes of content"),
    ], caption: "Packets of this original")

  private func table(_ rows: [Fields], _ total: Int64, _ packetData: Int64?, _ html: inout HTMLWriter) {
    var body = HTMLWriter()
    var sum: Int64 = 0
    let headers = rows.reduce(Int64(0)) { $0 &+ ($1.integer("headerBytes") ?? 0) }
    let content = rows.reduce(Int64(0)) { $0 &+ ($1.integer("payloadBytes") ?? 0) }
    for row in rows.prefix(2_000) {
      let name = row.text("row") ?? ""
      let (words, kind) = Self.words(name)
      let packets = row.integer("packets") ?? 0
      Self.table.row(&body) { cells in
        cells.cell { html in
          html.text("\(words) ")
          if let detail = row.text("detail") { html.captured(detail) }
          html.element(.p, [.class("note")]) { $0.captured(name) }
        }
        cells.cell(kind.words)
        cells.number(packets)
        cells.number(Decimal.percent(packets, of: total))
        cells.number(row.integer("headerBytes"))
        cells.number(row.integer("payloadBytes") ?? 0)
      }
    }
    for row in rows { sum &+= row.integer("packets") ?? 0 }
    Self.table.row(&body, [.class("sum")]) { cells in
      cells.cell("Sum of the rows")
      cells.cell(
        sum == total
          ? "equals the total of \(Decimal.grouped(total))" : "differs from the total of \(Decimal.grouped(total))")
      cells.number(sum)
      cells.number(Decimal.percent(sum, of: total))
      cells.number(headers)
      cells.number(content)
    }
    Self.table.write(body, &html)
    if let packetData {
      html.element(.p) { html in
        html.text("\(Decimal.grouped(headers)) bytes of headers + \(Decimal.grouped(content)) bytes of content ")
        html.text(
          headers &+ content == packetData
            ? "= \(Decimal.grouped(packetData)), all bytes in packets."
            : "differ from the \(Decimal.grouped(packetData)) bytes in packets; this account cannot be relied on.")
      }
    }
    if rows.count > 2_000 {
      html.element(.p, [.class("note")], "\(Decimal.grouped(rows.count - 2_000)) more rows stand in data/ledger.json.")
    }
    if sum != total {
      html.element(
        .p, [.class("fault")], "The rows do not add up to the total; this account cannot be relied on.")
    }
  }

  private func witness(_ original: Fields, _ html: inout HTMLWriter) {
    guard let witness = original.object("witness") else { return }
    html.element(.p) { html in
      html.element(.strong, "Second count: ")
      switch witness.text("verdict") {
      case "agrees":
        html.text(
          """
          an independent program library (libpcap) read the same original and counts the same: \
          \(Decimal.count(witness.integer("packets") ?? 0, "packet", "packets")), \
          \(Decimal.count(witness.integer("bytes") ?? 0, "byte", "bytes")).
          """
        )
      case "differs":
        html.element(.strong, "an independent program library (libpcap) counts differently")
        html.text(
          """
          : \(Decimal.count(witness.integer("packets") ?? 0, "packet", "packets")), \
          \(Decimal.count(witness.integer("bytes") ?? 0, "byte", "bytes")). 
          """
        )
      default: html.text("an independent program library (libpcap) could not count this original. ")
      }
      if let reason = witness.text("reason") {
        html.text("Reason: ")
        html.captured(reason)
      }
    }
  }
}
