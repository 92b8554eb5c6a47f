import CFuzzy
import CTLSH

/// What makes files comparable that are alike and not the same; each is missing where the file is too small for it.
public struct FuzzyDigests: Hashable, Sendable {
  /// As the program `ssdeep` prints it, without the file's name.
  public var ssdeep: String?
  /// TLSH with its version `T1` in front.
  public var tlsh: String?

  public init() {}
}

/// Takes the ssdeep and TLSH of a file that comes in pieces.
@safe public final class FuzzyHashing {
  /// Bytes below which ssdeep's own authors call its result meaningless.
  public static let ssdeepMinimum = 4_096
  /// Bytes below which there is no TLSH (libtlsh 3.4).
  public static let tlshMinimum = 256
  /// Bytes from which on libtlsh would count wrongly; such a file has no TLSH.
  static let tlshMaximum = 1 << 32 - 1
  private static let version = "T1"

  private let ssdeep: OpaquePointer?
  private let tlsh: OpaquePointer?
  private var byteCount = 0

  public init() {
    unsafe ssdeep = exhibit_ssdeep_open()
    unsafe tlsh = exhibit_tlsh_open()
  }

  deinit {
    // Safe: both were made above and are given back once.
    if let ssdeep = unsafe ssdeep { unsafe exhibit_ssdeep_close(ssdeep) }
    if let tlsh = unsafe tlsh { unsafe exhibit_tlsh_close(tlsh) }
  }

  public func update(_ bytes: RawSpan) {
    // Safe: the bytes are read within the closure. Pieces are far below 4 GiB, and cut where they are not.
    unsafe bytes.withUnsafeBytes { all in
      guard let start = unsafe all.bindMemory(to: UInt8.self).baseAddress else { return }
      var offset = 0
      while offset < all.count {
        let count = min(all.count - offset, 1 << 20)
        byteCount += count
        if let ssdeep = unsafe ssdeep { unsafe exhibit_ssdeep_update(ssdeep, start + offset, count) }
        if byteCount <= Self.tlshMaximum, let tlsh = unsafe tlsh {
          unsafe exhibit_tlsh_update(tlsh, start + offset, count)
        }
        offset += count
      }
    }
  }

  /// Ends the file; may be called once.
  public func finish() -> FuzzyDigests {
    var digests = FuzzyDigests()
    if byteCount >= Self.ssdeepMinimum, let ssdeep = unsafe ssdeep {
      var text = [CChar](repeating: 0, count: Int(EXHIBIT_SSDEEP_ROOM))
      // Safe: the room is that which the function asks for.
      if unsafe exhibit_ssdeep_final(ssdeep, &text) == 0 { digests.ssdeep = Self.string(text) }
    }
    if byteCount >= Self.tlshMinimum, byteCount <= Self.tlshMaximum, let tlsh = unsafe tlsh {
      var text = [CChar](repeating: 0, count: Int(EXHIBIT_TLSH_LENGTH) + 1)
      // Safe: the room is that which the function asks for.
      if unsafe exhibit_tlsh_final(tlsh, &text) == 0 { digests.tlsh = Self.version + Self.string(text) }
    }
    return digests
  }

  /// The digests of bytes that are all there.
  public static func digests(of bytes: [UInt8]) -> FuzzyDigests {
    guard bytes.count >= min(ssdeepMinimum, tlshMinimum) else { return FuzzyDigests() }
    let hashing = FuzzyHashing()
    // Safe: the view ends before `bytes` does.
    unsafe hashing.update(bytes.span.bytes)
    return hashing.finish()
  }

  private static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// How much alike two files are by their fuzzy hashes.
public enum FuzzyComparison {
  /// Bytes of a hash that is looked at; longer ones are none.
  private static let maximumLength = 200

  /// ssdeep's score, from 0 (nothing in common) to 100; nil when one is no hash.
  public static func ssdeep(_ first: String, _ second: String) -> Int? {
    guard first.utf8.count <= maximumLength, second.utf8.count <= maximumLength else { return nil }
    // Safe: both are strings of ours that end with a zero.
    let score = unsafe fuzzy_compare(first, second)
    return score >= 0 ? Int(score) : nil
  }

  /// TLSH's distance, from 0 on; the smaller, the more alike; nil when one is no hash of version T1.
  public static func tlsh(_ first: String, _ second: String) -> Int? {
    guard first.hasPrefix("T1"), second.hasPrefix("T1"), first.utf8.count == 72, second.utf8.count == 72 else {
      return nil
    }
    // Safe: both are strings of ours that end with a zero.
    let distance = unsafe exhibit_tlsh_distance(String(first.dropFirst(2)), String(second.dropFirst(2)))
    return distance >= 0 ? Int(distance) : nil
  }
}
