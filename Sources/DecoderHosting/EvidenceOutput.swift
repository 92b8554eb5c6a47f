public import EvidenceModel

/// Where decoded evidence goes: the shard's files in a run.
public protocol EvidenceOutput: AnyObject {
  /// Takes a record that lacks only its identifier.
  func record(_ kind: String, _ fields: Fields, _ key: RecordKey)
  /// Begins an artefact; `isComputed` of text in UTF-8 that a decoder makes, whose type is known.
  func beginArtefact(isComputed: Bool) -> Int
  func append(_ bytes: RawSpan, toArtefact number: Int)
  /// Stores an artefact; nil when it has no bytes.
  func endArtefact(_ number: Int) -> StoredArtefact?
  func signal(_ signal: CallSignal)
  func report(_ report: MediaReport)
  func beginStream() -> Int
  func index(_ packet: MediaPacket, inStream number: Int)
  /// Stores a media packet that stands nowhere together in the original, with the packets that it came from; gives its place.
  func storeMedia(_ bytes: RawSpan, from packets: PacketSet) -> UInt64
  /// Ends a stream's index and takes what is known of the stream.
  func endStream(_ number: Int, _ stream: MediaStream)
  /// Counts packets and their bytes in a row of the ledger.
  func count(_ row: LedgerRow, original: UInt16, _ sum: LedgerSum)
  func communityID(_ source: Endpoint, _ destination: Endpoint, protocolNumber: UInt8) -> String
}

extension EvidenceOutput {
  /// Begins an artefact that was captured.
  func beginArtefact() -> Int { beginArtefact(isComputed: false) }
}

/// The place of a record in the order of the evidence, the same whatever the number of workers.
public struct RecordKey: Hashable, Comparable, Sendable {
  /// The last packet of the record's provenance.
  public var position: PacketPosition
  /// Which datagram within that packet.
  public var datagram: UInt16
  /// The decoder's place in the registry.
  public var decoder: UInt16
  /// Counts the records of one conversation.
  public var ordinal: UInt32

  public init(position: PacketPosition, datagram: UInt16 = 0, decoder: UInt16, ordinal: UInt32) {
    self.position = position
    self.datagram = datagram
    self.decoder = decoder
    self.ordinal = ordinal
  }

  public static func < (left: Self, right: Self) -> Bool {
    (left.position, left.datagram, left.decoder, left.ordinal)
      < (right.position, right.datagram, right.decoder, right.ordinal)
  }
}

/// An artefact in the store.
public struct StoredArtefact: Hashable, Sendable {
  public var sha256: ContentHash
  /// Of what was carved out, to look it up in lists of known files; nil of what was computed.
  public var sha1: String?
  public var md5: String?
  /// What it can be compared with others by; nil of what was computed, and where it is too small.
  public var ssdeep: String?
  public var tlsh: String?
  public var byteCount: Int
  /// What libmagic says of it.
  public var mediaType: String
  public var typeDescription: String
  /// Its place in the bundle.
  public var path: String

  public init(
    sha256: ContentHash, sha1: String?, md5: String?, byteCount: Int, mediaType: String, typeDescription: String,
    path: String
  ) {
    self.sha256 = sha256
    self.sha1 = sha1
    self.md5 = md5
    self.byteCount = byteCount
    self.mediaType = mediaType
    self.typeDescription = typeDescription
    self.path = path
  }
}

extension StoredArtefact {
  /// Hashes, size, type and place, as the artefact's record shows them.
  public var fields: Fields {
    var fields: Fields = [
      "sha256": .text(sha256.hex), "byteCount": .integer(Int64(byteCount)), "path": .text(path),
      "mediaType": .text(mediaType), "typeDescription": .text(typeDescription),
    ]
    if let sha1 { fields.set("sha1", sha1) }
    if let md5 { fields.set("md5", md5) }
    if let ssdeep { fields.set("ssdeep", ssdeep) }
    if let tlsh { fields.set("tlsh", tlsh) }
    return fields
  }
}
