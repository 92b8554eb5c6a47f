import EvidenceBundle
import EvidenceModel

extension ReportWriter {
  mutating func writeTables() throws {
    try writeMessages()
    try writeWeb()
    try writeFiles()
    try writeNames()
    try writeFindings()
    try writeCapture()
    if facts.hasOther { try writeOther() }
  }

  func count(_ names: String...) -> Int { names.reduce(0) { $0 + (facts.counts[$1] ?? 0) } }

  static func introduction(_ text: String) -> Markup {
    var markup = Markup()
    markup.element("p", text, class: "lead")
    return markup
  }

  /// The cells that begin and end most rows: when, from whom to whom; where it comes from.
  static func row(_ record: Fields, _ cells: (inout Markup) -> Void) -> Markup {
    var row = Markup()
    row.raw("<tr>")
    row.element("td", Words.time(record.text("capturedAt")), class: "time")
    cells(&row)
    row.raw("<td class=\"source\">")
    source(record, &row)
    row.raw("</td></tr>")
    return row
  }

  static func source(_ record: Fields, _ row: inout Markup) {
    row.element("span", record.text("id") ?? "", class: "id")
    for (original, packets, filter) in Words.provenance(record) {
      row.raw("<br>")
      let shown = packets.utf8.count > 40 ? packets.prefix(40) + "…" : Substring(packets)
      row.text(packets.isEmpty ? original : "\(original), packets \(shown)")
      if !filter.isEmpty {
        row.raw("<details><summary>Wireshark</summary><code>")
        row.text(filter)
        row.raw("</code></details>")
      }
    }
  }

  static func parties(_ record: Fields, _ row: inout Markup) {
    row.raw("<td class=\"parties\">")
    row.text(record.text("source") ?? "")
    row.raw("<br>→ ")
    row.text(record.text("destination") ?? "")
    row.raw("</td>")
  }

  static func cell(_ text: String?, _ row: inout Markup) {
    row.raw("<td>")
    if let text, !text.isEmpty { row.captured(text) }
    row.raw("</td>")
  }

  static func fileLink(_ hash: String?, _ size: Int64?, _ isComplete: Bool?, _ row: inout Markup) {
    guard let hash else { return }
    row.raw("<br>")
    row.link("file \(hash.prefix(12))…", to: "files.html#f\(hash.prefix(16))")
    if let size { row.text(" \(Words.size(size))") }
    if isComplete == false { row.raw(" <strong class=\"missing\">incomplete</strong>") }
  }

  // MARK: The pages

  private mutating func writeMessages() throws {
    try table(
      "messages", "Signalling and text messages",
      Self.introduction(
        "Every request and response of SIP in the order of the capture: calls being set up, registrations, text messages."
      ),
      ["Captured", "From → to", "Message", "Parties", "Source"], ["sip-message"], total: count("sip-message")
    ) { record in
      Self.row(record) { row in
        Self.parties(record, &row)
        row.raw("<td>")
        if let method = record.text("method") {
          row.captured(method)
        } else {
          row.captured("\(record.integer("status") ?? 0) \(record.text("reason") ?? "")")
          row.text(" to \(record.text("cseqMethod") ?? "")")
        }
        if record.flag("isRetransmission") == true { row.raw(" <span class=\"hint\">sent again</span>") }
        if let text = record.text("text") {
          row.raw("<blockquote>")
          row.captured(text)
          row.raw("</blockquote>")
        }
        row.raw("</td><td>")
        for (name, address) in [("fromName", "from"), ("toName", "to")] {
          if let display = record.text(name) {
            row.captured(display)
            row.raw(" ")
          }
          row.captured(record.text(address) ?? "")
          row.raw(name == "fromName" ? "<br>→ " : "</td>")
        }
      }
    }
  }

  private mutating func writeWeb() throws {
    try table(
      "web", "Web transfers",
      Self.introduction(
        "Every request to a web server with its answer. Addresses are shown as text: nothing here leads outside."),
      ["Captured", "Client → server", "Request", "Answer", "Source"], ["http-transfer"], total: count("http-transfer")
    ) { record in
      Self.row(record) { row in
        Self.parties(record, &row)
        row.raw("<td>")
        if record.text("method") == nil { row.raw("<span class=\"missing\">request not captured</span>") }
        row.captured("\(record.text("method") ?? "") \(record.text("url") ?? record.text("target") ?? "")")
        Self.fileLink(
          record.text("requestSha256"), record.integer("requestByteCount"), record.flag("requestComplete"), &row)
        row.raw("</td><td>")
        if let status = record.integer("status") {
          row.captured("\(status) \(record.text("reason") ?? "")")
        } else {
          row.raw("<span class=\"missing\">no answer captured</span>")
        }
        if let type = record.text("responseMediaType") {
          row.raw("<br>")
          row.captured(type)
        }
        Self.fileLink(
          record.text("responseSha256"), record.integer("responseByteCount"), record.flag("responseComplete"), &row)
        row.raw("</td>")
      }
    }
  }

  private static let pictures: Set<String> = [
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/x-ms-bmp",
  ]

