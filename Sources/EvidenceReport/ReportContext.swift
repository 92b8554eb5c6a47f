import EvidenceBundle
import EvidenceModel
import Foundation

/// What all pages share: the bundle, the list of pages, and what was learnt while they were written.
final class ReportContext {
  struct Entry {
    let file: String
    let title: String
    var count: Int64?
  }
  struct ArtefactPlace {
    let page: String
    let anchor: String
    let path: String
  }
  /// Rows of a kind that found no place on its pages.
  struct Shortfall {
    let title: String
    let page: String
    let shown: Int64
    let total: Int64
    let kinds: [String]
  }

  let contents: BundleContents
  let output: String
  /// Pages of a kind of records.
  let maximumPages: Int
  /// The way from the pages to the bundle.
  let prefix: String
  let meta: Fields
  let ledger: Fields?
  var tallies: [String: RecordTally] = [:]
  var navigation: [Entry] = []
  var artefacts: [String: ArtefactPlace] = [:]
  /// Hits of files in sets of hashes, by SHA-256.
  var knownFiles: [String: [KnownFiles.Note]] = [:]
  /// What pictures look like, in words, by the SHA-256 of their files.
  var pictureLooks: [String: String] = [:]
  /// The first chat message of a conversation, by protocol and Community ID.
  var firstMessages: [String: ArtefactPlace] = [:]
  var shortfalls: [Shortfall] = []
  var findings = FindingSummary()
  var unreadableLines: Int64 = 0
  /// The first and last times that records name, for bundles whose ledger does not.
  var earliest: String?
  var latest: String?
  private(set) var files: [ReportFile] = []

  init(contents: BundleContents, output: String, maximumPages: Int) {
    self.contents = contents
    self.output = output
    self.maximumPages = maximumPages
    prefix = contents.prefix(from: output)
    meta = contents.document("meta/bundle.json") ?? Fields()
    ledger = contents.document("data/ledger.json")
  }

  func count(_ kinds: String...) -> Int64 { kinds.reduce(0) { $0 + (tallies[$1]?.count ?? 0) } }

  func write(_ name: String, _ bytes: [UInt8]) throws(BundleError) {
    let path = "\(output)/\(name)"
    do { try Data(bytes).write(to: URL(filePath: path)) } catch { throw BundleError(.system, path, "\(error)") }
    files.append(ReportFile(name: name, byteCount: bytes.count))
  }

  /// Writes a page in the common frame.
  func page(_ name: String, title: String, of entry: String, _ content: (inout HTMLWriter) -> Void) throws(BundleError)
  {
    var html = HTMLWriter()
    PageFrame.write(&html, title: title, entry: entry, self, content)
    try write(name, html.bytes)
  }

  func noteTime(_ record: Fields) {
    guard let time = record.text("capturedAt") else { return }
    if earliest.map({ time < $0 }) ?? true { earliest = time }
    let last = record.text("endedAt") ?? time
    if latest.map({ last > $0 }) ?? true { latest = last }
  }

  /// Names an artefact by its SHA-256, as a link to its description where that is shown.
  func artefact(_ sha256: String, _ html: inout HTMLWriter) {
    guard let place = artefacts[sha256], let link = LocalLink(page: place.page, anchor: place.anchor) else {
      return html.element(.code, [.class("hash")], sha256)
    }
    html.element(.a, [.href(link)]) { $0.element(.code, [.class("hash")], sha256) }
  }

  /// Where audio or a time map lies.
  func computedFile(_ sha256: String, extensions: [String]) -> String? {
    if let place = artefacts[sha256], extensions.contains(where: { place.path.hasSuffix(".\($0)") }) {
      return place.path
    }
    return contents.artefact(sha256, extensions: extensions)
  }

  /// What a computed file of JSON holds; nil when it is not there or none.
  func computedDocument(_ sha256: String) -> Fields? {
    guard let path = computedFile(sha256, extensions: ["json", "txt", "bin"]),
      LocalLink(artefact: path, from: "") != nil
    else { return nil }
    return contents.document(path)
  }

  /// The link to a computed picture; nil when it is not there.
  func computedPicture(_ sha256: String) -> LocalLink? {
    computedFile(sha256, extensions: ["png"]).flatMap { LocalLink(artefact: $0, from: prefix) }
  }
}

/// How many records a kind has, and how many of them have certain marks.
struct RecordTally {
  var count: Int64 = 0
  var marks: [String: Int64] = [:]

  /// Counts lines; a mark is a piece of canonical JSON such as `"isComplete":false`, which no text in it can imitate.
  init(_ file: RecordFile, marks wanted: [String]) {
    guard !wanted.isEmpty else {
      count = Int64(file.count)
      return
    }
    let needles = wanted.map { (name: $0, bytes: Array($0.utf8)) }
    for line in file {
      count += 1
      for needle in needles where Self.holds(line, needle.bytes) { marks[needle.name, default: 0] += 1 }
    }
  }

  /// Whether a line holds a piece of canonical JSON.
  static func holds(_ line: [UInt8], _ needle: [UInt8]) -> Bool {
    guard let first = needle.first, line.count >= needle.count else { return false }
    for start in 0...(line.count - needle.count) where line[start] == first {
      if line[start...].starts(with: needle) { return true }
    }
    return false
  }
}

/// Findings by kind, for the summary.
struct FindingSummary {
  struct Group {
    let severity: String
    let code: String
    let message: String
    var count: Int64
  }
  /// Kinds of findings that are told apart.
  static let maximumGroups = 200
  private(set) var groups: [Group] = []
  /// Bytes of conversations that are not in the capture.
  private(set) var missingBytes: Int64 = 0
  private var places: [String: Int] = [:]

  mutating func add(_ finding: Fields) {
    let severity = finding.text("severity") ?? "notice"
    let code = finding.text("code") ?? ""
    if code == "flow/gap" { missingBytes &+= max(0, finding.integer("missingBytes") ?? 0) }
    if let place = places["\(severity) \(code)"] {
      groups[place].count += 1
    } else if groups.count < Self.maximumGroups {
      places["\(severity) \(code)"] = groups.count
      groups.append(Group(severity: severity, code: code, message: finding.text("message") ?? "", count: 1))
    }
  }
}
