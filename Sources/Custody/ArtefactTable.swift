import EvidenceBundle
import EvidenceModel
import Foundation

/// The artefacts of a payload manifest, found by their hash.
struct ArtefactTable: Sendable {
  private let payload: PathTable<ContentHash>
  /// Where the artefacts stand in the manifest, in the order of their hashes, each hash once.
  private let places: [Int]

  init(_ manifest: ManifestFile) {
    let payload = manifest.entries
    self.payload = payload
    var places = payload.indices.filter { payload.hasPrefix("data/artefacts/", $0) }
    // Artefacts are named after their hashes: in a bundle that is whole they stand in this order already.
    places.sort { Self.order(payload.values[$0], payload.values[$1]) < 0 }
    var last: ContentHash?
    self.places = places.filter { place in
      defer { last = payload.values[place] }
      return payload.values[place] != last
    }
  }

  var count: Int { places.count }

  /// The path of an artefact.
  func path(_ place: Int) -> String { payload.key(places[place]) }

  /// Whether that is the path of an artefact.
  func isPath(_ path: RawSpan, _ place: Int) -> Bool { payload.isKey(path, places[place]) }

  /// The artefact with the hash of these digits; nil when there is none.
  func place(of digits: String) -> Int? {
    // Safe: the view ends before the text does.
    place(of: unsafe digits.utf8.span.bytes)
  }

  func place(of digits: RawSpan) -> Int? {
    guard let hash = ContentHash(lowerCaseDigits: digits) else { return nil }
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      let order = Self.order(payload.values[places[middle]], hash)
      if order == 0 { return middle }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  private static func order(_ left: ContentHash, _ right: ContentHash) -> Int {
    // Safe: both have 32 bytes.
    unsafe left.bytes.span.bytes.withUnsafeBytes { one in
      unsafe right.bytes.span.bytes.withUnsafeBytes { two in
        unsafe Int(memcmp(one.baseAddress!, two.baseAddress!, 32))
      }
    }
  }
}
