import EvidenceBundle
public import EvidenceModel
import Foundation

/// What somebody else keeps of a bundle, so that even its owner cannot cut or rewrite it unseen.
public struct Receipt: Sendable {
  public let bundle: String
  public let eventCount: Int
  public let head: String
  public let tagManifest: String
  /// SHA-256 of the seal; nil when the bundle was not sealed or the receipt is of a former version.
  public let seal: String?
  /// Who received the bundle; nil when the receipt was not given for a transfer.
  public let acceptance: Acceptance?

  /// Who received a bundle, and when.
  public struct Acceptance: Hashable, Sendable {
    public let receivedBy: String
    /// SHA-256 of the receiver's certificate.
    public let certificate: String
    public let time: CaptureTime
  }

  /// Takes a receipt of the bundle at `path`; nil when it has no chain.
  public static func take(of path: String) -> Receipt? {
    let chain = ChainCheck(path)
    guard let head = chain.head else { return nil }
    return Receipt(of: path, bundle: chain.bundleIdentifier, eventCount: chain.names.count, head: head.hex)
  }

  /// A receipt that knows the chain up to an event; nil when the bundle at `path` has no tag manifest.
  init?(of path: String, bundle: String, eventCount: Int, head: String, acceptance: Acceptance? = nil) {
    guard let tags = FileHashes.hash("\(path)/\(BundleLayout.tagManifest)") else { return nil }
    (self.bundle, self.eventCount, self.head, tagManifest) = (bundle, eventCount, head, tags.hex)
    seal = FileHashes.hash("\(path)/\(BundleLayout.seal)")?.hex
    self.acceptance = acceptance
  }

  /// Reads a receipt file; nil when it is none.
  public init?(path: String) {
    guard let data = FileManager.default.contents(atPath: path), let fields = ValueReader.fields([UInt8](data)),
      case .text(let bundle)? = fields["bundle"], case .integer(let count)? = fields["seq"],
      case .text(let head)? = fields["headSha256"], case .text(let tags)? = fields["tagManifestSha256"],
      count > 0, count < 1_000_000
    else { return nil }
    (self.bundle, eventCount, self.head, tagManifest) = (bundle, Int(count), head, tags)
    switch fields["sealSha256"] {
    case nil: seal = nil
    case .text(let hash)?: seal = hash
    default: return nil
    }
    if case .text(let name)? = fields["receivedBy"], case .text(let certificate)? = fields["cert"],
      case .text(let text)? = fields["time"], let time = CaptureTime(rfc3339: text)
    {
      acceptance = Acceptance(receivedBy: name, certificate: certificate, time: time)
    } else {
      acceptance = nil
    }
  }

  /// The receipt as canonical JSON.
  public var bytes: [UInt8] {
    var fields: Fields = [
      "version": 1, "bundle": .text(bundle), "seq": .integer(Int64(eventCount)), "headSha256": .text(head),
      "tagManifestSha256": .text(tagManifest),
    ]
    if let seal { fields.set("sealSha256", seal) }
    if let acceptance {
      fields.set("receivedBy", acceptance.receivedBy)
      fields.set("cert", acceptance.certificate)
      fields.set("time", acceptance.time)
    }
    return CanonicalJSON.bytes(fields)
  }

  func compare(_ chain: ChainCheck, _ hashes: FileHashes) -> [String] {
    var problems: [String] = []
    if chain.bundleIdentifier != bundle { problems.append("the receipt is of another bundle: \(bundle)") }
    if chain.names.count < eventCount {
      problems.append("the chain was cut: the receipt knows \(eventCount) events, there are \(chain.names.count)")
    } else if hashes[BundleLayout.event(eventCount)]?.hex != head {
      problems.append("event \(eventCount) is not the one that the receipt knows")
    }
    if hashes[BundleLayout.tagManifest]?.hex != tagManifest {
      problems.append("the tag manifest is not the one that the receipt knows")
    }
    if let seal, hashes[BundleLayout.seal]?.hex != seal {
      problems.append("\(BundleLayout.seal) is missing or not the one that the receipt knows")
    }
    return problems
  }
}
