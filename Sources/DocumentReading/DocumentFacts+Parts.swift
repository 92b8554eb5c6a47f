/// XMP, and the parts of office documents that hold their properties.
extension DocumentFacts {
  mutating func readXMP(_ bytes: [UInt8]) { readXML(bytes, "XMP") }

  /// The parts of a zip that hold properties, by their names (ECMA-376, Part 2; OpenDocument 1.3, Part 2), and their groups.
  public static let parts: [String: (form: Form, group: String)] = [
    "docProps/core.xml": (.ooxml, "core"), "docProps/app.xml": (.ooxml, "app"),
    "docProps/custom.xml": (.ooxml, "custom"),
    "meta.xml": (.odf, "meta"),
  ]

  /// Members without which a zip is no such document, whatever else is in it.
  public static let marks: [Form: String] = [.ooxml: "[Content_Types].xml", .odf: "mimetype"]

  /// Reads the parts of an office document, in the order in which they are given.
  public init(parts: [(name: String, bytes: [UInt8])], as form: Form) {
    self.init(form)
    for part in parts { if let group = Self.parts[part.name]?.group { readXML(part.bytes, group) } }
  }

  private mutating func readXML(_ bytes: [UInt8], _ group: String) {
    var found: [(String, [UInt8])] = []
    let fault = PropertyXML.read(bytes) { path, value in
      if found.count <= DocumentLimits.properties { found.append((path, value)) }
    }
    for (name, value) in found { add(group, name, value) }
    if let fault { faults.append("\(group): \(fault)") }
  }
}
