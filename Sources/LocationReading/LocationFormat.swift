import ByteReading

/// A form of location tracks that can be read.
public struct LocationFormat: Hashable, Sendable, CustomStringConvertible {
  private enum Storage: String { case gpx, kml, nmea }
  private let storage: Storage
  /// GPX 1.0 and 1.1 (Topografix).
  public static let gpx = Self(storage: .gpx)
  /// KML 2.0 to 2.3 (OGC 07-147r2, 12-007r2) with Google's tracks.
  public static let kml = Self(storage: .kml)
  /// Sentences of NMEA 0183 (IEC 61162-1) as text.
  public static let nmea = Self(storage: .nmea)

  public var description: String { storage.rawValue }

  /// How many of a file's first bytes the recogniser needs at the most.
  public static let headByteCount = 8_192
  /// Sentences with right checksums that must stand in the head.
  static let sentencesOfHead = 3

  private init(storage: Storage) { self.storage = storage }

  /// Says which format a file is by its first bytes; nil when it is none of these.
  ///
  /// XML is one when its root element is GPX's or KML's, with its namespace, or for GPX with a known version instead. Text is NMEA when
  /// three sentences with right checksums stand in the head, one of them with a position or time, and make up three quarters of its lines.
  public init?(recognising head: RawSpan) {
    let head = head.extracting(0..<min(head.byteCount, Self.headByteCount))
    if let found = Self.root(of: head) ?? Self.sentences(in: head) { self = found } else { return nil }
  }

  // MARK: XML

  private static func root(of head: RawSpan) -> LocationFormat? {
    var start = 0
    while start < head.byteCount, [0x20, 0x09, 0x0a, 0x0d].contains(head[start]) { start += 1 }
    guard start < head.byteCount else { return nil }
    // "<", or what begins UTF-8 or UTF-16 with a mark or "<" in UTF-16.
    guard [0x3c, 0xef, 0xfe, 0xff, 0x00].contains(head[start]) else { return nil }
    let root = RootFinder()
    guard let stream = try? XMLStream(root, LocationLimits()) else { return nil }
    try? stream.append(head)
    return root.format
  }

  /// The format of a document whose root element is this; nil when it is another one.
  static func of(root name: String, _ attributes: [XMLAttribute]) -> LocationFormat? {
    let namespace = XMLVocabulary(root: name, attributes).namespace
    switch XMLVocabulary.split(name).local {
    case "gpx":
      if ["http://www.topografix.com/GPX/1/0", "http://www.topografix.com/GPX/1/1"].contains(namespace) { return .gpx }
      let version = attributes.first { $0.name == "version" }?.value
      return namespace.isEmpty && (version == "1.0" || version == "1.1") ? .gpx : nil
    case "kml":
      let families = ["http://www.opengis.net/kml/2.", "http://earth.google.com/kml/2."]
      return families.contains { namespace.hasPrefix($0) && namespace.utf8.count == $0.utf8.count + 1 } ? .kml : nil
    default: return nil
    }
  }

  // MARK: NMEA

  private static func sentences(in head: RawSpan) -> LocationFormat? {
    var reader = ByteReader(head)
    var lines = 0
    var right = 0
    var hasPlace = false
    var isFirst = true
    while let length = reader.distance(to: 0x0a) ?? reader.distance(to: 0x0d) {
      guard let line = try? reader.take(length, "line"), (try? reader.skip(1, "line end")) != nil else { return nil }
      for part in line.array().split(separator: 0x0d) {
        let result = NMEASentence.read(Array(part))
        if case .empty = result { continue }
        if case .sentence(let sentence, true) = result {
          right += 1
          hasPlace = hasPlace || ["GGA", "GLL", "GNS", "RMC", "ZDA"].contains(sentence.type)
          lines += 1
        } else if !isFirst {
          // The first line of a recording is often cut.
          lines += 1
        }
        isFirst = false
      }
    }
    return right >= sentencesOfHead && hasPlace && right * 4 >= lines * 3 ? .nmea : nil
  }
}

/// Takes the first element of a document and stops.
private final class RootFinder: XMLReceiver {
  private(set) var format: LocationFormat?

  func elementBegan(_ name: String, _ attributes: [XMLAttribute], at range: FileRange) throws(LocationFault) {
    format = LocationFormat.of(root: name, attributes)
    throw LocationFault(.otherFormat, at: range.first, "the root is found")
  }
  func elementEnded(at range: FileRange) {}
  func text(_ text: RawSpan, at range: FileRange) {}
  func entityLeftOut(at range: FileRange) {}
}
