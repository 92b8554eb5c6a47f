import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Samples of all channels in turn, as ffmpeg gave them, and the WAV file that holds them.
struct Sound {
  let samples: [Int32]
  let channels: Int
  let rate: Int
  let bits: Int
  let folder: TemporaryFolder
  var path: String { folder.path("sound.wav") }

  /// Lets ffmpeg write a WAV file from inputs and filters, and reads it.
  init(_ arguments: [String], rate: Int = 48_000, channels: Int = 2, bits: Int = 16) throws {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    folder = try TemporaryFolder()
    self.rate = rate
    self.channels = channels
    self.bits = bits
    let form = bits == 16 ? "s16le" : "s32le"
    let made = try run(
      ffmpeg,
      ["-v", "error", "-y"] + arguments
        + ["-ar", "\(rate)", "-ac", "\(channels)", "-c:a", "pcm_s\(bits)le", "-bitexact", folder.path("sound.wav")])
    try #require(made.status == 0, "\(made.errors)")
    let raw = try run(ffmpeg, ["-v", "error", "-i", folder.path("sound.wav"), "-f", form, "-"])
    try #require(raw.status == 0, "\(raw.errors)")
    let size = bits == 16 ? 2 : 4
    samples = stride(from: 0, to: raw.output.count - size + 1, by: size).map { place in
      let low = UInt32(raw.output[place]) << 16 | UInt32(raw.output[place + 1]) << 24
      guard size == 4 else { return Int32(bitPattern: low) >> 16 }
      let high = UInt32(raw.output[place + 2]) << 16 | UInt32(raw.output[place + 3]) << 24
      return Int32(bitPattern: high | low >> 16) >> Int32(32 - bits)
    }
  }

  /// Writes samples as a WAV file of 16 bits.
  init(_ samples: [Int32], rate: Int, channels: Int = 1) throws {
    folder = try TemporaryFolder()
    self.samples = samples
    self.rate = rate
    self.channels = channels
    bits = 16
    func bytes(_ number: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(number >> (8 * $0) & 255) } }
    let size = samples.count * 2
    let header =
      [UInt8]("RIFF".utf8) + bytes(36 + size, 4) + [UInt8]("WAVEfmt ".utf8) + bytes(16, 4) + bytes(1, 2)
      + bytes(channels, 2) + bytes(rate, 4) + bytes(rate * channels * 2, 4) + bytes(channels * 2, 2) + bytes(16, 2)
      + [UInt8]("data".utf8) + bytes(size, 4)
    _ = try folder.write(header + samples.flatMap { bytes(Int($0) & 0xffff, 2) }, "sound.wav")
  }

  /// What is computed from the samples, given in blocks of so many of each channel.
  func examined(blocks: Int = 1_000, announced: Int? = nil) throws -> AudioFindings {
    let count = samples.count / channels
    let examination = try #require(
      AudioExamination(
        sampleRate: rate, channels: channels, bits: bits, sampleCount: Int64(announced ?? count)))
    var place = 0
    while place < samples.count {
      let end = min(samples.count, place + blocks * channels)
      // Safe: the view is read only within the closure.
      unsafe samples[place..<end].withUnsafeBufferPointer { unsafe examination.take($0) }
      place = end
    }
    return examination.finish()
  }

  /// What ffmpeg prints when a filter looks at the file.
  func ffmpeg(_ filter: String) throws -> [Substring] {
    let path = try #require(program("ffmpeg"), "install the packages of the group test")
    let seen = try run(path, ["-hide_banner", "-nostats", "-i", self.path, "-af", filter, "-f", "null", "-"])
    try #require(seen.status == 0, "\(seen.errors)")
    return seen.errors.split(separator: "\n")
  }

  /// English speech by espeak-ng, several sentences, as an input of ffmpeg.
  static func speech(_ text: String, speed: Int = 160, in folder: TemporaryFolder, name: String = "speech.wav") throws
    -> String
  {
    let espeak = try #require(program("espeak-ng"), "install the packages of the group test")
    let made = try run(espeak, ["-v", "en", "-s", "\(speed)", "-w", folder.path(name), text])
    try #require(made.status == 0, "\(made.errors)")
    return folder.path(name)
  }
}

/// Numbers from a fixed start: the same in every run.
struct Noise {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  /// A whole number within ±`size`.
  mutating func next(_ size: Int32) -> Int32 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int32(truncatingIfNeeded: state >> 33) % (size + 1)
  }
}
