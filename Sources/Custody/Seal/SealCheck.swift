import EvidenceBundle
import EvidenceModel
import Foundation
import Signing

/// The seal of a bundle: what it binds, who signed it, and since when it stands.
struct SealCheck {
  /// `seal/seal.txt`; nil when it is not of the form.
  let text: SealText?
  /// SHA-512 lists.
  private(set) var listProblems: [String] = []
  private(set) var itemProblems: [String] = []
  private(set) var sealProblems: [String] = []
  private(set) var signatureProblems: [String] = []
  private(set) var signatureNotes: [String] = []
  /// Files in `seal/` and `renewal/` that no event names, and those that one names and are gone.
  private(set) var fileProblems: [String] = []
  let proof: ProofOfTime

  private let bundle: String
  private let hashes: FileHashes

  /// Checks a bundle that has a seal; certificates and revocation lists in it help to judge, and are never trusted.
  init(
    _ bundle: String, _ tree: FileTree, _ hashes: FileHashes, _ payload: ManifestFile, _ tags: ManifestFile,
    _ chain: ChainCheck, _ trust: TrustStore, _ items: ItemList?, now: CaptureTime
  ) {
    self.bundle = bundle
    self.hashes = hashes
    proof = ProofOfTime(bundle, hashes, trust, now: now)
    let bytes = BundleFile.read("\(bundle)/\(BundleLayout.seal)") ?? []
    text = SealText(bytes)
    checkLists(payload, tags)
    let root = checkItems(items, chain)
    checkText(chain, root)
    checkSignatures(bytes, chain, trust)
    checkFiles(tree, chain)
  }

  /// When the signature of an event stood at the latest: as the seal's time-stamp or a renewal proves, else now.
  func time(ofEvent number: Int) -> CaptureTime {
    let path = BundleLayout.signature(of: BundleLayout.event(number))
    guard let text, number <= text.headNumber, let time = proof.sealTime else { return proof.time(of: path) }
    return time
  }

  // MARK: What it binds

  private mutating func checkLists(_ payload: ManifestFile, _ tags: ManifestFile) {
    for (name, short) in [(BundleLayout.longManifest, payload), (BundleLayout.longTagManifest, tags)] {
      guard let list = LongList("\(bundle)/\(name)") else {
        listProblems.append("missing or cannot be read: \(name)")
        continue
      }
      listProblems += list.problems(name, hashes)
      list.entries.merge(short.entries) { long, brief in
        guard (long == nil) != (brief == nil),
          let path = long.map(list.entries.key) ?? brief.map(short.entries.key)
        else { return }
        listProblems.append("stands in one list only: \(path), \(name) or its SHA-256 list")
      }
    }
  }

  /// Makes the list of items again and compares; gives the root.
  private mutating func checkItems(_ items: ItemList?, _ chain: ChainCheck) -> MerkleTree? {
    guard let items else {
      itemProblems.append("\(BundleLayout.itemsSecret) is missing or malformed")
      return nil
    }
    let output = HashedOutput()
    let tree: MerkleTree
    do throws(BundleError) {
      tree = try items.write(hashes, to: output)
      guard hashes[BundleLayout.items] == (try output.finish()).sha256 else {
        itemProblems.append("\(BundleLayout.items) is not what the payload gives")
        return tree
      }
    } catch {
      itemProblems.append("\(error.path): \(error.message)")
      return nil
    }
    if BundleFile.read("\(bundle)/\(BundleLayout.itemsCheckpoint)") != ItemList.checkpoint(chain.bundleIdentifier, tree)
    {
      itemProblems.append("\(BundleLayout.itemsCheckpoint) is not what the items give")
    }
    return tree
  }

