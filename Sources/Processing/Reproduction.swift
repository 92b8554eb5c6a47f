import CaptureReading
import Custody
public import DecoderKit
import EvidenceBundle
import EvidenceModel
import Foundation

/// What is to be made again, and where.
public struct ReproductionRequest: Sendable {
  public var bundle: String
  /// Where the originals are looked for instead of in the bundle.
  public var originals: String?
  /// The sets of hashes that the bundle's run used, in any order.
  public var hashSets: [String] = []
  /// Files of YARA rules that the bundle's run used.
  public var rules: [String] = []
  /// Worker processes; the result does not depend on it.
  public var jobs = 1
  /// Where the scratch directory is made; where the system keeps what is temporary when it is nil.
  public var scratch: String?
  /// Seconds of CPU time after which a decoder that gives nothing back is stopped.
  public var callSeconds = 60.0

  public init(bundle: String) { self.bundle = bundle }
}

/// Makes a bundle's content again from the originals with the bundle's settings, and compares every file by its SHA-256.
///
/// The bundle is read and never written. What the bundle's run left out after crashes is left out again.
public final class Reproduction {
  private let request: ReproductionRequest
  private let decoders: [DecoderIdentity]
  private let bundle: String

  public init(_ request: ReproductionRequest, decoders: [any EvidenceDecoder.Type]) {
    self.request = request
    self.decoders = decoders.map { $0.identity }
    bundle = BundleWriter.withoutLastSlashes(request.bundle)
  }

  /// Where a receipt goes when nobody says where: beside the bundle, under the first free name.
  public var receiptPath: String {
    var beside = bundle
    if [".", ".."].contains((bundle as NSString).lastPathComponent) {
      beside = BundleWriter.withoutLastSlashes(URL(filePath: bundle).standardizedFileURL.path(percentEncoded: false))
    }
    let names = ["\(beside).reproduced.json"] + (2...9_999).lazy.map { "\(beside).reproduced-\($0).json" }
    return names.first { !ResultFile.isTaken($0) } ?? "\(beside).reproduced-10000.json"
  }

  /// Does it. Throws when the bundle, an original or the scratch directory cannot be used.
  public func run(progress: @escaping (ProcessingProgress) -> Void) throws(ProcessingError) -> ReproductionResult {
    guard FileManager.default.fileExists(atPath: "\(bundle)/\(BundleLayout.manifest)"),
      let receipt = Receipt.take(of: bundle)
    else { throw ProcessingError(.input, bundle, "there is no complete bundle here") }
    let settings = try RunSettings(bundle: bundle)
    let identity = try ToolIdentity()
    let place = request.scratch ?? FileManager.default.temporaryDirectory.path(percentEncoded: false)
    guard !ScratchDirectory.isInside(place, bundle) else {
      throw ProcessingError(.usage, place, "the scratch directory would lie in the bundle, where nothing is written")
    }
    guard let manifest = FileHashes.hash("\(bundle)/\(BundleLayout.manifest)") else {
      throw ProcessingError(.input, "\(bundle)/\(BundleLayout.manifest)", "it cannot be read")
    }
    var result = ReproductionResult(
      bundlePath: bundle, identifier: receipt.bundle, tagManifest: receipt.tagManifest, manifest: manifest,
      head: receipt.head, tool: ToolComparison(madeBy: settings.tool, here: identity), time: SystemClock.now.description
    )
    checkDescription(&result)
    let hashSets = try findHashSets(settings, progress)
    let rules = try RuleIntake.find(settings.rules, among: request.rules)
    let originals = try findOriginals(settings, &result, progress)
    guard originals.count == settings.originals.count else { return result }
    compareSettings(settings, &result)
    let scratch = try ScratchDirectory(in: request.scratch, named: "exhibit-reproduce")
    do {
      try make(settings, originals, hashSets, rules, identity, scratch, &result, progress)
    } catch let error as ProcessingError {
      throw error
    } catch { throw ProcessingError(.defect, "", "\(error)") }
    return result
  }

