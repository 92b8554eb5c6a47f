public import Crypto
public import EvidenceModel

/// The SHA-256 of bytes that come in pieces.
public struct StreamingHash {
  private var sha256 = SHA256()

  public init() {}

  /// The SHA-256 of bytes that are all there.
  public static func hash(of bytes: [UInt8]) -> ContentHash {
    var hash = StreamingHash()
    // Safe: the view ends before `bytes` does.
    unsafe hash.update(bytes.span.bytes)
    return hash.finalise()
  }

  public mutating func update(_ bytes: RawSpan) {
    // Safe: the bytes are read within the closure.
    unsafe bytes.withUnsafeBytes { unsafe sha256.update(bufferPointer: $0) }
  }

  public func finalise() -> ContentHash { sha256.finalize().contentHash }
}

/// The SHA-256 of an artefact and, where it may be looked up in lists of known files, its MD5 and SHA-1, in one pass.
public struct ArtefactHash {
  /// Bytes that go through all three at once, so that they are still in the cache for the second and third.
  private static let blockBytes = 32_768

  private struct LookUp {
    var md5 = Insecure.MD5()
    var sha1 = Insecure.SHA1()
  }
  private var lookUp: LookUp?
  private var sha256 = SHA256()

  public init(isLookedUp: Bool) { lookUp = isLookedUp ? LookUp() : nil }

  public mutating func update(_ bytes: RawSpan) {
    // Safe: the bytes are read within the closure.
    unsafe bytes.withUnsafeBytes { all in
      guard lookUp != nil else { return unsafe sha256.update(bufferPointer: all) }
      var offset = 0
      while offset < all.count {
        let end = min(offset + Self.blockBytes, all.count)
        let block = unsafe UnsafeRawBufferPointer(rebasing: all[offset..<end])
        unsafe lookUp?.md5.update(bufferPointer: block)
        unsafe lookUp?.sha1.update(bufferPointer: block)
        unsafe sha256.update(bufferPointer: block)
        offset = end
      }
    }
  }

  /// The digests: SHA-256 as a hash, the others as hexadecimal digits.
  public func finalise() -> (sha256: ContentHash, sha1: String?, md5: String?) {
    (
      sha256.finalize().contentHash, lookUp.map { Hexadecimal.encode($0.sha1.finalize()) },
      lookUp.map { Hexadecimal.encode($0.md5.finalize()) }
    )
  }
}

extension SHA256Digest {
  public var contentHash: ContentHash {
    var bytes = [32 of UInt8](repeating: 0)
    // Safe: a digest has 32 bytes, read within the call.
    unsafe withUnsafeBytes { source in
      for index in 0..<32 { bytes[index] = unsafe source[index] }
    }
    return ContentHash(bytes)
  }
}
