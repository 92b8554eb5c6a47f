import CCompression

/// Writes grey pictures as PNG (ISO/IEC 15948), compressed by zlib.
enum PNGWriter {
  /// `pixels` are rows from the top, 8 bits each; nil when zlib lacks memory.
  static func write(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8]? {
    var rows: [UInt8] = []
    rows.reserveCapacity((width + 1) * height)
    for row in 0..<height {
      // Each row begins with its filter: none.
      rows.append(0)
      rows.append(contentsOf: pixels[(row * width)..<((row + 1) * width)])
    }
    var count = compressBound(UInt(rows.count))
    var packed = [UInt8](repeating: 0, count: Int(count))
    // Safe: zlib writes at most `count` bytes, which the array holds.
    guard unsafe compress2(&packed, &count, rows, UInt(rows.count), 6) == Z_OK else { return nil }
    let header = bytes(UInt32(width)) + bytes(UInt32(height)) + [8, 0, 0, 0, 0]
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header)
      + chunk("IDAT", Array(packed.prefix(Int(count)))) + chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let named = [UInt8](name.utf8) + content
    // Safe: zlib reads as many bytes as the array holds.
    return bytes(UInt32(content.count)) + named
      + bytes(UInt32(truncatingIfNeeded: unsafe crc32(0, named, UInt32(named.count))))
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}
