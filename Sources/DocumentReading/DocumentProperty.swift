/// One statement of a document about itself.
public struct DocumentProperty: Hashable, Sendable {
  /// Where it stands: `IFD0`, `EXIF`, `GPS`, `IFD1`, `Interoperability`, `Info`, `XMP`, `IPTC`, `tEXt`, `zTXt`, `iTXt`,
  /// `PDF`, `core`, `app`, `custom`, `meta`, `SummaryInformation` or `DocumentSummaryInformation`.
  public let group: String
  /// Its name by the standard: of EXIF the tag's, of XML the prefix that the standard uses, with the elements around it.
  public let name: String
  /// Rationals as `1/60`, several numbers with commas between them, bytes that are no text in hexadecimal.
  public let value: [UInt8]
  public var isCut = false

  init(_ group: String, _ name: String, _ value: [UInt8]) {
    self.group = group
    self.name = name
    isCut = value.count > DocumentLimits.valueBytes
    self.value = isCut ? Array(value.prefix(DocumentLimits.valueBytes)) : value
  }

  public var text: String { String(decoding: value, as: UTF8.self) }
}

/// What a document says of itself.
public struct DocumentFacts: Hashable, Sendable {
  public enum Form: String, Sendable { case jpeg, tiff, png, webp, pdf, ooxml, odf, ole }

  public let form: Form
  public internal(set) var properties: [DocumentProperty] = []
  /// The small picture that EXIF holds.
  public internal(set) var thumbnail: [UInt8] = []
  public internal(set) var pageCount: Int?
  public internal(set) var isEncrypted = false
  /// What could not be read, in words.
  public internal(set) var faults: [String] = []

  init(_ form: Form) { self.form = form }

  mutating func add(_ group: String, _ name: String, _ value: [UInt8]) {
    if properties.count < DocumentLimits.properties {
      properties.append(DocumentProperty(group, name, value))
    } else {
      noteTooMany()
    }
  }

  mutating func noteTooMany() {
    if !faults.contains(Self.tooMany) { faults.append(Self.tooMany) }
  }

  private static let tooMany = "it has more than \(DocumentLimits.properties) statements"

  /// The first of some statements that is there and not empty.
  func first(_ names: [(group: String, name: String)]) -> DocumentProperty? {
    for wanted in names {
      if let found = properties.first(where: { $0.group == wanted.group && $0.name == wanted.name && !$0.value.isEmpty }
      ) {
        return found
      }
    }
    return nil
  }
}
