import ByteReading

extension DocumentFacts {
  /// Which kind of document bytes begin as; nil when they are none that is read as a whole.
  ///
  /// An archive may have a PDF as its first member: that does not make it one.
  public static func form(ofHead head: [UInt8], isArchive: Bool = false) -> Form? {
    if head.starts(with: [0xff, 0xd8, 0xff]) { return .jpeg }
    if head.starts(with: [0x49, 0x49, 0x2a, 0]) || head.starts(with: [0x4d, 0x4d, 0, 0x2a]) { return .tiff }
    if head.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return .png }
    if head.starts(with: Array("RIFF".utf8)), head.dropFirst(8).starts(with: Array("WEBP".utf8)) { return .webp }
    if head.starts(with: CompoundFile.sign) { return .ole }
    // Readers take a header within the first kibibyte (PDF 1.7, implementation notes).
    let place = head.firstRange(of: Array("%PDF-".utf8))?.lowerBound
    return place == 0 || (place != nil && !isArchive) ? .pdf : nil
  }

  /// Reads what a picture or a PDF says of itself.
  public init(reading bytes: RawSpan, as form: Form) {
    self.init(form)
    switch form {
    case .jpeg: readJPEG(bytes)
    case .tiff: readEXIF(Self.exifMark + bytes.extracting(first: min(bytes.byteCount, Self.maximumTIFF)).array())
    case .png: readPNG(bytes)
    case .webp: readWebP(bytes)
    case .pdf: readPDF(bytes)
    case .ole: readOLE(bytes)
    case .ooxml, .odf: break
    }
  }

  private static let exifMark: [UInt8] = Array("Exif\0\0".utf8)
  private static let resourceMark: [UInt8] = Array("Photoshop 3.0\0".utf8)
  private static let xmpMark: [UInt8] = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
  /// Of a TIFF file the beginning is read, where its directories commonly stand.
  private static let maximumTIFF = 4 << 20
  /// Bytes of the name of a text in a PNG (third edition, 11.3.3.2).
  private static let maximumKeyword = 79

  /// The segments before the picture itself (ITU-T T.81, B.1.1).
  private mutating func readJPEG(_ bytes: RawSpan) {
    var reader = ByteReader(bytes)
    var resources: [UInt8] = []
    defer { readImageResources(resources) }
    do {
      try reader.skip(2, "start of image")
      for _ in 0..<DocumentLimits.segments {
        let mark: UInt8 = try reader.read("marker")
        guard mark == 0xff else { return faults.append("a marker of the JPEG file is missing") }
        var code: UInt8 = try reader.read("marker")
        // Fill bytes; there are no more than the file has.
        while code == 0xff { code = try reader.read("marker") }
        // The picture begins, or the file ends.
        guard code != 0xda, code != 0xd9 else { return }
        guard code != 0x01, !(0xd0...0xd8).contains(code) else { continue }
        let count = Int(try reader.read("length of a segment") as UInt16)
        guard count >= 2 else { return faults.append("a segment of the JPEG file is shorter than its length") }
        let segment = try reader.take(count - 2, "segment")
        guard code == 0xe1 || code == 0xed else { continue }
        let content = segment.array()
        if code == 0xed {
          // Long resources go on in the next segment.
          if content.starts(with: Self.resourceMark) { resources += content.dropFirst(Self.resourceMark.count) }
          continue
        }
        if content.starts(with: Self.exifMark) { readEXIF(content) }
        if content.starts(with: Self.xmpMark) { readXMP(Array(content.dropFirst(Self.xmpMark.count))) }
      }
    } catch { faults.append("the JPEG file ends in its head") }
  }

  /// The chunks (PNG, third edition, 11.3.3).
  private mutating func readPNG(_ bytes: RawSpan) {
    var reader = ByteReader(bytes)
    do {
      try reader.skip(8, "signature")
      for _ in 0..<DocumentLimits.segments where reader.remaining > 0 {
        let count = Int(try reader.read("length of a chunk") as UInt32)
        let kind = try reader.take(4, "chunk").array()
        let content = try reader.take(count, "chunk")
        try reader.skip(4, "checksum")
        switch String(decoding: kind, as: UTF8.self) {
        case "eXIf": readEXIF(Self.exifMark + content.array())
        case "tEXt":
          // One byte more than is kept shows that the text is cut.
          let count = min(content.byteCount, Self.maximumKeyword + 1 + DocumentLimits.valueBytes + 1)
          let parts = content.extracting(first: count).array().split(
            separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
          guard let keyword = parts.first, keyword.count <= Self.maximumKeyword else {
            faults.append("a keyword of the PNG file is too long")
            continue
          }
          // Latin-1, which is not UTF-8 when it is not ASCII.
          if parts.count == 2 {
            let text = String(String.UnicodeScalarView(parts[1].map { Unicode.Scalar($0) }))
            add("tEXt", String(decoding: keyword, as: UTF8.self), Array(text.utf8))
          }
        case "zTXt": readCompressedText(content.array())
        case "iTXt": readInternationalText(content.array())
        case "IEND": return
        default: break
        }
      }
    } catch { faults.append("the PNG file ends in a chunk") }
  }

  /// The chunks of the extended format (RFC 9649, 2.7).
  private mutating func readWebP(_ bytes: RawSpan) {
    var reader = ByteReader(bytes)
    do {
      try reader.skip(12, "RIFF header")
      for _ in 0..<DocumentLimits.segments where reader.remaining >= 8 {
        let kind = try reader.take(4, "chunk").array()
        let count = Int(try reader.readLittleEndian("length of a chunk") as UInt32)
        let content = try reader.take(count, "chunk")
        if count % 2 == 1, reader.remaining > 0 { try reader.skip(1, "padding") }
        if kind == Array("EXIF".utf8) {
          let whole = content.array()
          readEXIF(whole.starts(with: Self.exifMark) ? whole : Self.exifMark + whole)
        }
        if kind == Array("XMP ".utf8) { readXMP(content.array()) }
      }
    } catch { faults.append("the WebP file ends in a chunk") }
  }
}
