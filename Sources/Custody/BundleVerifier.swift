import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation
public import Signing
import Synchronization

/// Checks a bundle: every file, every list, the custody chain and the ledger; it trusts nothing in it.
///
/// It reads and never writes, so that a bundle on read-only media can be checked.
public struct BundleVerifier {
  /// One check and what came of it.
  public struct Check: Sendable {
    public enum Verdict: String, Sendable { case passed, failed, notApplicable }
    /// Stable, for programs: `payloadManifest`.
    public let name: String
    /// What was checked, in words.
    public let words: String
    public var verdict: Verdict
    /// What failed, each naming a file; or what else a reader must know.
    public var details: [String]
  }

  /// Details of one check that are kept; the rest is counted.
  public static let maximumDetails = 200

  /// The checks, and what was found out for them.
  struct Examination {
    let checks: [Check]
    let hashes: FileHashes
    /// Every payload file.
    let items: ItemList
    let tags: ManifestFile
    let chain: ChainCheck
    /// Originals that were left where they are and could be read.
    let external: [(path: String, digest: FileHashes.Digest)]
    let unreachable: [String]
  }

  private let bundle: String
  private let trust: TrustStore
  private let payload: ManifestFile
  private let tags: ManifestFile
  private let tree: FileTree
  private let chain: ChainCheck
  private var hashes: FileHashes
  private var external: [(path: String, digest: FileHashes.Digest)] = []
  private var unreachable: [String] = []
  private var checks: [Check] = []

  private init(_ bundle: String, _ trust: TrustStore) {
    self.bundle = bundle
    let brought = (try? FileManager.default.contentsOfDirectory(atPath: "\(bundle)/\(BundleLayout.trust)")) ?? []
    let read = { (suffix: String) in
      brought.filter { $0.hasSuffix(suffix) }.sorted().prefix(100)
        .compactMap { BundleFile.read("\(bundle)/\(BundleLayout.trust)/\($0)") }
    }
    self.trust = trust.adding(certificates: read(".pem"), revocationLists: read(".crl"))
    payload = ManifestFile(bundle, BundleLayout.manifest)
    tags = ManifestFile(bundle, BundleLayout.tagManifest)
    tree = FileTree(bundle)
    chain = ChainCheck(bundle)
    hashes = FileHashes(bundle)
  }

  /// Checks the bundle at `path`; `receipt` is what somebody else kept of it, `trust` whose signatures are relied on.
  public static func verify(
    _ path: String, against receipt: Receipt? = nil, trust: TrustStore = TrustStore(trusted: [])
  ) -> [Check] {
    var verifier = BundleVerifier(path, trust)
    verifier.run(receipt, nil)
    return verifier.checks
  }

  /// Checks an unsealed bundle and computes what its seal needs.
  static func examine(_ path: String, trust: TrustStore, sealingWith secret: ItemSecret) -> Examination {
    var verifier = BundleVerifier(path, trust)
    let items = ItemList(verifier.payload, secret)
    verifier.run(nil, items)
    return Examination(
      checks: verifier.checks, hashes: verifier.hashes, items: items, tags: verifier.tags, chain: verifier.chain,
      external: verifier.external, unreachable: verifier.unreachable)
  }

  /// How many checks failed and which is the first, in words; nil when none did.
  static func failure(_ checks: [Check]) -> String? {
    let failed = checks.filter { $0.verdict == .failed }
    guard let first = failed.first else { return nil }
    return "\(failed.count) of its checks failed; the first is \(first.name): \(first.details.first ?? "")"
  }

  private mutating func add(_ name: String, _ words: String, _ problems: [String], notes: [String] = []) {
    var details = Array(problems.prefix(Self.maximumDetails))
    if problems.count > details.count { details.append("and \(problems.count - details.count) more") }
    checks.append(
      Check(name: name, words: words, verdict: problems.isEmpty ? .passed : .failed, details: details + notes))
  }

  private mutating func skip(_ name: String, _ words: String, _ why: String) {
    checks.append(Check(name: name, words: words, verdict: .notApplicable, details: [why]))
  }

  // MARK: The checks

  private var isSealed: Bool { tree.files.contains(BundleLayout.seal) }

  /// The items of a bundle that is sealed, by the secret that it holds.
  private var sealedItems: ItemList? {
    guard isSealed, let bytes = BundleFile.read("\(bundle)/\(BundleLayout.itemsSecret)") else { return nil }
    return ItemSecret(file: bytes).map { ItemList(payload, $0) }
  }

