/// The header of a WAV file with 16-bit PCM (RFC 2361; the classic 44 bytes).
struct WAVHeader {
  let bytes: [UInt8]

  init(channels: UInt16, sampleRate: UInt32, sampleCount: Int64) {
    let dataSize = UInt32(clamping: sampleCount * Int64(channels) * 2)
    var out: [UInt8] = []
    let word = { (value: UInt32) in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) } }
    let half = { (value: UInt16) in [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
    out += Array("RIFF".utf8) + word(dataSize &+ 36) + Array("WAVEfmt ".utf8) + word(16)
    out += half(1) + half(channels) + word(sampleRate) + word(sampleRate * UInt32(channels) * 2)
    out += half(channels * 2) + half(16) + Array("data".utf8) + word(dataSize)
    bytes = out
  }
}
