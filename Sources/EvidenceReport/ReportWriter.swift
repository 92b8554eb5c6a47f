public import EvidenceBundle
import EvidenceModel
import Foundation

/// Writes the report of a bundle: pages for people, from the bundle alone, the same bytes every time.
public struct ReportWriter {
  /// The bundle's directory.
  public let bundle: String
  /// The directory of the report; pages link to artefacts by the way from here to the bundle.
  public let output: String

  /// Pages that a kind of records gets at most.
  var maximumPages = 40

  public init(bundle: String, output: String) {
    self.bundle = bundle
    self.output = output
  }

  /// Marks in canonical JSON that are counted over all records of a kind.
  private static let marks: [String: [String]] = [
    "finding": [#""severity":"error""#, #""severity":"warning""#],
    "artefact": [#""isComplete":false"#, #""origin":"computed""#],
    "sip-message": [#""method":"MESSAGE""#],
    "original-file": OriginalKinds.marks,
    "sip-call": [#""attachedBy":"inferred""#],
    "hash-hit": [#""isKnownGood":true"#],
    "http-transfer": [#""pairedBy":"inferred""#],
  ]

  private static let own: Set<String> = Set(TrafficPages.transfers).union(MailPages.kinds).union(ArchivesPage.kinds)
    .union([DocumentsPage.kind, RulesPage.kind]).union(SessionPages.sessionKinds).union(SessionPages.messageKinds)
    .union([
      "dns-query", "dns-answer", "sip-message", "artefact", "finding", "recording-file",
      "recording-stream", "recording-examination", "recording-picture", "location-track", "video-picture",
      "fax-document", "hash-hit", "hash-set",
    ])

  /// Writes all pages and gives them, by name; a file of the same name is replaced.
  ///
  /// Memory: one page, one record, and the names of up to 100,000 artefacts.
  @discardableResult
  public func write() throws(BundleError) -> [ReportFile] {
    let contents = BundleContents(path: bundle)
    guard contents.size("meta/bundle.json") != nil else {
      throw BundleError(.malformed, bundle, "there is no \(BundleLayout.bundle); is this a bundle?")
    }
    do { try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true) } catch {
      throw BundleError(.system, output, "\(error)")
    }
    let context = ReportContext(contents: contents, output: output, maximumPages: maximumPages)
    let kinds = contents.kinds()
    for kind in kinds {
      context.tallies[kind] = RecordTally(contents.records(kind), marks: Self.marks[kind] ?? [])
    }
    try write(context, kinds)
    return context.files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private func write(_ context: ReportContext, _ kinds: [String]) throws(BundleError) {
    let calls = kinds.filter { $0.hasSuffix("-call") }
    let capture = kinds.filter { $0.hasPrefix("capture-") }
    let others = kinds.filter { !Self.own.contains($0) && !calls.contains($0) && !capture.contains($0) }
    context.navigation = [
      .init(file: "index.html", title: "Summary"),
      .init(file: "calls.html", title: "Calls", count: calls.reduce(0) { $0 + context.count($1) }),
      .init(file: "messages.html", title: "Messages", count: context.count("sip-message")),
      .init(
        file: "web.html", title: "Transfers", count: TrafficPages.transfers.reduce(0) { $0 + context.count($1) }),
      .init(file: "files.html", title: "Files", count: context.count("artefact")),
      .init(file: "dns.html", title: "Names (DNS)", count: context.count("dns-query", "dns-answer")),
      .init(file: "findings.html", title: "Findings", count: context.count("finding")),
      .init(file: "ledger.html", title: "What was read"),
      .init(file: "capture.html", title: "Capture files"),
    ]
    let own: [(kind: String, entry: ReportContext.Entry)] = [
      ("location-track", .init(file: "tracks.html", title: "Tracks", count: context.count("location-track"))),
      ("recording-file", .init(file: "recordings.html", title: "Recordings", count: context.count("recording-file"))),
    ]
    for (kind, entry) in own where context.count(kind) > 0 { context.navigation.insert(entry, at: 2) }
    let transfers = MailPages.transferKinds.reduce(0) { $0 + context.count($1) }
    let hasMail = context.count("mail-message") + transfers > 0
    if hasMail {
      context.navigation.insert(
        contentsOf: [
          .init(file: "mail.html", title: "Mail", count: context.count("mail-message")),
          .init(file: "mail-transfers.html", title: "Mail transfers", count: transfers),
        ], at: 2)
    }
    let chats: [ReportContext.Entry] = [
      .init(file: SessionPages.file, title: "Chats and sessions", count: SessionPages.sessionCount(context)),
      .init(file: SessionPages.messagesFile, title: "Chat messages", count: SessionPages.messageCount(context)),
    ]
    context.navigation.insert(contentsOf: chats.filter { ($0.count ?? 0) > 0 }, at: 2)
    if context.count(RulesPage.kind) > 0 {
      let place = context.navigation.firstIndex { $0.file == "files.html" } ?? 0
      context.navigation.insert(
        .init(file: RulesPage.file, title: "Rules", count: context.count(RulesPage.kind)), at: place + 1)
    }
    if context.count(DocumentsPage.kind) > 0 {
      let place = context.navigation.firstIndex { $0.file == "files.html" } ?? 0
      context.navigation.insert(
        .init(file: DocumentsPage.file, title: "Documents", count: context.count(DocumentsPage.kind)), at: place + 1)
    }
    if context.count("archive-file") > 0 {
      let place = context.navigation.firstIndex { $0.file == "files.html" } ?? 0
      context.navigation.insert(
        .init(file: ArchivesPage.file, title: "Archives", count: context.count("archive-file")), at: place + 1)
    }
    if context.count("hash-set") > 0 {
      let place = context.navigation.firstIndex { $0.file == "files.html" } ?? 0
      context.navigation.insert(
        .init(file: HashHitsPage.file, title: "Hash sets", count: context.count("hash-hit")), at: place + 1)
      context.knownFiles = KnownFiles.notes(context.contents)
    }
    context.pictureLooks = PictureLooks.words(context.contents)
    for kind in others {
      context.navigation.append(
        .init(
          file: "\(OtherRecordsPage.base(kind)).html", title: "Other: \(OtherRecordsPage.title(kind))",
          count: context.count(kind)))
    }
    context.navigation += [
      .init(file: "custody.html", title: "Custody"), .init(file: "verify.html", title: "How to verify"),
      .init(file: StatementPage.file, title: "Statement (draft)"),
      .init(file: CertificatePage.file, title: "Certificate (draft)"),
    ]
    try context.write("report.css", Array(Stylesheet.text.utf8))
    try context.write("report.js", Array(PageScript.text.utf8))
    // Files first: other pages link to them.
    try FilesPage(context: context).write()
    if context.count(RulesPage.kind) > 0 { try RulesPage(context: context).write() }
    if context.count(DocumentsPage.kind) > 0 { try DocumentsPage(context: context).write() }
    if context.count("archive-file") > 0 { try ArchivesPage(context: context).write() }
    if context.count("hash-set") > 0 { try HashHitsPage(context: context).write() }
    try CallsPage(context: context, kinds: calls).write()
    if context.count("recording-file") > 0 { try RecordingsPage(context: context).write() }
    if context.count("location-track") > 0 { try TracksPage(context: context).write() }
    if hasMail { try MailPages(context: context).write() }
    try SessionPages(context: context).write()
    try TrafficPages(context: context).write()
    try FindingsPage(context: context).write()
    try CapturePage(context: context, kinds: capture).write()
    for kind in others { try OtherRecordsPage(context: context, kind: kind).write() }
    try LedgerPage(context: context).write()
    try CustodyPage(context: context).write()
    try VerifyPage(context: context).write()
    let paper = PaperFacts(context, calls: calls)
    try StatementPage(facts: paper).write()
    try CertificatePage(facts: paper).write()
    // The summary last: it says what the others left out.
    try IndexPage(context: context).write()
  }
}
