import ByteReading

/// What agencies and archives say of a picture: IPTC's Information Interchange Model (IIM 4.2) in an image resource of a JPEG file.
extension DocumentFacts {
  private static let resourceSign = Array("8BIM".utf8)
  private static let iptcNumber: UInt16 = 0x0404
  /// Data sets of the application record by their numbers (IIM 4.2, chapter 6).
  private static let names: [UInt8: String] = [
    0: "Record Version", 3: "Object Type Reference", 4: "Object Attribute Reference", 5: "Object Name",
    7: "Edit Status", 8: "Editorial Update", 10: "Urgency", 12: "Subject Reference", 15: "Category",
    20: "Supplemental Category", 22: "Fixture Identifier", 25: "Keywords", 26: "Content Location Code",
    27: "Content Location Name", 30: "Release Date", 35: "Release Time", 37: "Expiration Date",
    38: "Expiration Time", 40: "Special Instructions", 42: "Action Advised", 45: "Reference Service",
    47: "Reference Date", 50: "Reference Number", 55: "Date Created", 60: "Time Created",
    62: "Digital Creation Date", 63: "Digital Creation Time", 65: "Originating Program", 70: "Program Version",
    75: "Object Cycle", 80: "By-line", 85: "By-line Title", 90: "City", 92: "Sub-location", 95: "Province/State",
    100: "Country/Primary Location Code", 101: "Country/Primary Location Name",
    103: "Original Transmission Reference", 105: "Headline", 110: "Credit", 115: "Source", 116: "Copyright Notice",
    118: "Contact", 120: "Caption/Abstract", 122: "Writer/Editor", 130: "Image Type", 131: "Image Orientation",
    135: "Language Identifier",
  ]

  /// Reads a list of image resources, of which one may be of IPTC.
  mutating func readImageResources(_ bytes: [UInt8]) {
    // Safe: the reader ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    do {
      for _ in 0..<DocumentLimits.segments where reader.remaining >= 12 {
        let sign = try reader.take(4, "sign of an image resource").array()
        // Other programs' resources have other signs and the same form.
        guard sign == Self.resourceSign || sign == Array("MeSa".utf8) || sign == Array("AgHg".utf8) else {
          return faults.append("an image resource has no sign")
        }
        let number: UInt16 = try reader.read("number of an image resource")
        let nameCount = Int(try reader.read("length of a name") as UInt8)
        try reader.skip(nameCount + (nameCount + 1) % 2, "name of an image resource")
        let count = Int(try reader.read("length of an image resource") as UInt32)
        let content = try reader.take(count, "image resource")
        if count % 2 == 1, reader.remaining > 0 { try reader.skip(1, "padding") }
        if number == Self.iptcNumber { readIPTC(content) }
      }
    } catch { faults.append("the image resources end too early") }
  }

  private mutating func readIPTC(_ bytes: RawSpan) {
    var reader = ByteReader(bytes)
    do {
      while reader.remaining >= 5 {
        let mark: UInt8 = try reader.read("tag marker")
        // Some programs fill the end with zeros.
        guard mark == 0x1c else {
          if mark != 0 { faults.append("a data set of IPTC has no mark") }
          return
        }
        let record: UInt8 = try reader.read("record number")
        let number: UInt8 = try reader.read("data set number")
        var count = Int(try reader.read("length of a data set") as UInt16)
        if count & 0x8000 != 0 {
          // Extended: so many bytes of length follow.
          let width = count & 0x7fff
          guard (1...4).contains(width) else { return faults.append("a data set of IPTC has no length that can be") }
          count = 0
          for _ in 0..<width { count = count << 8 | Int(try reader.read("length of a data set") as UInt8) }
        }
        let value = try reader.take(count, "data set").array()
        let name = record == 2 ? Self.names[number] ?? "2:\(number)" : "\(record):\(number)"
        guard properties.count < DocumentLimits.properties else { return noteTooMany() }
        add("IPTC", name, Self.isNumber(record, number) ? Self.hexadecimal(value) : value)
      }
    } catch { faults.append("the data sets of IPTC end too early") }
  }

  /// Whether a data set is a binary number or data, which is shown in hexadecimal.
  private static func isNumber(_ record: UInt8, _ number: UInt8) -> Bool {
    switch record {
    case 2: number == 0 || number == 125 || number >= 200
    case 1: [0, 20, 22, 90].contains(number)
    case 3, 7, 8, 9: true
    default: false
    }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return bytes.prefix(DocumentLimits.valueBytes / 2).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }
}