  /// Finds the sets of the bundle's run among those that were given, by their SHA-256.
  private func findHashSets(
    _ settings: RunSettings, _ progress: (ProcessingProgress) -> Void
  ) throws(ProcessingError) -> [HashSetIntake] {
    guard !settings.hashSets.isEmpty else { return [] }
    progress(ProcessingProgress(stage: "hashing hash sets", done: 0, total: 0))
    var given: [ContentHash: HashSetIntake] = [:]
    for path in request.hashSets {
      let set = try HashSetIntake(0, path, isKnownGood: false)
      given[set.hash] = set
    }
    var found: [HashSetIntake] = []
    for (index, set) in settings.hashSets.enumerated() {
      guard let intake = given[set.hash] else {
        throw ProcessingError(
          .input, set.name,
          "the bundle was made with this hash set (SHA-256 \(set.hash)), which is not there: name it with --hash-set")
      }
      found.append(intake.renamed(index + 1, set.name, isKnownGood: set.isKnownGood))
    }
    return found
  }

  /// Checks that what the run is taken from is what the bundle's lists say.
  private func checkDescription(_ result: inout ReproductionResult) {
    let tags = ManifestFile(bundle, BundleLayout.tagManifest)
    for name in [BundleLayout.bundle, BundleLayout.manifest, BundleLayout.external] {
      let found = FileHashes.hash("\(bundle)/\(name)")
      guard found != tags.entries[name] else { continue }
      result.note(.init(path: name, kind: .bundleChanged, expected: tags.entries[name], found: found))
    }
  }

  /// Finds and hashes the originals; those that are not what they were are noted.
  private func findOriginals(
    _ settings: RunSettings, _ result: inout ReproductionResult, _ progress: (ProcessingProgress) -> Void
  ) throws(ProcessingError) -> [OriginalIntake] {
    var search = try OriginalSearch(bundle: bundle, directory: request.originals)
    let total = settings.originals.reduce(UInt64(0)) { $0 &+ $1.byteCount }
    var done: UInt64 = 0
    var found: [OriginalIntake] = []
    for original in settings.originals {
      let report = { (count: UInt64) in
        progress(ProcessingProgress(stage: "hashing originals", done: done &+ count, total: total))
      }
      switch try search.find(original, progress: report) {
      case .same(let intake): found.append(intake)
      case .other(let path, let hash):
        result.note(.init(path: path, kind: .originalChanged, expected: original.hash, found: hash))
      }
      done &+= original.byteCount
    }
    return found
  }

  /// Says what of this program and machine may make another result.
  private func compareSettings(_ settings: RunSettings, _ result: inout ReproductionResult) {
    let here = decoders.map(\.label)
    let gone = settings.decoders.filter { !here.contains($0) }
    let new = here.filter { !settings.decoders.contains($0) }
    if !gone.isEmpty {
      result.notes.append("decoders that this program does not have: \(gone.joined(separator: ", "))")
    }
    if !new.isEmpty { result.notes.append("decoders that the bundle was made without: \(new.joined(separator: ", "))") }
    if gone.isEmpty, new.isEmpty, here != settings.decoders {
      result.notes.append("this program asks its decoders in another order: \(here.joined(separator: ", "))")
    }
    if let filter = settings.filter, let program = settings.filterProgram,
      RunSettings.programHash(ofFilter: filter) != program
    {
      result.notes.append(
        "the filter means something else here: names of hosts, ports or protocols in it are looked up by each machine")
    }
    let replayed = settings.former.exclusions.count
    if replayed > 0 {
      result.notes.append("left out again, as the bundle's run did after crashes: \(replayed) (finding host/crash)")
    }
    if !settings.former.missingProtection.isEmpty {
      result.notes.append(
        "the bundle's run could not shut its workers in completely: "
          + settings.former.missingProtection.joined(separator: ", "))
    }
  }

