/// A real PNG made of stripes (ISO/IEC 15948), its data stored without compression (RFC 1950, RFC 1951).
enum Picture {
  static func png(width: Int, height: Int) -> [UInt8] {
    var rows: [UInt8] = []
    for row in 0..<height {
      rows.append(0)
      for column in 0..<width {
        rows += (row / 8 + column / 8).isMultiple(of: 2) ? [0x1f, 0x6f, 0xb4] : [0xf4, 0xd0, 0x3f]
      }
    }
    var data: [UInt8] = [0x78, 0x01]
    var rest = rows[...]
    while !rest.isEmpty {
      let block = rest.prefix(65_535)
      rest = rest.dropFirst(block.count)
      let size = UInt16(block.count)
      data +=
        [rest.isEmpty ? 1 : 0, UInt8(size & 255), UInt8(size >> 8), UInt8(~size & 255), UInt8(~size >> 8)] + block
    }
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in rows {
      low = (low + UInt32(byte)) % 65_521
      high = (high + low) % 65_521
    }
    data += word(high << 16 | low)
    let header = word(UInt32(width)) + word(UInt32(height)) + [8, 2, 0, 0, 0]
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header) + chunk("IDAT", data)
      + chunk("IEND", [])
  }

  private static func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    var remainder: UInt32 = .max
    for byte in body {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xedb8_8320 : remainder >> 1 }
    }
    return word(UInt32(data.count)) + body + word(~remainder)
  }
}

/// A WAV file with a tone (RIFF, 16-bit PCM, 8 kHz).
enum Sound {
  static func wav(channels: Int, seconds: Int) -> [UInt8] {
    let word = { (value: Int) in (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
    let half = { (value: Int) in [UInt8(value & 255), UInt8(value >> 8 & 255)] }
    var samples: [UInt8] = []
    for place in 0..<(seconds * 8_000) {
      for channel in 0..<channels { samples += half((place * (channel + 2) * 100 % 8_000) - 4_000) }
    }
    var bytes = Array("RIFF".utf8) + word(36 + samples.count) + Array("WAVEfmt ".utf8) + word(16) + half(1)
    bytes += half(channels) + word(8_000) + word(16_000 * channels) + half(2 * channels) + half(16)
    return bytes + Array("data".utf8) + word(samples.count) + samples
  }
}