  private mutating func writeFiles() throws {
    try table(
      "files", "Files",
      Self.introduction(
        "Every file that was carved out of the capture or made from it, with its fingerprints. “Captured” files are as they were sent; “computed” ones, such as audio, were made from packets by this tool. Opening a captured file can be dangerous: it may come from a criminal."
      ),
      ["Captured", "File", "Content", "Fingerprints", "Source"], ["artefact"], total: count("artefact")
    ) { record in
      let hash = record.text("sha256") ?? ""
      let path = "../\(record.text("path") ?? "")"
      return Self.row(record) { row in
        row.open("td", ["id": "f\(hash.prefix(16))"])
        if let name = record.text("name") {
          row.captured(name)
          row.raw("<br>")
        }
        row.text(record.text("role") ?? "")
        if record.text("origin") == "computed" {
          row.raw(" <span class=\"computed\">computed</span>")
        }
        if record.flag("isComplete") == false { row.raw("<br><strong class=\"missing\">incomplete</strong>") }
        let holes = record.objects("holes")
        if !holes.isEmpty {
          let missing = holes.reduce(Int64(0)) { $0 + ($1.integer("byteCount") ?? 0) }
          row.raw(" <span class=\"missing\">")
          row.text(
            "\(missing) bytes missing in \(Words.count(Int64(holes.count), "place", "places")), filled with zeros")
          row.raw("</span>")
        }
        row.raw("</td><td>")
        if Self.pictures.contains(record.text("mediaType") ?? ""), (record.integer("byteCount") ?? 0) < 20_000_000 {
          row.open("img", ["src": path, "alt": "captured picture", "loading": "lazy", "class": "thumbnail"])
          row.raw("<br>")
        }
        if record.text("mediaType")?.hasPrefix("audio/") == true, record.text("origin") == "computed" {
          row.open("audio", ["src": path, "controls": "", "preload": "none"])
          row.raw("</audio><br>")
        }
        row.text(record.text("mediaType") ?? "")
        row.text(", \(Words.size(record.integer("byteCount") ?? 0))")
        row.raw("<br><span class=\"hint\">")
        row.text(record.text("typeDescription") ?? "")
        row.raw("</span>")
        if let declared = record.text("declaredMediaType"), declared != record.text("mediaType") {
          row.raw("<br>declared as ")
          row.captured(declared)
        }
        row.raw("</td><td class=\"hash\">")
        for name in ["sha256", "sha1", "md5"] {
          row.element("span", "\(name) ", class: "hint")
          row.element("code", record.text(name) ?? "")
          row.raw("<br>")
        }
        row.link("open the file", to: path)
        row.raw("</td>")
      }
    }
  }

  private mutating func writeNames() throws {
    try table(
      "dns", "Names looked up",
      Self.introduction("Which names were asked for, and what was answered (DNS, mDNS, LLMNR)."),
      ["Captured", "From → to", "Question", "Answer", "Source"], ["dns-query", "dns-answer"],
      total: count("dns-query", "dns-answer")
    ) { record in
      Self.row(record) { row in
        Self.parties(record, &row)
        row.raw("<td>")
        for question in record.objects("questions").prefix(20) {
          row.captured(question.text("name") ?? "")
          row.text(" \(question.text("type") ?? "") ")
        }
        row.raw("</td><td>")
        if let code = record.text("responseCode"), code != "NOERROR" { row.text(code) }
        for answer in record.objects("answers").prefix(50) {
          row.text("\(answer.text("type") ?? "") ")
          row.captured(answer.text("data") ?? "")
          row.raw("<br>")
        }
        row.raw("</td>")
      }
    }
  }

  private mutating func writeFindings() throws {
    try table(
      "findings", "Findings",
      Self.introduction(
        "What a reader of this evidence must know: gaps, damage, limits. An error means that something could not be used; a warning that something is odd; a notice only explains."
      ),
      ["Captured", "Severity", "What", "Source"], ["finding"], total: count("finding")
    ) { record in
      Self.row(record) { row in
        let severity = record.text("severity") ?? ""
        row.raw("<td>")
        switch severity {
        case "error": row.element("strong", "error", class: "missing")
        case "warning": row.element("span", "warning", class: "inferred")
        default: row.text(severity)
        }
        row.raw("</td><td>")
        row.text(record.text("message") ?? "")
        row.raw("<br><span class=\"hint\">")
        row.text("\(record.text("code") ?? ""), \(record.text("decoder") ?? "")")
        row.raw("</span>")
        if let source = record.text("source") {
          row.raw("<br>")
          row.text("\(source) → \(record.text("destination") ?? "")")
        }
        row.raw("</td>")
      }
    }
  }

  private mutating func writeCapture() throws {
    let names = [
      "capture-section", "capture-interface", "capture-comment", "capture-name", "capture-secret", "capture-statistics",
      "capture-block",
    ]
    try table(
      "capture", "What the capture files say",
      Self.introduction(
        "Interfaces, comments, names and counters that whoever made the capture files wrote into them."),
      ["Captured", "What", "Fields", "Source"], names, total: names.reduce(0) { $0 + (facts.counts[$1] ?? 0) }
    ) { Self.generic($0) }
  }

  private mutating func writeOther() throws {
    let names = facts.counts.keys.filter { !Self.knownFiles.contains($0) }.sorted()
    try table(
      "other", "Other records", Self.introduction("Records of kinds that have no page of their own."),
      ["Captured", "What", "Fields", "Source"], names, total: names.reduce(0) { $0 + (facts.counts[$1] ?? 0) }
    ) { Self.generic($0) }
  }

  private static let common: Set<String> = [
    "kind", "id", "decoder", "provenance", "capturedAt", "endedAt", "communityID", "transport",
  ]

  private static func generic(_ record: Fields) -> Markup {
    row(record) { row in
      row.element("td", record.text("kind") ?? "")
      row.raw("<td><dl>")
      for entry in record.entries where !common.contains(entry.name) {
        row.element("dt", entry.name)
        row.raw("<dd>")
        switch entry.value {
        case .text(let text): row.captured(text)
        default: row.captured(CanonicalJSON.text(entry.value))
        }
        row.raw("</dd>")
      }
      row.raw("</dl></td>")
    }
  }
}