  private mutating func checkText(_ chain: ChainCheck, _ tree: MerkleTree?) {
    guard let text else {
      sealProblems.append("\(BundleLayout.seal) is missing or not of the form")
      return
    }
    if text.bundle != chain.bundleIdentifier { sealProblems.append("the seal is of another bundle: \(text.bundle)") }
    if let tree, text.itemCount != tree.count || text.itemsRoot != tree.root.hex {
      sealProblems.append("the seal names another tree of items")
    }
    let event = BundleLayout.event(text.headNumber)
    let expected = (SealText.bound + [event, BundleLayout.signature(of: event)]).sorted()
    if text.files.map(\.path) != expected { sealProblems.append("the seal lists other files than a seal does") }
    for file in text.files where hashes[file.path]?.hex != file.sha256 {
      sealProblems.append("not what was sealed: \(file.path)")
    }
    let head = chain.events.first { $0.name == event }
    if head?.fields["type"] != .text("seal") { sealProblems.append("\(event) is no event of a seal") }
    if hashes[event]?.hex != text.head { sealProblems.append("the seal's head of the custody chain is another event") }
  }

  // MARK: Who signed

  private mutating func checkSignatures(_ content: [UInt8], _ chain: ChainCheck, _ trust: TrustStore) {
    let paths = SealFiles.existing(bundle, SealFiles.signature)
    if paths.isEmpty { signatureProblems.append("unsigned: \(SealFiles.signature(1)) is missing") }
    let sealed = text.flatMap { text in chain.events.first { $0.name == BundleLayout.event(text.headNumber) } }
    for (index, path) in paths.enumerated() {
      guard let signature = BundleFile.read("\(bundle)/\(path)", limit: EventSignatures.maximumBytes) else {
        signatureProblems.append("broken: \(path): it cannot be read")
        continue
      }
      // The event's own signature is bound by the seal, so that the time-stamp proves that its signer was there.
      let time = index == 0 ? proof.sealTime ?? proof.time(of: path) : proof.time(of: path)
      let verdicts = SignatureCheck.verify(signature, over: content, trust: trust, at: time)
      if index == 0, let sealed, !verdicts.contains(where: { EventSignatures.named(sealed.fields, $0) }) {
        signatureProblems.append("broken: \(path) is not by the one who sealed")
      }
      for verdict in verdicts {
        let who = EventSignatures.name(verdict)
        switch verdict.word {
        case .valid: signatureNotes.append("\(path), signed by \(who): valid")
        case .untrusted where trust.isEmpty:
          signatureNotes.append("\(path), signed by \(who): untrusted: \(verdict.reason)")
        default: signatureProblems.append("\(verdict.word.rawValue): \(path), signed by \(who): \(verdict.reason)")
        }
      }
    }
  }

  // MARK: Files

  private mutating func checkFiles(_ tree: FileTree, _ chain: ChainCheck) {
    var named: [String: String] = [:]
    for event in chain.events {
      guard case .list(let outputs)? = event.fields["outputs"] else { continue }
      for case .object(let output) in outputs {
        guard case .text(let path)? = output["path"], case .text(let hash)? = output["sha256"] else { continue }
        if Self.isBeside(path) { named[path] = hash }
      }
    }
    var free: Set<String> = [BundleLayout.seal, SealFiles.signature(1)]
    for text in [BundleLayout.seal] + (1...max(1, proof.renewalCount)).map(SealFiles.renewal) {
      free.formUnion([text + ".tsq", text + ".tsr"])
    }
    let judged = proof.judged.union(SealFiles.existing(bundle, SealFiles.signature))
    for path in tree.files.keys.filter({ Self.isBeside($0) }) {
      if SealFiles.isProof(path), !judged.contains(path) { fileProblems.append("a number is missing before \(path)") }
      if let hash = named.removeValue(forKey: path) {
        if hashes[path]?.hex != hash { fileProblems.append("changed: \(path)") }
      } else if !free.contains(path) {
        fileProblems.append("extra file: \(path) is named by no event")
      }
    }
    fileProblems += named.keys.sorted().map { "removed: \($0)" }
  }

  private static func isBeside(_ path: String) -> Bool { path.hasPrefix("seal/") || path.hasPrefix("renewal/") }
}
