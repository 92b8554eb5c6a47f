import CCompression

/// Texts of a PNG beside the plain ones (third edition, 11.3.3.3 and 11.3.3.4).
extension DocumentFacts {
  private static let xmpKeyword = "XML:com.adobe.xmp"

  /// A keyword, a zero, the method, and Latin-1 that is compressed.
  mutating func readCompressedText(_ chunk: [UInt8]) {
    guard let end = chunk.prefix(80).firstIndex(of: 0), chunk.count > end + 1, chunk[end + 1] == 0 else {
      return faults.append("a compressed text of the PNG file is not as the standard has it")
    }
    let name = String(decoding: chunk[..<end], as: UTF8.self)
    guard let bytes = Self.inflate(chunk[(end + 2)...]) else {
      return faults.append("the text \(name) of the PNG file cannot be decompressed within the limits")
    }
    add("zTXt", name, Array(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })).utf8))
  }

  /// A keyword, whether it is compressed, a language, the keyword in that language, and UTF-8.
  mutating func readInternationalText(_ chunk: [UInt8]) {
    guard let end = chunk.prefix(80).firstIndex(of: 0), chunk.count >= end + 3 else {
      return faults.append("an international text of the PNG file is not as the standard has it")
    }
    let name = String(decoding: chunk[..<end], as: UTF8.self)
    let (isCompressed, method) = (chunk[end + 1] != 0, chunk[end + 2])
    let rest = chunk[(end + 3)...].split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    guard rest.count == 3, !isCompressed || method == 0 else {
      return faults.append("the text \(name) of the PNG file is not as the standard has it")
    }
    guard let text = isCompressed ? Self.inflate(rest[2]) : Array(rest[2]) else {
      return faults.append("the text \(name) of the PNG file cannot be decompressed within the limits")
    }
    if name == Self.xmpKeyword { return readXMP(text) }
    add("iTXt", name, text)
  }

  /// Undoes zlib (RFC 1950); nil when it is damaged or has more than `DocumentLimits.partBytes`.
  private static func inflate(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    var input = Array(bytes)
    var stream = unsafe z_stream()
    guard unsafe exhibit_inflate_init(&stream, 15) == Z_OK else { return nil }
    defer { unsafe _ = inflateEnd(&stream) }
    var result: [UInt8] = []
    var isWhole = false
    // Safe: zlib reads `input` within the closure, and writes no more than the array has room for.
    unsafe input.withUnsafeMutableBufferPointer { buffer in
      unsafe stream.next_in = buffer.baseAddress
      unsafe stream.avail_in = UInt32(buffer.count)
      while result.count <= DocumentLimits.partBytes {
        var status = Z_OK
        let piece = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { room, count in
          unsafe stream.next_out = room.baseAddress
          unsafe stream.avail_out = UInt32(room.count)
          status = unsafe CCompression.inflate(&stream, Z_NO_FLUSH)
          count = unsafe room.count - Int(stream.avail_out)
        }
        result += piece
        isWhole = status == Z_STREAM_END
        guard status == Z_OK, !piece.isEmpty else { return }
      }
    }
    return isWhole && result.count <= DocumentLimits.partBytes ? result : nil
  }
}
