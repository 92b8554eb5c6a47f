import CExpat

/// Reads the statements in a small XML document: each text of an element and each attribute, by the names of the elements around it.
///
/// Limits: `DocumentLimits`. A document type ends the reading, so there are no entities but XML's own; nothing is ever fetched.
@safe final class PropertyXML {
  private let parser: XML_Parser
  private let take: (_ path: String, _ value: [UInt8]) -> Void
  private var path: [String] = []
  /// The text of each element that is open, and whether others stood in it.
  private var texts: [(bytes: [UInt8], hasChildren: Bool)] = []
  private var fault: String?

  /// Separates the namespace from the name.
  private static let separator: UInt8 = 0x20

  /// Prefixes as the standards write them.
  private static let prefixes = [
    "http://purl.org/dc/elements/1.1/": "dc", "http://purl.org/dc/terms/": "dcterms",
    "http://ns.adobe.com/xap/1.0/": "xmp", "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights", "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef", "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop", "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif", "http://cipa.jp/exif/1.0/": "exifEX",
    "http://www.aiim.org/pdfa/ns/id/": "pdfaid",
    "http://schemas.openxmlformats.org/package/2006/metadata/core-properties": "cp",
    "urn:oasis:names:tc:opendocument:xmlns:meta:1.0": "meta",
    "urn:oasis:names:tc:opendocument:xmlns:office:1.0": "office",
    "http://www.w3.org/1999/xlink": "xlink", "http://www.w3.org/XML/1998/namespace": "xml",
    "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties": "",
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties": "",
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes": "vt",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf", "adobe:ns:meta/": "x",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
  ]
  /// Elements that only hold others, and attributes that say nothing of the document.
  private static let frames: Set<String> = [
    "x:xmpmeta", "rdf:RDF", "rdf:Description", "rdf:Seq", "rdf:Bag", "rdf:Alt", "rdf:li", "cp:coreProperties",
    "Properties",
    "office:document-meta", "office:meta",
  ]
  private static let silent: Set<String> = [
    "rdf:about", "rdf:parseType", "x:xmptk", "xml:lang", "xsi:type", "office:version", "xlink:type", "fmtid", "pid",
  ]

  /// Reads a whole document; gives what was wrong, nil when nothing was.
  static func read(_ bytes: [UInt8], _ take: @escaping (_ path: String, _ value: [UInt8]) -> Void) -> String? {
    guard bytes.count <= DocumentLimits.partBytes else { return "it is longer than \(DocumentLimits.partBytes) bytes" }
    guard let reader = PropertyXML(take) else { return "out of memory" }
    return reader.read(bytes)
  }

  private init?(_ take: @escaping (_ path: String, _ value: [UInt8]) -> Void) {
    guard let made = unsafe XML_ParserCreateNS(nil, XML_Char(bitPattern: Self.separator)) else { return nil }
    unsafe parser = made
    self.take = take
    // Safe: expat hands the pointer back in calls of `read` only, during which this object is alive.
    unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    unsafe XML_SetElementHandler(
      parser, { context, name, attributes in unsafe PropertyXML.of(context)?.begin(name, attributes) },
      { context, _ in unsafe PropertyXML.of(context)?.end() })
    unsafe XML_SetCharacterDataHandler(parser) { context, bytes, count in
      // Safe: expat shows `count` bytes for the time of the call.
      unsafe PropertyXML.of(context)?.text(UnsafeRawBufferPointer(start: bytes, count: Int(max(0, count))))
    }
    unsafe XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
      unsafe PropertyXML.of(context)?.stop("it has a document type")
    }
  }

  deinit { unsafe XML_ParserFree(parser) }

  private static func of(_ context: UnsafeMutableRawPointer?) -> PropertyXML? {
    // Safe: the pointer is the one that `init` made of an object which is alive.
    unsafe context.map { unsafe Unmanaged<PropertyXML>.fromOpaque($0).takeUnretainedValue() }
  }

  private func read(_ bytes: [UInt8]) -> String? {
    // Safe: expat reads the bytes within the call.
    let status = unsafe bytes.withUnsafeBytes { buffer in
      unsafe XML_Parse(parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), 1)
    }
    if status != XML_STATUS_OK, fault == nil {
      fault = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map { unsafe String(cString: $0) } ?? "it is no XML"
    }
    return fault
  }

  private func stop(_ reason: String) {
    fault = fault ?? reason
    unsafe _ = XML_StopParser(parser, 0)
  }

  private static func name(_ start: UnsafePointer<CChar>?) -> String {
    // Safe: expat's names end with zero.
    let whole = unsafe start.map { unsafe String(cString: $0) } ?? ""
    guard let place = whole.utf8.lastIndex(of: separator) else { return whole }
    let space = String(whole[..<place])
    let local = String(whole[whole.utf8.index(after: place)...])
    guard let prefix = prefixes[space] else { return "{\(space)}\(local)" }
    return prefix.isEmpty ? local : "\(prefix):\(local)"
  }

  private func give(_ names: [String], _ value: [UInt8]) {
    let shown = names.filter { !Self.frames.contains($0) }
    take(String(shown.joined(separator: "/").prefix(512)), value)
  }

  private func begin(_ start: UnsafePointer<CChar>?, _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>?) {
    guard fault == nil else { return }
    guard path.count < DocumentLimits.depth else {
      return stop("more than \(DocumentLimits.depth) elements stand inside each other")
    }
    if !texts.isEmpty { texts[texts.count - 1].hasChildren = true }
    var name = unsafe Self.name(start)
    var named: [(String, [UInt8])] = []
    let count = unsafe Int(XML_GetSpecifiedAttributeCount(parser))
    for index in stride(from: 0, to: count - 1, by: 2) {
      // Safe: expat's list has at least `count` texts that end with zero.
      guard let list = unsafe attributes, let value = unsafe list[index + 1] else { break }
      let attribute = unsafe Self.name(list[index])
      let text = unsafe Array(String(cString: value).utf8)
      // Of a property that a user made, the name is a value.
      if attribute == "name" || attribute == "meta:name" {
        name += "/" + String(decoding: text, as: UTF8.self)
      } else if !Self.silent.contains(attribute) {
        named.append((attribute, text))
      }
    }
    path.append(name)
    for (attribute, value) in named { give(path + [attribute], value) }
    texts.append(([], false))
  }

  @unsafe private func text(_ bytes: UnsafeRawBufferPointer) {
    guard fault == nil, !texts.isEmpty else { return }
    // One byte more than is kept shows that there were more.
    let room = max(0, DocumentLimits.valueBytes + 1 - texts[texts.count - 1].bytes.count)
    unsafe texts[texts.count - 1].bytes += bytes.prefix(room)
  }

  private func end() {
    guard fault == nil, let last = texts.popLast() else { return }
    let isBlank = last.bytes.allSatisfy { $0 == 0x20 || (0x09...0x0d).contains($0) }
    if !isBlank { give(path, last.bytes) }
    path.removeLast()
  }
}
