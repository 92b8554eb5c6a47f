import Crypto
public import EvidenceBundle
public import EvidenceModel
import Fingerprinting
import Foundation
public import Signing

/// The custody chain of a bundle: one JSON file an event, each naming the hashes of the one before it.
///
/// With a signer each event has a detached CAdES signature of its own beside it.
/// E_n = canonical JSON (RFC 8785) of the event; prev of the first event is zeros, of every other SHA-256(E_(n-1)) and SHA-512(E_(n-1)).
public struct CustodyChain {
  /// Events that a chain may have.
  public static let maximumEvents = 100_000

  /// Where the events stand: a bundle or the directory in which one grows.
  private let directory: String
  private let bundle: String
  /// SHA-256 of the last event, in hexadecimal digits.
  public private(set) var head = String(repeating: "0", count: 64)
  private var longHead = String(repeating: "0", count: 128)
  public private(set) var count = 0
  /// What was written, for the tag manifest.
  public private(set) var entries: [BundleWriter.Entry] = []

  public init(directory: String, bundle: String) {
    self.directory = directory
    self.bundle = bundle
  }

  /// Goes on in `directory` with the chain of the bundle at `path`. Throws when there is none or its last event cannot be read.
  public init(continuing path: String, in directory: String) throws(BundleError) {
    self.directory = directory
    let folder = "\(path)/\(BundleLayout.custody)"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".json") }
    guard let last = names.max(), "\(BundleLayout.custody)/\(last)" == BundleLayout.event(names.count) else {
      throw BundleError(.malformed, folder, "there is no custody chain, or an event is missing")
    }
    guard names.count < Self.maximumEvents else {
      throw BundleError(.malformed, folder, "a chain has at most \(Self.maximumEvents) events")
    }
    guard let bytes = BundleFile.read("\(folder)/\(last)"), let fields = ValueReader.fields(bytes),
      case .text(let identifier)? = fields["bundle"]
    else { throw BundleError(.malformed, "\(folder)/\(last)", "the last event cannot be read") }
    bundle = identifier
    count = names.count
    (head, longHead) = Self.heads(bytes)
  }

  /// Adds an event and waits until the disk has it.
  ///
  /// The chain adds version, bundle, sequence number, time and the former event's hashes, and the certificate to the actor.
  /// With a signer, `others` may sign the event too.
  @discardableResult
  public mutating func append(
    _ type: String, at time: CaptureTime, _ fields: Fields, by signer: Signer? = nil, with others: [Signer] = []
  ) throws(BundleError) -> ContentHash {
    var event = fields
    if let signer {
      var stated: Fields = [:]
      if case .object(let fields)? = event["actor"] { stated = fields }
      event.set("actor", .object(signer.actor(stated)))
    }
    event.set("v", 1)
    event.set("bundle", bundle)
    event.set("seq", count + 1)
    event.set("prev", .object(["sha256": .text(head), "sha512": .text(longHead)]))
    event.set("time", time.description)
    event.set("type", type)
    let bytes = CanonicalJSON.bytes(event)
    let name = BundleLayout.event(count + 1)
    if let signer {
      // First, so that an event never stands without its signature.
      let signature = BundleLayout.signature(of: name)
      let message: [UInt8]
      do throws(SigningError) { message = try CAdESSignature.sign(bytes, by: [signer] + others, at: time) } catch {
        throw BundleError(.signature, error.subject, error.message)
      }
      try BundleWriter.write(message, to: "\(directory)/\(signature)")
      entries.append(.init(path: signature, hash: StreamingHash.hash(of: message), byteCount: UInt64(message.count)))
    }
    try BundleWriter.write(bytes, to: "\(directory)/\(name)")
    let digest = StreamingHash.hash(of: bytes)
    (head, longHead) = Self.heads(bytes)
    count += 1
    entries.append(.init(path: name, hash: digest, byteCount: UInt64(bytes.count)))
    return digest
  }

  /// The hashes by which the next event names this one.
  static func heads(_ bytes: [UInt8]) -> (sha256: String, sha512: String) {
    (StreamingHash.hash(of: bytes).hex, Hexadecimal.encode(SHA512.hash(data: bytes)))
  }
}

extension Signer {
  /// Who acts, as events and results say it: as stated, or as the certificate says; always with the certificate's SHA-256.
  public func actor(_ stated: Fields) -> Fields {
    var actor = stated
    guard let facts = CertificateFacts(der: certificate) else { return actor }
    if actor["id"] == nil { actor.set("id", facts.name) }
    actor.set("cert", facts.sha256)
    return actor
  }
}