  private mutating func run(_ receipt: Receipt?, _ newItems: ItemList?) {
    add("files", "only plain files and directories with plain names", tree.problems)
    checkDeclaration()
    let items = newItems ?? sealedItems
    // The records are read beside the hashing, which leaves time on one core or the other.
    let ledger = document(BundleLayout.ledger).map { LedgerCheck($0, description: document(BundleLayout.bundle)) }
    let records = Beside { [bundle, payload] in
      var check = RecordCheck(payload, packetCounts: ledger?.packetCounts)
      check.run(bundle)
      return check
    }
    hashes.compute(
      tree.files.union(payload.entries, 0).union(tags.entries, 0),
      isSealed || newItems != nil ? .long(items: items) : .short)
    add(
      "payloadManifest", "every payload file is what the manifest lists", payload.problems + compare(payload))
    add(
      "payloadComplete", "no payload file stands outside the manifest",
      tree.files.keys.filter { $0.hasPrefix("data/") && !payload.entries.contains($0) }.map { "extra file: \($0)" })
    add("tagManifest", "every tag file is what the tag manifest lists", tags.problems + compare(tags))
    add("tagsComplete", "no tag file stands outside its manifest", extraTags)
    checkInformation()
    add("custodyChain", "each custody event names the one before it, none is missing", chain.problems)
    add("custodyListed", "the events up to the end of the run stand in the tag manifest", chain.unlisted(tags))
    add(
      "custodyFinish", "the run's last event names the payload manifest, and says that the run was complete",
      chain.finish(hashes))
    let now = SystemClock.now
    let seal = isSealed ? SealCheck(bundle, tree, hashes, payload, tags, chain, trust, items, now: now) : nil
    checkSignatures(seal, now)
    checkArtefactNames()
    add(
      "ledger", "the ledger adds up: every packet and byte stands in one row",
      ledger?.problems ?? ["\(BundleLayout.ledger) cannot be read"])
    let check = records.wait()
    add(
      "records", "every record is well-formed, numbered without gaps, and its packets and artefacts are there",
      check.problems)
    add("artefactsDescribed", "every artefact has a record", check.undescribed)
    checkExternal(isLong: newItems != nil)
    if let receipt {
      add("receipt", "the bundle is the one that the receipt was given for", receipt.compare(chain, hashes))
    }
    if let seal { checkSeal(seal) } else { checkUnsealed() }
  }

  private mutating func checkSignatures(_ seal: SealCheck?, _ now: CaptureTime) {
    let words = "each event that names a signer bears that person's signature"
    let times = chain.events.indices.map { seal?.time(ofEvent: $0 + 1) ?? now }
    let signatures = EventSignatures(bundle, chain, trust) { times[$0 - 1] }
    if signatures.problems.isEmpty, !signatures.isAnySigned {
      skip("eventSignatures", words, "unsigned: no event has a signature")
    } else {
      add("eventSignatures", words, signatures.problems, notes: signatures.notes)
    }
  }

  private mutating func checkSeal(_ seal: SealCheck) {
    add("longManifests", "every file is what the SHA-512 lists say", seal.listProblems)
    add("items", "the list of items and its tree are what the payload gives", seal.itemProblems)
    add("seal", "the seal is of this bundle, its lists, its items and its custody chain", seal.sealProblems)
    add("sealSignatures", "those who sealed it signed it", seal.signatureProblems, notes: seal.signatureNotes)
    add("sealFiles", "an event names every other file beside the seal", seal.fileProblems)
    let words = "time-stamping authorities vouch for the seal and its renewals"
    if seal.proof.problems.isEmpty, !seal.proof.isAnyStamped {
      skip("timeStamps", words, "no time-stamp: only the signers' own clocks say when it was sealed")
    } else {
      add("timeStamps", words, seal.proof.problems, notes: seal.proof.notes)
    }
  }

  /// Without a seal nothing may say that there was one.
  private mutating func checkUnsealed() {
    var problems: [String] = []
    for event in chain.events
    where event.fields["type"] == .text("seal") && event.fields["exit"] == .integer(0) {
      problems.append("removed: \(event.name) sealed the bundle, and \(BundleLayout.seal) is missing")
    }
    problems += tree.files.keys.filter { $0.hasPrefix("seal/") || $0.hasPrefix("renewal/") }.map {
      "extra file: \($0), and there is no seal"
    }
    for list in [BundleLayout.longManifest, BundleLayout.longTagManifest] where tree.files.contains(list) {
      problems.append("extra file: \(list), and there is no seal")
    }
    if problems.isEmpty {
      skip("seal", "the bundle is sealed", "unsealed: whoever holds it could rewrite it")
    } else {
      add("seal", "the bundle is sealed", problems)
    }
  }

