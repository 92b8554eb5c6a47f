/// Writes pages of black and white as a TIFF of several pages (TIFF 6.0, class B), packed by PackBits.
///
/// It holds no time and no name, so that the same pages give the same bytes.
public struct TIFFWriter {
  private(set) var bytes: [UInt8] = [0x49, 0x49, 42, 0, 0, 0, 0, 0]
  /// Where the place of the next page's directory stands.
  private var link = 4
  private var count: UInt16 = 0
  /// Where each page says how many there are.
  private var totals: [Int] = []

  /// Bytes of a file beyond which no page is added.
  public static let maximumBytes = 1 << 30

  public init() {}

  /// The file, whose pages say that there are `total`.
  public consuming func file(of total: Int) -> [UInt8] {
    let number = UInt16(clamping: total)
    for place in totals {
      bytes[place] = UInt8(truncatingIfNeeded: number)
      bytes[place + 1] = UInt8(number >> 8)
    }
    return bytes
  }

  /// Adds a page; false when the file would become too large.
  public mutating func add(_ picture: FaxPicture, horizontal: Int, vertical: Int) -> Bool {
    let strip = Self.packed(picture)
    guard picture.height > 0, bytes.count + strip.count + 1_024 <= Self.maximumBytes else { return false }
    let stripPlace = bytes.count
    bytes += strip
    if bytes.count % 2 == 1 { bytes.append(0) }
    let fractions = bytes.count
    for number in [horizontal, 1, vertical, 1] { append(UInt32(truncatingIfNeeded: number)) }
    let directory = bytes.count
    put(UInt32(truncatingIfNeeded: directory), at: link)
    let entries: [(tag: UInt16, type: UInt16, count: UInt32, value: UInt32)] = [
      (254, 4, 1, 2), (256, 4, 1, UInt32(picture.width)), (257, 4, 1, UInt32(picture.height)), (258, 3, 1, 1),
      // PackBits; white is zero; the highest bit is on the left.
      (259, 3, 1, 32_773), (262, 3, 1, 0), (266, 3, 1, 1), (273, 4, 1, UInt32(stripPlace)), (277, 3, 1, 1),
      (278, 4, 1, UInt32(picture.height)), (279, 4, 1, UInt32(strip.count)), (282, 5, 1, UInt32(fractions)),
      (283, 5, 1, UInt32(fractions + 8)), (296, 3, 1, 2),
      // The total comes at the end.
      (297, 3, 2, UInt32(count)),
    ]
    append(UInt16(entries.count))
    for entry in entries {
      append(entry.tag)
      append(entry.type)
      append(entry.count)
      append(entry.value)
    }
    totals.append(bytes.count - 2)
    link = bytes.count
    append(UInt32(0))
    count &+= 1
    return true
  }

  private mutating func append(_ value: UInt16) { bytes += [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }

  private mutating func append(_ value: UInt32) {
    append(UInt16(truncatingIfNeeded: value))
    append(UInt16(value >> 16))
  }

  private mutating func put(_ value: UInt32, at place: Int) {
    for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
  }

  /// Each row by itself, as runs and what stands between (TIFF 6.0, section 9).
  private static func packed(_ picture: FaxPicture) -> [UInt8] {
    var result: [UInt8] = []
    for line in 0..<picture.height {
      var rest = picture.rows[(line * picture.rowBytes)..<((line + 1) * picture.rowBytes)]
      while let first = rest.first {
        let run = rest.prefix(128).prefix { $0 == first }.count
        if run > 1 {
          result += [UInt8(truncatingIfNeeded: 257 - run), first]
          rest = rest.dropFirst(run)
          continue
        }
        var literal = 1
        for (one, two) in zip(rest.dropFirst(), rest.dropFirst(2)) where literal < 128 {
          if one == two { break }
          literal += 1
        }
        if literal == rest.count - 1, literal < 128 { literal += 1 }
        result.append(UInt8(literal - 1))
        result += rest.prefix(literal)
        rest = rest.dropFirst(literal)
      }
    }
    return result
  }
}
