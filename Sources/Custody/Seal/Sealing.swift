import EvidenceBundle
public import EvidenceModel
import Fingerprinting
import Foundation
public import Signing

/// Seals a bundle: reads every byte of it again, writes SHA-512 beside SHA-256 and the tree of its items, and has one short text
/// signed that binds all of it.
public struct Sealing {
  /// What a seal says besides.
  public struct Options: Sendable {
    /// The order's reference: one word of printable ASCII.
    public var order: String?
    public var orderExpired: CaptureTime?
    /// Why it is sealed late.
    public var explanation: String?
    /// The address of a time-stamping authority.
    public var authority: String?
    /// Revocation lists to keep beside the signer's certificates, in DER.
    public var revocationLists: [[UInt8]] = []
    public var trust = TrustStore(trusted: [])
    public init() {}
  }

  /// What came of it.
  public struct Outcome: Sendable {
    /// SHA-256 of `seal/seal.txt`.
    public let seal: ContentHash
    public let itemCount: UInt64
    /// When a time-stamping authority saw it.
    public let time: CaptureTime?
    /// Why there is no time-stamp although one was asked for.
    public let stampProblem: String?
  }

  /// How long after the order's end, or after the run, a seal needs no explanation: 24 hours, in nanoseconds.
  static let grace: Int64 = 86_400_000_000_000

  private let options: Options
  private let signer: Signer
  private var sealBytes: [UInt8] = []
  private var itemCount: UInt64 = 0
  private var stamp = BundleChange.Stamp()

  /// Seals the bundle at `path`. Throws when a check fails, when it is sealed already, or when it is late and nobody says why.
  public static func seal(_ path: String, by act: CustodyAct, _ options: Options) throws(CustodyError) -> Outcome {
    guard let signer = act.signer else { throw CustodyError(.usage, path, "a seal is signed: a key is needed") }
    try check(path, options)
    var sealing = Sealing(options: options, signer: signer)
    try BundleChange.perform("seal", of: path, by: act) { change throws(CustodyError) in
      try sealing.run(&change)
      return [:]
    }
    return Outcome(
      seal: StreamingHash.hash(of: sealing.sealBytes), itemCount: sealing.itemCount,
      time: sealing.stamp.time, stampProblem: sealing.stamp.problem)
  }

  private init(options: Options, signer: Signer) { (self.options, self.signer) = (options, signer) }

  private static func check(_ path: String, _ options: Options) throws(CustodyError) {
    if let order = options.order, !SealText.isReference(order) {
      throw CustodyError(.usage, order, "the order's reference is one word of printable ASCII of at most 200 letters")
    }
    if options.order == nil, options.orderExpired != nil {
      throw CustodyError(.usage, path, "the end of an order needs the order's reference: --order")
    }
    guard !FileManager.default.fileExists(atPath: "\(path)/\(BundleLayout.seal)") else {
      throw CustodyError(
        .usage, path, "it is sealed already; exhibit cosign adds a signature, exhibit renew a newer proof")
    }
    guard options.explanation == nil, let due = due(path, options) else { return }
    let now = SystemClock.now
    guard now.nanoseconds > due.nanoseconds.addingReportingOverflow(grace).partialValue else { return }
    let since = options.orderExpired == nil ? "the run ended" : "the order expired"
    throw CustodyError(
      .usage, path,
      "\(since) at \(due.description.prefix(19))Z, more than 24 hours ago: say with --explanation why it is sealed late"
    )
  }

  /// From when on the seal is waited for; nil when the chain does not tell.
  private static func due(_ path: String, _ options: Options) -> CaptureTime? {
    if let expired = options.orderExpired { return expired }
    let finish = ChainCheck(path).events.last { $0.fields["type"] == .text("finish") }
    guard case .text(let text)? = finish?.fields["time"] else { return nil }
    return CaptureTime(rfc3339: text)
  }

  // MARK: The seal

  private mutating func run(_ change: inout BundleChange) throws(CustodyError) {
    let secret = ItemSecret.make()
    let examination = BundleVerifier.examine(change.bundle, trust: options.trust, sealingWith: secret)
    if let failure = BundleVerifier.failure(examination.checks) {
      throw CustodyError(.checkFailed, change.bundle, "not sealed, for \(failure)")
    }
    let tree = try writeLists(&change, examination, secret)
    try SealFiles.writeTrust(&change, 1, signer, options.revocationLists)
    let head = try change.record(fields(examination, tree))
    try writeSeal(&change, examination, tree, head)
  }

  private func fields(_ examination: BundleVerifier.Examination, _ tree: MerkleTree) -> Fields {
    var fields: Fields = [
      "items": .object([
        "alg": "rfc9162-sha256", "n": .integer(Int64(clamping: tree.count)), "root": .text(tree.root.hex),
      ]),
      "counts": .object([
        "files": .integer(Int64(examination.items.payload.count)),
        "bytes": .integer(
          Int64(
            clamping: examination.items.payload.keys.reduce(UInt64(0)) {
              $0 &+ (examination.hashes.digest($1)?.byteCount ?? 0)
            })),
      ]),
    ]
    if let order = options.order { fields.set("authority", order) }
    if let expired = options.orderExpired { fields.set("orderExpired", expired.description) }
    if let explanation = options.explanation { fields.set("explanation", explanation) }
    return fields
  }