  private func compare(_ manifest: ManifestFile) -> [String] {
    var problems: [String] = []
    var isThere = [Bool](repeating: false, count: manifest.entries.count)
    manifest.entries.merge(tree.files) { listed, found in
      if let listed, found != nil { isThere[listed] = true }
    }
    manifest.entries.merge(hashes.digests) { listed, found in
      guard let listed else { return }
      let actual = found.flatMap { hashes.digests.values[$0] }?.sha256
      guard !isThere[listed] || actual != manifest.entries.values[listed] else { return }
      let what = !isThere[listed] ? "missing" : actual == nil ? "cannot be read" : "changed"
      problems.append("\(what): \(manifest.entries.key(listed))")
    }
    return problems
  }

  private var extraTags: [String] {
    let isSealed = self.isSealed
    return tree.files.keys.filter { path in
      !path.hasPrefix("data/") && !tags.entries.contains(path) && path != BundleLayout.tagManifest
        && !(isSealed && path == BundleLayout.longTagManifest)
        && !path.hasPrefix("custody/") && !path.hasPrefix("seal/") && !path.hasPrefix("renewal/")
    }.map { "extra file: \($0)" }
  }

  private mutating func checkDeclaration() {
    let bytes = BundleFile.read("\(bundle)/\(BundleLayout.declaration)") ?? []
    let expected = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    add(
      "declaration", "it declares itself a BagIt 1.0 bag",
      bytes == Array(expected.utf8) ? [] : ["bagit.txt is missing or not as RFC 8493, 2.1.1 has it"])
  }

  private mutating func checkInformation() {
    let text = String(
      decoding: BundleFile.read("\(bundle)/\(BundleLayout.information)") ?? [], as: UTF8.self)
    let places = tree.files.indices.filter { tree.files.hasPrefix("data/", $0) }
    let actual = "\(places.reduce(0) { $0 + tree.files.values[$1] }).\(places.count)"
    let line = text.split(separator: "\n").first { $0.hasPrefix("Payload-Oxum: ") }
    let stated = line.map { String($0.dropFirst("Payload-Oxum: ".count)) }
    add(
      "payloadOxum", "number and size of payload files are as stated",
      stated == actual ? [] : ["bag-info.txt states \(stated ?? "nothing"), there are \(actual)"])
  }

  private mutating func checkArtefactNames() {
    let prefix = Array((BundleLayout.artefacts + "/").utf8)
    var expected = prefix
    let wrong = payload.entries.indices.filter { place in
      guard payload.entries.hasPrefix(prefix.span, place) else { return false }
      // artefacts/ab/abcdef….
      expected.removeSubrange(prefix.count...)
      payload.entries.values[place].appendDigits(to: &expected)
      expected.insert(contentsOf: [expected[prefix.count], expected[prefix.count + 1], 0x2f], at: prefix.count)
      expected.append(0x2e)
      return !payload.entries.hasPrefix(expected.span, place)
    }
    add(
      "artefactNames", "every artefact is named after its SHA-256", wrong.map { "misnamed: \(payload.entries.key($0))" }
    )
  }

  private func document(_ name: String) -> Fields? {
    BundleFile.read("\(bundle)/\(name)", limit: BundleFile.largeLimit).flatMap { ValueReader.fields($0) }
  }

  private mutating func checkExternal(isLong: Bool) {
    let words = "the originals that were left where they were are unchanged"
    let list = ManifestFile(bundle, BundleLayout.external, sorted: false)
    guard list.exists else { return skip("externalOriginals", words, "all originals are in the bundle") }
    var problems = list.problems
    var notes: [String] = []
    for (path, expected) in list.entries {
      guard FileManager.default.fileExists(atPath: path) else {
        notes.append("not reachable from here: \(path)")
        unreachable.append(path)
        continue
      }
      let digest = isLong ? FileHashes.digest(path) : nil
      if let digest { external.append((path, digest)) }
      if (digest?.sha256 ?? FileHashes.hash(path)) != expected { problems.append("changed: \(path)") }
    }
    if problems.isEmpty, notes.count == list.entries.count {
      skip("externalOriginals", words, notes.joined(separator: "; "))
    } else {
      add("externalOriginals", words, problems, notes: notes)
    }
  }
}
