import ByteReading
import CExif

/// EXIF (CIPA DC-008) through libexif: the tags as they stand, with the names that the standard gives them.
extension DocumentFacts {
  private static let directories = ["IFD0", "IFD1", "EXIF", "GPS", "Interoperability"]
  /// Numbers of one tag that are written out.
  private static let maximumNumbers = 64

  /// Reads what follows the mark `Exif` and two zeros, which stand in front.
  mutating func readEXIF(_ block: [UInt8]) {
    guard properties.count < DocumentLimits.properties else { return noteTooMany() }
    // Safe: libexif reads `count` bytes within the call and copies what it keeps.
    let loaded = unsafe block.withUnsafeBufferPointer { buffer in
      unsafe exhibit_exif_load(buffer.baseAddress, UInt32(clamping: buffer.count))
    }
    guard let data = unsafe loaded else { return faults.append("libexif has no memory") }
    defer { unsafe exif_data_unref(data) }
    let isLittle = unsafe exif_data_get_byte_order(data) == EXIF_BYTE_ORDER_INTEL
    let before = properties.count
    for (directory, group) in Self.directories.enumerated() {
      for place in 0..<(unsafe exhibit_exif_count(data, Int32(directory))) {
        guard let entry = unsafe exhibit_exif_entry(data, Int32(directory), place) else { continue }
        unsafe add(entry, directory, group, isLittle)
      }
    }
    let size = unsafe Int(data.pointee.size)
    if size > 0, let start = unsafe data.pointee.data, thumbnail.isEmpty {
      // Safe: libexif holds `size` bytes there until the data is given back.
      thumbnail = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: size))
    }
    if properties.count == before, thumbnail.isEmpty { faults.append("the EXIF data has no tag that can be read") }
  }

  @unsafe private mutating func add(
    _ entry: UnsafeMutablePointer<ExifEntry>, _ directory: Int, _ group: String, _ isLittle: Bool
  ) {
    let tag = unsafe UInt16(truncatingIfNeeded: entry.pointee.tag.rawValue)
    let hex = String(tag, radix: 16)
    let name =
      unsafe exhibit_exif_name(entry, Int32(directory)).map { unsafe String(cString: $0) }
      ?? "0x" + String(repeating: "0", count: 4 - hex.count) + hex
    let size = unsafe Int(entry.pointee.size)
    // Safe: libexif holds `size` bytes there until the data is given back.
    let bytes =
      unsafe entry.pointee.data.map { unsafe [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) } ?? []
    let format = unsafe entry.pointee.format
    switch format {
    case EXIF_FORMAT_ASCII: add(group, name, Self.text(bytes))
    case EXIF_FORMAT_UNDEFINED where name == "UserComment": add(group, name, Self.comment(bytes, isLittle))
    case EXIF_FORMAT_UNDEFINED, EXIF_FORMAT_BYTE: add(group, name, Self.octets(bytes, format == EXIF_FORMAT_BYTE))
    default: add(group, name, Array(Self.numbers(bytes, format, isLittle).utf8))
    }
  }

  /// A text without the zeros and spaces at its end.
  private static func text(_ bytes: [UInt8]) -> [UInt8] {
    let whole = bytes.prefix { $0 != 0 }
    return Array(whole.prefix((whole.lastIndex { $0 != 0x20 } ?? whole.startIndex - 1) - whole.startIndex + 1))
  }

  /// A comment behind the name of its character set (CIPA DC-008, 4.6.5, UserComment).
  private static func comment(_ bytes: [UInt8], _ isLittle: Bool) -> [UInt8] {
    guard bytes.count >= 8 else { return octets(bytes, false) }
    let rest = Array(bytes.dropFirst(8))
    if bytes.starts(with: Array("UNICODE\0".utf8)) {
      var units: [UInt16] = []
      for place in stride(from: 0, to: rest.count - 1, by: 2) {
        let (first, second) = (UInt16(rest[place]), UInt16(rest[place + 1]))
        units.append(isLittle ? second << 8 | first : first << 8 | second)
      }
      return Array(String(decoding: units.prefix { $0 != 0 }, as: UTF16.self).utf8)
    }
    return bytes.starts(with: Array("ASCII\0".utf8)) || bytes.prefix(8).allSatisfy { $0 == 0 }
      ? text(rest) : octets(bytes, false)
  }

  /// Bytes: few as numbers, text as text, others in hexadecimal.
  private static func octets(_ bytes: [UInt8], _ isNumber: Bool) -> [UInt8] {
    if isNumber, bytes.count <= 8 { return Array(bytes.map { String($0) }.joined(separator: ",").utf8) }
    let plain = text(bytes)
    if !isNumber, !plain.isEmpty, plain.allSatisfy({ (0x20..<0x7f).contains($0) }),
      bytes.dropFirst(plain.count).allSatisfy({ $0 == 0 || $0 == 0x20 })
    {
      return plain
    }
    return Array(bytes.prefix(DocumentLimits.valueBytes / 2).map { hexadecimal($0) }.joined().utf8)
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  private static func numbers(_ bytes: [UInt8], _ format: ExifFormat, _ isLittle: Bool) -> String {
    // Safe: the reader ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    var texts: [String] = []
    while reader.remaining > 0, texts.count < maximumNumbers {
      let short = { (reader: inout ByteReader) throws(ReadError) -> UInt16 in
        isLittle ? try reader.readLittleEndian("number") : try reader.read("number")
      }
      let long = { (reader: inout ByteReader) throws(ReadError) -> UInt32 in
        isLittle ? try reader.readLittleEndian("number") : try reader.read("number")
      }
      do throws(ReadError) {
        switch format {
        case EXIF_FORMAT_SHORT: texts.append(String(try short(&reader)))
        case EXIF_FORMAT_SSHORT: texts.append(String(Int16(bitPattern: try short(&reader))))
        case EXIF_FORMAT_LONG: texts.append(String(try long(&reader)))
        case EXIF_FORMAT_SLONG: texts.append(String(Int32(bitPattern: try long(&reader))))
        case EXIF_FORMAT_RATIONAL:
          let upper = try long(&reader)
          texts.append("\(upper)/\(try long(&reader))")
        case EXIF_FORMAT_SRATIONAL:
          let upper = Int32(bitPattern: try long(&reader))
          texts.append("\(upper)/\(Int32(bitPattern: try long(&reader)))")
        case EXIF_FORMAT_SBYTE: texts.append(String(Int8(bitPattern: try reader.read("number") as UInt8)))
        default:
          // Floating point is not in the standard; its bytes are shown.
          return bytes.prefix(64).map { hexadecimal($0) }.joined()
        }
      } catch { break }
    }
    return texts.joined(separator: ",")
  }
}
