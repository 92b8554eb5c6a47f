import EvidenceModel

/// What a set says of one file.
struct HashSetEntry {
  /// A name longer than this is cut, in bytes.
  static let maximumName = 1_024
  /// A category longer than this is cut, in bytes.
  static let maximumCategory = 64

  /// The strongest digest that the set has of it; nil when it has none.
  var digest: FileDigest?
  var name: [UInt8] = []
  var category: [UInt8] = []
  var byteCount: Int64?

  init(digest: FileDigest? = nil, name: [UInt8] = []) {
    self.digest = digest
    self.name = name
  }

  /// Takes a digest unless a stronger one is there.
  mutating func take(_ other: FileDigest) {
    let order = FileDigest.Algorithm.allCases
    if let digest, let known = order.firstIndex(of: digest.algorithm), let new = order.firstIndex(of: other.algorithm),
      known <= new
    {
      return
    }
    digest = other
  }

  /// What is said beside the digest, for a record.
  var fields: Fields {
    var fields: Fields = [:]
    if !name.isEmpty { fields.set("entryName", wire: Self.cut(name, Self.maximumName)) }
    if !category.isEmpty { fields.set("entryCategory", wire: Self.cut(category, Self.maximumCategory)) }
    if let byteCount { fields.set("entryByteCount", byteCount) }
    return fields
  }

  /// The beginning of a text, without half a character at its end.
  private static func cut(_ bytes: [UInt8], _ limit: Int) -> ArraySlice<UInt8> {
    guard bytes.count > limit else { return bytes[...] }
    var end = limit
    while end > 0, bytes[end] & 0xc0 == 0x80, limit - end < 4 { end -= 1 }
    return bytes[..<end]
  }
}

/// Takes the entries of a set one by one.
protocol HashSetSink: AnyObject {
  func add(_ entry: HashSetEntry) throws(HashSetFault)
}

/// What a reader learns of a set beside its entries.
public struct HashSetFacts: Sendable {
  public enum Format: String, Sendable {
    case referenceDataSet = "NSRL RDS 3"
    case vics = "VICS"
    case hashdeep
    case list
  }
  public var format: Format
  /// As the set states it.
  public var version: String?
  /// What the set calls itself.
  public var title: String?
  /// Entries with a digest that files are looked up by.
  public var entryCount: UInt64 = 0
  /// Entries without any.
  public var withoutDigest: UInt64 = 0
  /// Different digests, by algorithm.
  public var digestCounts: [FileDigest.Algorithm: UInt64] = [:]
}