  /// Writes what the seal binds: SHA-512 lists, the items, and the tag lists that name them.
  private mutating func writeLists(
    _ change: inout BundleChange, _ examination: BundleVerifier.Examination, _ secret: ItemSecret
  ) throws(CustodyError) -> MerkleTree {
    var tags: [(path: String, digest: FileHashes.Digest)] = []
    for path in examination.tags.entries.keys {
      guard let digest = examination.hashes.digest(path) else { throw CustodyError(.input, path, "it cannot be read") }
      tags.append((path, digest))
    }
    do throws(BundleError) {
      let list = try HashedOutput(path: change.place(BundleLayout.longManifest))
      for path in examination.items.payload.keys {
        try list.write(Self.line(examination.hashes.digest(path), path).utf8)
      }
      tags.append((BundleLayout.longManifest, try list.finish()))
      let items = try HashedOutput(path: change.place(BundleLayout.items))
      let tree = try examination.items.write(examination.hashes, to: items)
      tags.append((BundleLayout.items, try items.finish()))
      itemCount = tree.count
      let small = [
        (BundleLayout.itemsSecret, secret.file),
        (BundleLayout.itemsCheckpoint, ItemList.checkpoint(examination.chain.bundleIdentifier, tree)),
      ]
      for (path, bytes) in small {
        let output = try HashedOutput(path: change.place(path))
        try output.write(bytes)
        tags.append((path, try output.finish()))
      }
      if let external = try writeExternal(&change, examination) { tags.append(external) }
      tags.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
      let short = try HashedOutput(path: change.place(BundleLayout.tagManifest))
      for tag in tags { try short.write("\(tag.digest.sha256.hex)  \(tag.path)\n".utf8) }
      let long = try HashedOutput(path: change.place(BundleLayout.longTagManifest))
      for tag in tags { try long.write(Self.line(tag.digest, tag.path).utf8) }
      for (path, output) in [(BundleLayout.tagManifest, short), (BundleLayout.longTagManifest, long)] {
        let digest = try output.finish()
        change.mention(path, digest.sha256, Int(clamping: digest.byteCount))
      }
      return tree
    } catch { throw CustodyError(error) }
  }

  /// A line of a SHA-512 list of the bundle. Throws without a hash.
  private static func line(_ digest: FileHashes.Digest?, _ path: String) throws(BundleError) -> String {
    guard let hash = digest?.sha512 else { throw BundleError(.malformed, path, "it cannot be read") }
    return "\(hash.hex)  \(path)\n"
  }

  /// The SHA-512 list of originals that were left where they are; none when some cannot be reached: then the event warns.
  private func writeExternal(
    _ change: inout BundleChange, _ examination: BundleVerifier.Examination
  ) throws(BundleError) -> (path: String, digest: FileHashes.Digest)? {
    change.warnings += examination.unreachable.map { "not read again, for it could not be reached: \($0)" }
    guard examination.unreachable.isEmpty, !examination.external.isEmpty else { return nil }
    let output = try HashedOutput(path: change.place(BundleLayout.longExternal))
    for (path, digest) in examination.external {
      try output.write(SumLine.text(digest.sha512?.hex ?? "", path).utf8)
    }
    return (BundleLayout.longExternal, try output.finish())
  }

  private mutating func writeSeal(
    _ change: inout BundleChange, _ examination: BundleVerifier.Examination, _ tree: MerkleTree, _ head: ContentHash
  ) throws(CustodyError) {
    var text = SealText()
    text.bundle = examination.chain.bundleIdentifier
    (text.itemCount, text.itemsRoot) = (tree.count, tree.root.hex)
    (text.headNumber, text.head) = (change.eventNumber, head.hex)
    text.order = options.order.map { .init(reference: $0, expired: options.orderExpired?.description ?? "") }
    let event = BundleLayout.event(change.eventNumber)
    let paths = SealText.bound + [event, BundleLayout.signature(of: event)]
    for path in paths.sorted() {
      guard let hash = FileHashes.hash(change.path(path)) else {
        throw CustodyError(.output, change.path(path), "what was written cannot be read")
      }
      text.files.append((path, hash.hex))
    }
    sealBytes = text.bytes
    try change.write(sealBytes, to: BundleLayout.seal)
    let signature = try CustodyError.signing { [sealBytes, signer, time = change.time] () throws(SigningError) in
      try CAdESSignature.sign(sealBytes, by: [signer], at: time)
    }
    try change.write(signature, to: SealFiles.signature(1))
    stamp = try change.stamp(BundleLayout.seal, sealBytes, authority: options.authority, isLong: false)
  }
}
