import CaptureReading
import Custody
public import DecoderKit
import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation

/// Makes a bundle: takes the originals in, lets workers decode them, and puts together what they leave.
///
/// It parses nothing that was captured. Custody events stand on the disk before what they announce begins.
public final class Supervisor {
  private let request: ProcessingRequest
  private let decoders: [DecoderIdentity]
  private let identifier = "urn:uuid:" + UUID().uuidString.lowercased()
  private var originals: [OriginalIntake] = []
  private var hashSets: [HashSetIntake] = []
  private var rules: [RuleIntake] = []
  /// The hash of what the filter means here: looked up once, for names in it are asked of the network.
  private lazy var filterProgram = request.filter.map { RunSettings.programHash(ofFilter: $0).hex } ?? ""

  public init(_ request: ProcessingRequest, decoders: [any EvidenceDecoder.Type]) {
    self.request = request
    self.decoders = decoders.map { $0.identity }
  }

  /// Does the run. Throws before any harm when an input or the output cannot be used.
  ///
  /// `notice` is told in a line what earlier runs left that were killed.
  public func run(
    notice: (String) -> Void = { _ in }, progress: @escaping (ProcessingProgress) -> Void
  ) throws(ProcessingError) -> ProcessingSummary {
    try checkFilter()
    try openInputs()
    for (old, new) in BundleWriter.takeKilled(target: request.output, removing: Self.discarded) {
      notice("a run that was killed left \(old); its events are kept as \(new)")
    }
    let writer = try bundling { () throws(BundleError) in try BundleWriter(target: request.output) }
    var chain = CustodyChain(directory: writer.staging, bundle: identifier)
    var tool: ToolIdentity?
    do {
      let identity = try ToolIdentity()
      tool = identity
      return try build(writer, &chain, identity, progress)
    } catch {
      let known =
        isGone(writer, hasBegun: chain.count > 0)
        ? ProcessingError(.output, request.output, "it was removed while it was written")
        : Self.known(error)
      fail(writer, &chain, tool, known)
      throw known
    }
  }

  /// Whether somebody removed what the run had written so far.
  private func isGone(_ writer: BundleWriter, hasBegun: Bool) -> Bool {
    !FileManager.default.fileExists(atPath: hasBegun ? writer.path(BundleLayout.event(1)) : writer.staging)
  }

  private static func known(_ error: any Error) -> ProcessingError {
    switch error {
    case let known as ProcessingError: known
    case let bundle as BundleError:
      ProcessingError(bundle.code == .signature ? .input : .output, bundle.path, bundle.message)
    default: ProcessingError(.defect, "", "\(error)")
    }
  }

  private func bundling<Result>(_ body: () throws(BundleError) -> Result) throws(ProcessingError) -> Result {
    do throws(BundleError) { return try body() } catch { throw ProcessingError(.output, error.path, error.message) }
  }

  private func checkFilter() throws(ProcessingError) {
    guard let expression = request.filter else { return }
    do throws(CaptureFault) { _ = try PacketFilter(expression) } catch {
      throw ProcessingError(.usage, expression, "the filter cannot be used: \(error.message)")
    }
  }

  private func openInputs() throws(ProcessingError) {
    guard request.inputs.count <= RunSettings.maximumOriginals else {
      throw ProcessingError(.input, "", "more than \(RunSettings.maximumOriginals) originals in one run")
    }
    for (index, path) in request.inputs.enumerated() {
      originals.append(try OriginalIntake(UInt16(index + 1), path))
    }
    for path in [request.authorityPath, request.expectPath].compactMap({ $0 }) {
      _ = try OriginalIntake.FileFacts(path: path)
    }
    hashSets = try HashSetIntake.all(request.hashSetPaths, knownGood: request.knownGoodPaths)
    rules = try RuleIntake.all(request.rulePaths)
    if let path = request.validationPath { _ = try ValidationReport(path: path) }
    if let reason = EnclosingBundle.refusal(request.output) { throw ProcessingError(.usage, request.output, reason) }
    let output = URL(filePath: request.output).standardizedFileURL.path(percentEncoded: false)
    for original in originals where output == original.absolutePath {
      throw ProcessingError(.output, request.output, "the output is one of the originals")
    }
  }

