/// The header of a WAV file with integer PCM.
///
/// The classic 44 bytes (RFC 2361) for up to two channels of 16 bits, else WAVE_FORMAT_EXTENSIBLE without a statement of which
/// channel stands where; from 4 GB on, RF64 (EBU Tech 3306).
struct WAVHeader {
  let bytes: [UInt8]

  /// `bits` is 16, 24 or 32; `sampleCount` counts samples a channel.
  init(channels: UInt16, sampleRate: UInt32, sampleCount: Int64, bits: UInt16 = 16) {
    let width = UInt64(channels) * UInt64(bits / 8)
    let dataSize = UInt64(clamping: sampleCount) &* width
    let isExtensible = bits > 16 || channels > 2
    let formatSize: UInt32 = isExtensible ? 40 : 16
    let isLarge = dataSize > UInt64(UInt32.max) - 128
    // Data with an odd number of bytes is followed by one more.
    let fileSize = dataSize &+ (dataSize & 1) &+ 20 &+ UInt64(formatSize)
    let word = { (value: UInt32) in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) } }
    let half = { (value: UInt16) in [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
    let long = { (value: UInt64) in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) } }
    var out: [UInt8] = []
    out += Array((isLarge ? "RF64" : "RIFF").utf8) + word(isLarge ? .max : UInt32(truncatingIfNeeded: fileSize))
    out += Array("WAVE".utf8)
    if isLarge {
      out += Array("ds64".utf8) + word(28) + long(fileSize &+ 36) + long(dataSize) + long(UInt64(clamping: sampleCount))
      out += word(0)
    }
    out += Array("fmt ".utf8) + word(formatSize)
    out += half(isExtensible ? 0xfffe : 1) + half(channels) + word(sampleRate)
    out += word(UInt32(truncatingIfNeeded: UInt64(sampleRate) &* width)) + half(UInt16(truncatingIfNeeded: width))
    out += half(bits)
    if isExtensible {
      // 22 bytes more, all bits valid, no places of channels, and the GUID of PCM.
      out += half(22) + half(bits) + word(0) + half(1) + [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]
    }
    out += Array("data".utf8) + word(isLarge ? .max : UInt32(truncatingIfNeeded: dataSize))
    bytes = out
  }
}
