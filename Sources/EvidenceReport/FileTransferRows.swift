import EvidenceModel

/// Rows of files that FTP, SMB and TFTP carried, among the web transfers.
struct FileTransferRows {
  let context: ReportContext

  /// Kinds of records that tell of one file, or one listing, on its way; the web's are drawn elsewhere.
  static let kinds = ["ftp-transfer", "smb-transfer", "tftp-transfer"]

  func add(_ record: Fields, _ kind: String, to row: inout RecordTable.Row) {
    row.moment(record.text("requestedAt") ?? record.text("capturedAt"))
    row.cell { $0.ends(record) }
    row.cell { request(record, kind, &$0) }
    row.cell { answer(record, kind, &$0) }
    row.cell { content(record, &$0) }
    row.cell { $0.provenance(record) }
  }

  private func request(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    html.element(.strong, Self.words(record, kind))
    html.text(" ")
    if let path = record.text("path") ?? record.text("name") {
      html.captured(path)
    } else if record.flag("isListing") != true {
      html.missing("name not recorded")
    }
    for (words, name) in [("in", "workingDirectory"), ("on", "share"), ("as user", "user")] {
      guard let text = record.text(name) else { continue }
      html.element(.p, [.class("note")]) { html in
        html.text("\(words) ")
        html.captured(text)
      }
    }
    if let offset = record.integer("restartOffset") ?? record.integer("offset") {
      html.element(.p, [.class("note")], "a part of the file: from its byte \(Decimal.grouped(offset)) on")
    }
  }

  private static func words(_ record: Fields, _ kind: String) -> String {
    let name = kind.split(separator: "-").first.map { $0.uppercased() } ?? ""
    if record.flag("isListing") == true { return "\(name): listing of a folder" }
    return "\(name): \(record.text("direction") == "upload" ? "upload of" : "download of")"
  }

  private func answer(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    if let status = record.integer("status") {
      html.captured("\(status) \(record.text("reason") ?? "")")
    } else if let code = record.integer("errorCode") {
      html.captured("error \(code) \(record.text("error") ?? "")")
    } else if kind == "ftp-transfer" {
      html.missing("answer not recorded")
    } else {
      html.element(.span, [.class("none")], "–")
    }
    guard record.text("attachedBy") == "inferred" else { return }
    html.element(.p, [.class("inferred")]) { html in
      html.mark(.inferred)
      html.text(" carried by this connection because: ")
      html.captured(record.text("evidence") ?? "no reason stated")
    }
  }

  private func content(_ record: Fields, _ html: inout HTMLWriter) {
    let isComplete = record.flag("isComplete") == true
    guard let sha256 = record.text("sha256") else {
      if isComplete { html.text("empty") } else { html.missing("content not recorded") }
      return
    }
    html.element(.p, [.class("content")]) { html in
      html.text(record.text("direction") == "upload" ? "Sent: " : "Received: ")
      if let size = record.integer("byteCount") { html.text("\(Decimal.size(size)), ") }
      html.text("SHA-256 ")
      context.artefact(sha256, &html)
      if !isComplete {
        html.text(" ")
        html.missing("incomplete")
      }
    }
  }
}