  private func make(
    _ settings: RunSettings, _ originals: [OriginalIntake], _ hashSets: [HashSetIntake], _ rules: [RuleIntake],
    _ identity: ToolIdentity,
    _ scratch: ScratchDirectory, _ result: inout ReproductionResult, _ progress: @escaping (ProcessingProgress) -> Void
  ) throws {
    if let filter = settings.filter {
      do throws(CaptureFault) { _ = try PacketFilter(filter) } catch {
        throw ProcessingError(.input, filter, "the bundle's filter does not compile here: \(error.message)")
      }
    }
    let stages = RunStages(
      scratch: scratch.path, executable: identity.executable, jobs: request.jobs, decoderNames: decoders.map(\.name),
      filter: settings.filter, userLinks: settings.userLinks, callSeconds: request.callSeconds,
      hashSets: hashSets.map(\.order), rules: rules.map(\.order), former: settings.former, progress: progress)
    try stages.indexHashSets()
    for set in hashSets { try set.checkUnchanged() }
    try stages.checkRules()
    for file in rules { try file.checkUnchanged() }
    let sources = originals.map { WorkOrder.Original(number: $0.number, path: $0.readingPath) }
    try stages.run(sources)
    // As in the first run: what was decoded is what was hashed.
    let proof = FileHashing(originals.map { ($0.number, $0.readingPath) })
    try stages.merge(sources)
    for file in rules { try file.checkUnchanged() }
    let made = try outputs(ScratchLayout(scratch.path), stages)
    let hashes = try proof.wait()
    for original in originals {
      try original.checkUnchanged()
      guard hashes[original.number] == original.hash else {
        throw ProcessingError(.originalChanged, original.givenPath, "its SHA-256 changed while it was used")
      }
    }
    let lacking = stages.missingProtection.filter { !settings.former.missingProtection.contains($0) }
    if !lacking.isEmpty {
      result.notes.append("this machine cannot shut its workers in completely: \(lacking.joined(separator: ", "))")
    }
    let crashes = stages.exclusions.filter { !settings.former.exclusions.contains($0) }
    if !crashes.isEmpty {
      result.newExclusions = Supervisor.value(crashes)
      result.notes.append("crashes that the bundle's run did not have: \(crashes.count)")
    }
    progress(ProcessingProgress(stage: "comparing", done: 0, total: 0))
    compare(made, ScratchLayout(scratch.path), &result)
  }

  private struct Made {
    let hash: ContentHash
    let byteCount: UInt64
  }

  /// Everything that a run puts under data/, but the originals, by its path in a bundle.
  private func outputs(_ layout: ScratchLayout, _ stages: RunStages) throws -> [String: Made] {
    var made: [String: Made] = [:]
    for file in try MergeResult.read(layout).files {
      guard let hash = ContentHash(hex: file.sha256) else { continue }
      made["\(BundleLayout.records)/\(file.name)"] = Made(hash: hash, byteCount: file.byteCount)
    }
    for root in stages.artefactDirectories {
      for folder in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)") {
          let path = "\(root)/\(folder)/\(name)"
          let hash = try OriginalIntake.read(path, into: nil) { _ in }
          made["\(BundleLayout.artefacts)/\(folder)/\(name)"] = Made(hash: hash, byteCount: fileSize(path))
        }
      }
    }
    let ledger = layout.ledgerDocument
    made[BundleLayout.ledger] = Made(
      hash: try OriginalIntake.read(ledger, into: nil) { _ in }, byteCount: fileSize(ledger))
    return made
  }

  private func compare(_ made: [String: Made], _ layout: ScratchLayout, _ result: inout ReproductionResult) {
    let listed = Dictionary(
      uniqueKeysWithValues: ManifestFile(bundle, BundleLayout.manifest).entries.lazy.map { ($0.key, $0.value) }
        .filter { !$0.0.hasPrefix(BundleLayout.originals + "/") })
    var there = FileHashes(bundle)
    there.compute(Set(listed.keys))
    for path in Set(listed.keys).union(made.keys).sorted() {
      let found = made[path]
      if let found {
        result.comparedFiles += 1
        result.comparedBytes += found.byteCount
      }
      guard let expected = listed[path] else {
        result.note(.init(path: path, kind: .notInBundle, found: found?.hash))
        compareRecords(path, isOld: false, isNew: true, layout, &result)
        continue
      }
      if let actual = there[path] {
        if actual != expected {
          result.note(.init(path: path, kind: .bundleChanged, expected: expected, found: actual))
        }
      } else {
        result.note(.init(path: path, kind: .bundleMissing, expected: expected))
      }
      guard let found else {
        result.note(.init(path: path, kind: .notMadeAgain, expected: expected))
        compareRecords(path, isOld: there[path] != nil, isNew: false, layout, &result)
        continue
      }
      if found.hash != expected {
        result.note(.init(path: path, kind: .changed, expected: expected, found: found.hash))
      }
      if found.hash != expected || there[path] != expected {
        compareRecords(path, isOld: there[path] != nil, isNew: true, layout, &result)
      }
    }
  }

  private func compareRecords(
    _ path: String, isOld: Bool, isNew: Bool, _ layout: ScratchLayout, _ result: inout ReproductionResult
  ) {
    guard path.hasPrefix(BundleLayout.records + "/"), path.hasSuffix(".ndjson") else { return }
    let name = (path as NSString).lastPathComponent
    result.records.append(
      RecordComparison(
        path: path, old: isOld ? RecordFile(path: "\(bundle)/\(path)") : nil,
        new: isNew ? RecordFile(path: "\(layout.records)/\(name)") : nil))
  }
}
