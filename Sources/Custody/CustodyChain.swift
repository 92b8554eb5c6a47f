public import EvidenceBundle
public import EvidenceModel
import Fingerprinting

/// The custody chain of a bundle: one JSON file an event, each naming the SHA-256 of the one before it.
///
/// E_n = canonical JSON (RFC 8785) of the event; prev of the first event is 64 zeros, of every other SHA-256(E_(n-1)).
public struct CustodyChain {
  /// Where the events stand: a bundle or the directory in which one grows.
  public let directory: String
  public let bundle: String
  public private(set) var head: String = String(repeating: "0", count: 64)
  public private(set) var count = 0
  public private(set) var entries: [BundleWriter.Entry] = []

  public init(directory: String, bundle: String) {
    self.directory = directory
    self.bundle = bundle
  }

  /// Adds an event and waits until the disk has it.
  ///
  /// `time` is RFC 3339 in UTC. The chain adds version, bundle, sequence number and the former event's hash.
  @discardableResult
  public mutating func append(_ type: String, at time: String, _ fields: Fields) throws(BundleError) -> ContentHash {
    var event = fields
    event.set("v", 1)
    event.set("bundle", bundle)
    event.set("seq", count + 1)
    event.set("prev", .object(["sha256": .text(head)]))
    event.set("time", time)
    event.set("type", type)
    let bytes = CanonicalJSON.bytes(event)
    let name = BundleLayout.event(count + 1)
    try BundleWriter.write(bytes, to: "\(directory)/\(name)")
    var hash = StreamingHash()
    // Safe: the view ends before `bytes` does.
    unsafe hash.update(bytes.span.bytes)
    let digest = hash.finalise()
    head = digest.hex
    count += 1
    entries.append(.init(path: name, hash: digest, byteCount: UInt64(bytes.count)))
    return digest
  }
}
