import EvidenceBundle
import EvidenceModel

/// What a bundle holds that belongs on paper: who, what, with which program, how much, what was lost, what was concluded.
struct PaperFacts {
  /// Error findings, and voice that was assigned by a conclusion, which are named one by one.
  static let maximumNamed = 200

  /// Voice that was assigned to a call by a conclusion, and on what it rests.
  struct Conclusion {
    let record: String
    let party: String
    let evidence: String
  }

  let context: ReportContext
  let events: [(file: String, fields: Fields)]
  let signers: [EventSigner]
  /// Events that cannot be read, and those beyond the limit of the custody page.
  let unreadEvents: Int
  let validation: ValidationNote
  private(set) var errors: [Fields] = []
  private(set) var conclusions: [Conclusion] = []
  /// Answers that were assigned to a web request by a conclusion; `party` is empty.
  private(set) var pairings: [Conclusion] = []

  init(_ context: ReportContext, calls: [String]) {
    self.context = context
    let names = context.contents.events()
    let read = names.prefix(CustodyPage.maximumEvents).compactMap { name in
      context.contents.document("custody/\(name)").map { (file: "custody/\(name)", fields: $0) }
    }
    events = read
    signers = read.map { EventSigner($0.fields, event: String($0.file.dropFirst(8)), in: context.contents) }
    unreadEvents = names.count - read.count
    validation = ValidationNote(context)
    if errorCount > 0 {
      errors = records("finding", holding: #""severity":"error""#)
    }
    if inferredPairs > 0 {
      pairings = records("http-transfer", holding: Self.paired).map {
        Conclusion(record: $0.text("id") ?? "", party: "", evidence: $0.text("evidence") ?? "")
      }
    }
    for kind in calls where (context.tallies[kind]?.marks[Self.inferred] ?? 0) > 0 {
      for call in records(kind, holding: Self.inferred) {
        for stream in call.objects("streams") where stream.text("attachedBy") == "inferred" {
          guard conclusions.count < Self.maximumNamed else { return }
          conclusions.append(
            Conclusion(
              record: call.text("id") ?? "", party: stream.text("party") ?? "unknown",
              evidence: stream.text("evidence") ?? ""))
        }
      }
    }
  }

  private static let paired = #""pairedBy":"inferred""#
  private static let inferred = #""attachedBy":"inferred""#

  private func records(_ kind: String, holding mark: String) -> [Fields] {
    let needle = Array(mark.utf8)
    var found: [Fields] = []
    for line in context.contents.records(kind) where RecordTally.holds(line, needle) {
      if let fields = ValueReader.fields(line) { found.append(fields) }
      if found.count == Self.maximumNamed { break }
    }
    return found
  }

  // MARK: Events

  func event(_ type: String) -> Fields? { events.last { $0.fields.text("type") == type }?.fields }

  /// The SHA-256 of manifest-sha256.txt, which the finish event names.
  var manifestHash: String? {
    event("finish")?.objects("outputs").first { $0.text("path") == BundleLayout.manifest }?.text("sha256")
  }

  /// The command lines of the events, each once, in order.
  var commands: [(file: String, words: [String])] {
    var commands: [(file: String, words: [String])] = []
    for event in events {
      let words = event.fields.texts("argv")
      guard !words.isEmpty, !commands.contains(where: { $0.words == words }), commands.count < 50 else { continue }
      commands.append((event.file, words))
    }
    return commands
  }

  // MARK: What was examined

  var isReference: Bool { context.meta.text("mode") == "reference" }
  var originals: [Fields] { context.meta.objects("originals") }
  var tool: Fields? { context.meta.object("tool") }
  var decoders: [String] { context.meta.object("configuration")?.texts("decoders") ?? [] }
  var filter: String? { context.meta.object("configuration")?.text("filter") }
  var receivedFrom: String? { context.meta.text("receivedFrom") }

  /// The list of expected hashes that the originals were found to have; nil when there was none.
  var expectedHashes: String? {
    guard let expected = event("ingest")?.object("expected"), expected.text("verdict") == "equal" else { return nil }
    return expected.text("list")
  }

  // MARK: Counts

  /// Packets as the decode event counts them.
  var counts: (packets: Int64, decoded: Int64, failed: Int64, skipped: Int64)? {
    guard let counts = event("decode")?.object("counts"), let packets = counts.integer("packets"),
      let decoded = counts.integer("decoded"), let failed = counts.integer("failed"),
      let skipped = counts.integer("skipped")
    else { return nil }
    return (packets, decoded, failed, skipped)
  }

  var errorCount: Int64 { context.tallies["finding"]?.marks[#""severity":"error""#] ?? 0 }
  var warningCount: Int64 { context.tallies["finding"]?.marks[#""severity":"warning""#] ?? 0 }

  /// Calls with voice that was assigned by a conclusion.
  var inferredCalls: Int64 { context.tallies.values.reduce(0) { $0 + ($1.marks[Self.inferred] ?? 0) } }

  /// Web transfers whose answer was assigned by a conclusion.
  var inferredPairs: Int64 { context.tallies["http-transfer"]?.marks[Self.paired] ?? 0 }

  /// What unread conversations were guessed to be, by guess and basis, the most packets first.
  var guesses: [(guess: String, basis: String, packets: Int64)] {
    var sums: [[String]: Int64] = [:]
    for original in context.ledger?.objects("originals") ?? [] {
      for entry in original.objects("unclaimed") {
        guard let guess = entry.text("guess") else { continue }
        sums[[guess, entry.text("basis") ?? ""], default: 0] &+= entry.integer("packets") ?? 0
      }
    }
    return sums.map { (guess: $0.key[0], basis: $0.key[1], packets: $0.value) }
      .sorted { ($1.packets, $0.guess, $0.basis) < ($0.packets, $1.guess, $1.basis) }
  }
}
