public import EvidenceModel

/// What people ask of a document first, taken from its statements; nothing is added to them.
public struct DocumentSummary: Hashable, Sendable {
  public var title: DocumentProperty?
  public var author: DocumentProperty?
  public var lastModifiedBy: DocumentProperty?
  public var company: DocumentProperty?
  /// The program in which it was made, and the one that wrote the file.
  public var program: DocumentProperty?
  public var producer: DocumentProperty?
  public var camera: String?
  public var created: StatedMoment?
  public var modified: StatedMoment?
  public var place: StatedPlace?

  public init(_ facts: DocumentFacts) {
    title = facts.first([
      ("Info", "Title"), ("core", "dc:title"), ("meta", "dc:title"), ("XMP", "dc:title"), ("IFD0", "ImageDescription"),
      ("SummaryInformation", "TITLE"), ("IPTC", "Object Name"),
    ])
    author = facts.first([
      ("Info", "Author"), ("core", "dc:creator"), ("meta", "meta:initial-creator"), ("XMP", "dc:creator"),
      ("SummaryInformation", "AUTHOR"), ("IFD0", "Artist"), ("IPTC", "By-line"),
    ])
    lastModifiedBy = facts.first([
      ("core", "cp:lastModifiedBy"), ("meta", "dc:creator"), ("SummaryInformation", "LASTAUTHOR"),
    ])
    company = facts.first([("app", "Company"), ("DocumentSummaryInformation", "COMPANY")])
    program = facts.first([
      ("Info", "Creator"), ("app", "Application"), ("meta", "meta:generator"), ("XMP", "xmp:CreatorTool"),
      ("SummaryInformation", "APPNAME"), ("IFD0", "Software"),
    ])
    producer = facts.first([("Info", "Producer"), ("XMP", "pdf:Producer")])
    let makes = [facts.first([("IFD0", "Make")]), facts.first([("IFD0", "Model")])].compactMap { $0?.text }
    camera = makes.isEmpty ? nil : makes.joined(separator: " ")
    let moment = { (names: [(group: String, name: String)], zone: String) -> StatedMoment? in
      facts.first(names).map { found in
        let offset = found.group == "EXIF" || found.group == "IFD0" ? facts.first([("EXIF", zone)])?.text : nil
        return StatedMoment(found.text, zone: offset)
      }
    }
    created = moment(
      [
        ("EXIF", "DateTimeOriginal"), ("Info", "CreationDate"), ("core", "dcterms:created"),
        ("meta", "meta:creation-date"), ("SummaryInformation", "CREATE_DTM"),
        ("XMP", "xmp:CreateDate"), ("EXIF", "DateTimeDigitized"),
      ], "OffsetTimeOriginal")
    modified = moment(
      [
        ("Info", "ModDate"), ("core", "dcterms:modified"), ("meta", "dc:date"), ("SummaryInformation", "LASTSAVE_DTM"),
        ("XMP", "xmp:ModifyDate"),
        ("IFD0", "DateTime"),
      ],
      "OffsetTime")
    place = StatedPlace(facts)
  }
}

/// A moment as it was written, and when that was, where the zone is stated.
public struct StatedMoment: Hashable, Sendable {
  public let text: String
  public let time: CaptureTime?

  /// Reads `2026:03:04 05:06:08` (EXIF), `D:20260304050608+01'00'` (PDF) and `2026-03-04T05:06:08Z` (W3C); `zone` such as `+01:00` may stand apart.
  public init(_ text: String, zone: String? = nil) {
    self.text = text
    var rest = Array(text.utf8)[...]
    if rest.starts(with: Array("D:".utf8)) { rest = rest.dropFirst(2) }
    var digits: [Int] = []
    while let byte = rest.first, digits.count < 14 || (0x30...0x39).contains(byte) == false {
      if (0x30...0x39).contains(byte) {
        digits.append(Int(byte) - 0x30)
      } else if digits.count >= 14 || !(byte == 0x2d || byte == 0x3a || byte == 0x20 || byte == 0x54)
        || (digits.count >= 8 && byte == 0x2d)
      {
        break
      }
      rest = rest.dropFirst()
    }
    // Fractions are passed over.
    if rest.first == 0x2e { rest = rest.dropFirst().drop { (0x30...0x39).contains($0) } }
    let stated = rest.isEmpty ? Array((zone ?? "").utf8)[...] : rest
    guard digits.count == 12 || digits.count == 14, let offset = Self.offset(stated) else {
      time = nil
      return
    }
    let number = { (from: Int, count: Int) in digits[from..<min(from + count, digits.count)].reduce(0) { $0 * 10 + $1 }
    }
    let civil = CivilTime(
      year: number(0, 4), month: number(4, 2), day: number(6, 2), hour: number(8, 2), minute: number(10, 2),
      second: digits.count == 14 ? number(12, 2) : 0)
    time = CaptureTime(civil).flatMap {
      let (moment, overflow) = $0.nanoseconds.subtractingReportingOverflow(offset * 60_000_000_000)
      return overflow || moment == .min ? nil : CaptureTime(nanoseconds: moment)
    }
  }

  /// Minutes east of Greenwich: `Z`, `+01:00`, `+01'00'`, `+0100`, `+01`; nil when there is nothing of the kind.
  private static func offset(_ text: ArraySlice<UInt8>) -> Int64? {
    guard let sign = text.first else { return nil }
    if sign == 0x5a { return 0 }
    guard sign == 0x2b || sign == 0x2d else { return nil }
    let digits = text.dropFirst().filter { (0x30...0x39).contains($0) }.map { Int64($0) - 0x30 }
    guard digits.count == 4 || digits.count == 2 else { return nil }
    let hours = digits[0] * 10 + digits[1]
    let minutes = digits.count == 4 ? digits[2] * 10 + digits[3] : 0
    guard hours <= 14, minutes < 60 else { return nil }
    return (sign == 0x2d ? -1 : 1) * (hours * 60 + minutes)
  }
}
