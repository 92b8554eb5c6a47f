import EvidenceBundle
import EvidenceModel
import Foundation

/// What somebody else keeps of a bundle, so that even its owner cannot cut or rewrite it unseen.
public struct Receipt: Sendable {
  public let bundle: String
  public let eventCount: Int
  public let head: String
  public let tagManifest: String

  /// Takes a receipt of the bundle at `path`; nil when it has no chain.
  public static func take(of path: String) -> Receipt? {
    let chain = ChainCheck(path)
    guard let head = chain.head, let tags = FileHashes.hash("\(path)/\(BundleLayout.tagManifest)") else { return nil }
    return Receipt(bundle: chain.bundleIdentifier, eventCount: chain.names.count, head: head.hex, tagManifest: tags.hex)
  }

  init(bundle: String, eventCount: Int, head: String, tagManifest: String) {
    self.bundle = bundle
    self.eventCount = eventCount
    self.head = head
    self.tagManifest = tagManifest
  }

  /// Reads a receipt file; nil when it is none.
  public init?(path: String) {
    guard let data = FileManager.default.contents(atPath: path), let fields = ValueReader.fields([UInt8](data)),
      case .text(let bundle)? = fields["bundle"], case .integer(let count)? = fields["seq"],
      case .text(let head)? = fields["headSha256"], case .text(let tags)? = fields["tagManifestSha256"],
      count > 0, count < 1_000_000
    else { return nil }
    self.init(bundle: bundle, eventCount: Int(count), head: head, tagManifest: tags)
  }

  /// The receipt as canonical JSON.
  public var bytes: [UInt8] {
    CanonicalJSON.bytes([
      "version": 1, "bundle": .text(bundle), "seq": .integer(Int64(eventCount)), "headSha256": .text(head),
      "tagManifestSha256": .text(tagManifest),
    ])
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
    return problems
  }
}