  private var now: CaptureTime { SystemClock.now }

  // MARK: The run

  private func build(
    _ writer: BundleWriter, _ chain: inout CustodyChain, _ tool: ToolIdentity,
    _ progress: @escaping (ProcessingProgress) -> Void
  ) throws -> ProcessingSummary {
    try writer.makeDirectories(for: BundleLayout.event(1))
    try chain.append("open", at: now, openEvent(tool), by: request.signer)
    let scratch = writer.path("scratch")
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    let stages = RunStages(
      scratch: scratch, executable: tool.executable, jobs: request.jobs, decoderNames: decoders.map(\.name),
      filter: request.filter, userLinks: request.userLinks, callSeconds: request.callSeconds,
      hashSets: hashSets.map(\.order), rules: rules.map(\.order), progress: progress)
    // Before the originals: a set that cannot be used must not cost hours.
    try stages.indexHashSets()
    for set in hashSets { try set.checkUnchanged() }
    try stages.checkRules()
    for file in rules { try file.checkUnchanged() }
    try takeIn(writer, progress)
    try chain.append("ingest", at: now, ingestEvent(tool), by: request.signer)
    let hashing = startReferenceHashing()
    let sources = originals.map { WorkOrder.Original(number: $0.number, path: $0.readingPath) }
    _ = try stages.run(sources)
    try finishReferenceHashing(hashing)
    // Nothing reads the originals any more: prove now, beside the rest, that they are what they were.
    let proof = FileHashing(originals.map { ($0.number, $0.readingPath) })
    try stages.merge(sources)
    // No worker reads the rules any more.
    for file in rules { try file.checkUnchanged() }
    let layout = ScratchLayout(scratch)
    let merged = try MergeResult.read(layout)
    try adopt(merged, layout, stages, writer)
    try chain.append("decode", at: now, decodeEvent(tool, merged, stages), by: request.signer)
    try checkOriginals(proof, progress)
    let authority = try writeAuthority(writer)
    let validation = request.isValidating ? nil : try ValidationEvidence.find(request.validationPath, tool)
    try writer.write(document(tool, stages, layout, authority, validation?.write(to: writer)), to: BundleLayout.bundle)
    if request.isReference { try writer.write(externalList, to: BundleLayout.external) }
    try writer.write(Array(VerificationText.text.utf8), to: BundleLayout.verification)
    for original in originals where !request.isReference {
      guard let hash = original.hash else { continue }
      writer.list(.init(path: original.bundlePath, hash: hash, byteCount: original.facts.byteCount))
    }
    let manifest = try writer.writeManifest(information: information)
    try chain.append("finish", at: now, finishEvent(tool, manifest, merged), by: request.signer)
    for entry in chain.entries { writer.list(entry) }
    try stages.report(bundle: writer.staging)
    for entry in try ReportStage.read(layout) { writer.list(entry) }
    try FileManager.default.removeItem(atPath: scratch)
    try writer.complete()
    return ProcessingSummary(
      bundle: writer.target, originals: originals.count, packets: merged.packetCount,
      records: merged.files.map { ($0.kind, $0.count) }, findings: merged.findings,
      isPartial: merged.hasUnreadable || (merged.findings["error"] ?? 0) > 0)
  }

  private func fail(
    _ writer: BundleWriter, _ chain: inout CustodyChain, _ tool: ToolIdentity?, _ error: ProcessingError
  ) {
    guard chain.count > 0 else {
      writer.discard()
      return
    }
    var fields = tool.map { common($0) } ?? [:]
    fields.set("exit", Self.exitStatus(error))
    // Which of several originals it was must stand there.
    fields.set("error", error.path.isEmpty ? error.message : "\(error.path): \(error.message)")
    fields.set("complete", false)
    do { try chain.append("finish", at: now, fields, by: request.signer) } catch {
      // The failure may be that of the key: then it is written down unsigned.
      _ = try? chain.append("finish", at: now, fields)
    }
    _ = writer.fail(removing: Self.discarded)
  }

