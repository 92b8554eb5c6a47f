public import EvidenceBundle
public import EvidenceModel
import Fingerprinting
public import Signing

/// The custody chain of a bundle: one JSON file an event, each naming the SHA-256 of the one before it.
///
/// With a signer each event has a detached CAdES signature of its own beside it.
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
  /// The chain adds version, bundle, sequence number, time and the former event's hash, and the certificate to the actor.
  @discardableResult
  public mutating func append(
    _ type: String, at time: CaptureTime, _ fields: Fields, by signer: Signer? = nil
  ) throws(BundleError) -> ContentHash {
    var event = fields
    if let signer { event.set("actor", .object(Self.actor(event["actor"], signer))) }
    event.set("v", 1)
    event.set("bundle", bundle)
    event.set("seq", count + 1)
    event.set("prev", .object(["sha256": .text(head)]))
    event.set("time", time.description)
    event.set("type", type)
    let bytes = CanonicalJSON.bytes(event)
    let name = BundleLayout.event(count + 1)
    if let signer {
      // First, so that an event never stands without its signature.
      let signature = BundleLayout.signature(of: name)
      let message: [UInt8]
      do throws(SigningError) { message = try CAdESSignature.sign(bytes, by: [signer], at: time) } catch {
        throw BundleError(.signature, error.subject, error.message)
      }
      try BundleWriter.write(message, to: "\(directory)/\(signature)")
      entries.append(.init(path: signature, hash: Self.hash(message), byteCount: UInt64(message.count)))
    }
    try BundleWriter.write(bytes, to: "\(directory)/\(name)")
    let digest = Self.hash(bytes)
    head = digest.hex
    count += 1
    entries.append(.init(path: name, hash: digest, byteCount: UInt64(bytes.count)))
    return digest
  }

  /// Who acts: as stated, or as the certificate says; always with the certificate's SHA-256.
  private static func actor(_ stated: Value?, _ signer: Signer) -> Fields {
    var actor: Fields = [:]
    if case .object(let fields)? = stated { actor = fields }
    guard let facts = CertificateFacts(der: signer.certificate) else { return actor }
    if actor["id"] == nil { actor.set("id", facts.commonName.isEmpty ? facts.subject : facts.commonName) }
    actor.set("cert", facts.sha256)
    return actor
  }

  private static func hash(_ bytes: [UInt8]) -> ContentHash {
    var hash = StreamingHash()
    // Safe: the view ends before `bytes` does.
    unsafe hash.update(bytes.span.bytes)
    return hash.finalise()
  }
}