  /// What is not kept of a run that failed: nobody may take it for evidence.
  private static let discarded = ["scratch", "data", "report"]

  private static func exitStatus(_ error: ProcessingError) -> Int {
    switch error.code {
    case .usage: 2
    case .input, .expectation: 4
    case .output: 5
    case .originalChanged: 6
    case .defect: 70
    }
  }

  // MARK: Originals

  private func takeIn(_ writer: BundleWriter, _ progress: (ProcessingProgress) -> Void) throws {
    let expected = try request.expectPath.map { path throws(ProcessingError) in try ExpectedHashes(path: path) }
    let total = originals.reduce(0) { $0 + $1.facts.byteCount }
    var done: UInt64 = 0
    if request.isReference {
      guard expected != nil else { return }
    }
    for index in originals.indices {
      let words = request.isReference ? "hashing originals" : "copying originals"
      let report = { (count: UInt64) in progress(ProcessingProgress(stage: words, done: done + count, total: total)) }
      if request.isReference {
        originals[index].hash = try OriginalIntake.read(originals[index].givenPath, into: nil, progress: report)
      } else {
        let name = originals[index].bundlePath
        try writer.makeDirectories(for: name)
        try originals[index].copy(to: writer.path(name), progress: report)
        originals[index].readingPath = writer.path(name)
      }
      done += originals[index].facts.byteCount
      try expected?.check(originals[index])
    }
  }

  /// With --reference the originals are hashed while workers read them.
  private func startReferenceHashing() -> FileHashing? {
    guard request.isReference else { return nil }
    return FileHashing(originals.filter { $0.hash == nil }.map { ($0.number, $0.givenPath) })
  }

  private func finishReferenceHashing(_ hashing: FileHashing?) throws {
    guard let hashing else { return }
    let hashes = try hashing.wait()
    for index in originals.indices {
      if let hash = hashes[originals[index].number] { originals[index].hash = hash }
    }
  }

  /// Proves that what was decoded is what was hashed: read again after the last use, and looked at again in its place.
  private func checkOriginals(_ proof: FileHashing, _ progress: (ProcessingProgress) -> Void) throws {
    progress(ProcessingProgress(stage: "checking originals again", done: 0, total: 0))
    let hashes = try proof.wait()
    for original in originals {
      try original.checkUnchanged()
      guard let again = hashes[original.number], again == original.hash else {
        throw ProcessingError(
          .originalChanged, original.givenPath,
          "its SHA-256 changed while it was used: \(hashes[original.number]?.hex ?? "unreadable") at the end")
      }
    }
  }

  private func adopt(
    _ merged: MergeResult, _ layout: ScratchLayout, _ stages: RunStages, _ writer: BundleWriter
  ) throws {
    for file in merged.files {
      guard let hash = ContentHash(hex: file.sha256) else { continue }
      try writer.adopt(
        "\(layout.records)/\(file.name)", as: BundleLayout.records + "/" + file.name, hash: hash,
        byteCount: file.byteCount)
    }
    try writer.adoptArtefacts(from: stages.artefactDirectories)
    let ledger = FileManager.default.contents(atPath: layout.ledgerDocument) ?? Data()
    try writer.write(Array(ledger), to: BundleLayout.ledger)
  }
}

extension Supervisor {
  // MARK: Events and documents

  private func common(_ tool: ToolIdentity) -> Fields {
    var fields: Fields = ["tool": tool.event, "argv": .list(request.arguments.map { .text($0) })]
    fields.set("clock", SystemClock.state)
    fields.set("config", .object(["sha256": .text(StreamingHash.hash(of: CanonicalJSON.bytes(settings)).hex)]))
    if request.examiner != nil || request.signer != nil {
      var actor: Fields = ["role": .text(request.role)]
      if let examiner = request.examiner { actor.set("id", examiner) }
      fields.set("actor", .object(actor))
    }
    if let caseID = request.caseID { fields.set("case", caseID) }
    return fields
  }

  /// What was asked for that the result depends on; crashes add to it what is left out (`configuration`).
  private var settings: Fields {
    var settings: Fields = ["decoders": .list(decoders.map { .text($0.label) })]
    if let filter = request.filter {
      settings.set("filter", filter)
      settings.set("filterProgramSha256", filterProgram)
    }
    if !request.userLinks.isEmpty {
      let links = request.userLinks.sorted { $0.key < $1.key }
      settings.set("userLinks", .list(links.map { .text("\($0.key)=\($0.value)") }))
    }
    if !hashSets.isEmpty { settings.set("hashSets", .list(hashSets.map { .object($0.fields) })) }
    if !rules.isEmpty { settings.set("rules", .list(rules.map { .object($0.fields) })) }
    return settings
  }

  private func openEvent(_ tool: ToolIdentity) -> Fields {
    var fields = common(tool)
    fields.set(
      "inputs", .list(originals.map { .object(["item": .text($0.name.description), "name": .text($0.givenPath)]) }))
    let failed = formerFailures
    if !failed.isEmpty { fields.set("formerFailures", .list(failed)) }
    return fields
  }

  /// Failed runs that lie beside the output, by the hash of their last event.
  private var formerFailures: [Value] {
    (1...9_999).lazy.map { "\(self.request.output).failed-\($0)" }
      .prefix { FileManager.default.fileExists(atPath: $0) }
      .map { path in
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/custody")) ?? []
        var fields: Fields = ["name": .text((path as NSString).lastPathComponent)]
        if let last = names.sorted().last,
          let hash = try? OriginalIntake.read("\(path)/custody/\(last)", into: nil, progress: { _ in })
        {
          fields.set("headSha256", hash.hex)
        }
        return .object(fields)
      }
  }

  private func ingestEvent(_ tool: ToolIdentity) -> Fields {
    var fields = common(tool)
    fields.set("mode", request.isReference ? "reference" : "copy")
    fields.set("inputs", .list(originals.map { .object(item($0)) }))
    if let from = request.receivedFrom { fields.set("receivedFrom", from) }
    if let expect = request.expectPath { fields.set("expected", .object(["list": .text(expect), "verdict": "equal"])) }
    return fields
  }

  private func item(_ original: OriginalIntake) -> Fields {
    var fields: Fields = [
      "item": .text(original.name.description), "name": .text(original.givenPath),
      "bytes": .integer(Int64(clamping: original.facts.byteCount)),
    ]
    if let hash = original.hash { fields.set("sha256", hash.hex) }
    return fields
  }

  private func decodeEvent(_ tool: ToolIdentity, _ merged: MergeResult, _ stages: RunStages) -> Fields {
    var fields = common(tool)
    fields.set("inputs", .list(originals.map { .object(item($0)) }))
    let skipped = merged.packetCount &- merged.decodedCount &- merged.failedCount
    fields.set(
      "counts",
      .object([
        "packets": .integer(Int64(clamping: merged.packetCount)),
        "decoded": .integer(Int64(clamping: merged.decodedCount)),
        "failed": .integer(Int64(clamping: merged.failedCount)), "skipped": .integer(Int64(clamping: skipped)),
      ]))
    fields.set(
      "outputs",
      .list(
        merged.files.map {
          .object([
            "path": .text(BundleLayout.records + "/" + $0.name), "sha256": .text($0.sha256),
            "bytes": .integer(Int64(clamping: $0.byteCount)), "records": .integer(Int64(clamping: $0.count)),
          ])
        }))
    if !stages.exclusions.isEmpty { fields.set("exclusions", Self.value(stages.exclusions)) }
    if stages.restarts > 0 { fields.set("restarts", stages.restarts) }
    return fields
  }

  static func value(_ exclusions: [WorkOrder.Exclusion]) -> Value {
    .list(
      exclusions.map {
        var fields: Fields = [
          "part": .text($0.part), "original": .text(OriginalName($0.original).description),
          "packet": .integer(Int64(clamping: $0.packet)), "cause": .text($0.cause),
        ]
        if let file = $0.file { fields.set("sha256", file) }
        return .object(fields)
      })
  }

  private func finishEvent(_ tool: ToolIdentity, _ manifest: BundleWriter.Entry, _ merged: MergeResult) -> Fields {
    var fields = common(tool)
    fields.set("outputs", .list([.object(["path": .text(manifest.path), "sha256": .text(manifest.hash.hex)])]))
    fields.set("complete", true)
    fields.set("exit", merged.hasUnreadable || (merged.findings["error"] ?? 0) > 0 ? 3 : 0)
    return fields
  }

  private var information: [(String, String)] {
    var lines = [
      ("Bagging-Date", String(now.description.prefix(10))), ("External-Identifier", identifier),
      ("Bag-Software-Agent", "exhibit \(ToolVersion.text)"),
    ]
    if let caseID = request.caseID { lines.append(("Bag-Group-Identifier", caseID)) }
    if let from = request.receivedFrom { lines.append(("Source-Organization", from)) }
    return lines
  }

  private var externalList: [UInt8] {
    Array(originals.map { SumLine.text($0.hash?.hex ?? "", $0.absolutePath) }.joined().utf8)
  }

  /// Copies the order or warrant into the bundle, under a generated name.
  private func writeAuthority(_ writer: BundleWriter) throws -> Value? {
    guard let path = request.authorityPath else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ProcessingError(.input, path, "the order or warrant cannot be read")
    }
    let suffix = (path as NSString).pathExtension.lowercased()
    let name = "meta/authority.\(suffix == "pdf" || suffix == "txt" || suffix == "json" ? suffix : "bin")"
    let entry = try writer.write([UInt8](data), to: name)
    return .object(["name": .text(path), "path": .text(name), "sha256": .text(entry.hash.hex)])
  }

  private func document(
    _ tool: ToolIdentity, _ stages: RunStages, _ layout: ScratchLayout, _ authority: Value?, _ validation: Value?
  ) throws -> [UInt8] {
    var fields: Fields = ["version": 1, "id": .text(identifier), "createdAt": .time(now), "tool": tool.document]
    if let caseID = request.caseID { fields.set("case", caseID) }
    if let examiner = request.examiner { fields.set("examiner", examiner) }
    if let from = request.receivedFrom { fields.set("receivedFrom", from) }
    if let authority { fields.set("authority", authority) }
    if let validation { fields.set("validation", validation) }
    if let offset = request.clockOffset { fields.set("declaredClockOffsetSeconds", offset) }
    fields.set("mode", request.isReference ? "reference" : "copy")
    fields.set("digestAlgorithm", "sha-256")
    fields.set(
      "originals",
      .list(
        originals.map { original in
          var entry = item(original)
          if !request.isReference { entry.set("path", original.bundlePath) }
          entry.set("modifiedAt", CaptureTime(nanoseconds: original.facts.modified))
          return .object(entry)
        }))
    var configuration = settings
    if !hashSets.isEmpty {
      configuration.set("hashSets", .list(try hashSets.map { .object(try $0.fields(layout)) }))
    }
    if !stages.exclusions.isEmpty { configuration.set("exclusions", Self.value(stages.exclusions)) }
    if !stages.expandedBytes.isEmpty {
      configuration.set("expandedBytes", RunSettings.value(ofExpandedBytes: stages.expandedBytes))
    }
    fields.set("configuration", .object(configuration))
    let missing = stages.missingProtection
    fields.set(
      "sandbox", .object(["isWhole": .boolean(missing.isEmpty), "missing": .list(missing.map { .text($0) })]))
    return CanonicalJSON.bytes(fields)
  }
}
