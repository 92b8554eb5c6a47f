import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Each coding against ffmpeg's decoding of the same bytes, which ffmpeg's encoders made.
@Suite struct CodecTests {
  struct Coding: Sendable, CustomTestStringConvertible {
    let name: String
    let rate: UInt32
    let encoder: [String]
    /// ffmpeg's names of the raw format, for writing and for reading.
    let format: String
    let reading: [String]
    /// Bytes a packet when the format has no frames.
    let packetBytes: Int
    var testDescription: String { name }
  }

  static let codings = [
    Coding(
      name: "G722", rate: 8_000, encoder: ["-ar", "16000", "-c:a", "g722"], format: "g722", reading: ["-f", "g722"],
      packetBytes: 160),
    Coding(
      name: "G726-32", rate: 8_000, encoder: ["-ar", "8000", "-c:a", "g726le", "-b:a", "32k"], format: "g726le",
      reading: ["-f", "g726le", "-code_size", "4", "-ar", "8000"], packetBytes: 80),
    Coding(
      name: "G726-24", rate: 8_000, encoder: ["-ar", "8000", "-c:a", "g726le", "-b:a", "24k"], format: "g726le",
      reading: ["-f", "g726le", "-code_size", "3", "-ar", "8000"], packetBytes: 60),
    Coding(
      name: "G726-16", rate: 8_000, encoder: ["-ar", "8000", "-c:a", "g726le", "-b:a", "16k"], format: "g726le",
      reading: ["-f", "g726le", "-code_size", "2", "-ar", "8000"], packetBytes: 40),
    Coding(
      name: "G726-40", rate: 8_000, encoder: ["-ar", "8000", "-c:a", "g726le", "-b:a", "40k"], format: "g726le",
      reading: ["-f", "g726le", "-code_size", "5", "-ar", "8000"], packetBytes: 100),
    Coding(
      name: "AAL2-G726-32", rate: 8_000, encoder: ["-ar", "8000", "-c:a", "g726", "-b:a", "32k"], format: "g726",
      reading: ["-f", "g726", "-code_size", "4", "-ar", "8000"], packetBytes: 80),
    Coding(
      name: "G723", rate: 8_000, encoder: ["-ar", "8000", "-c:a", "g723_1", "-b:a", "6300"], format: "g723_1",
      reading: ["-f", "g723_1"], packetBytes: 24),
    Coding(
      name: "GSM", rate: 8_000, encoder: ["-ar", "8000", "-c:a", "libgsm"], format: "gsm",
      reading: ["-c:a", "gsm", "-f", "gsm"], packetBytes: 33),
    Coding(
      name: "L16", rate: 44_100, encoder: ["-ar", "44100", "-c:a", "pcm_s16be"], format: "s16be",
      reading: ["-f", "s16be", "-ar", "44100", "-ac", "1"], packetBytes: 882),
    Coding(
      name: "L24", rate: 16_000, encoder: ["-ar", "16000", "-c:a", "pcm_s24be"], format: "s24be",
      reading: ["-f", "s24be", "-ar", "16000", "-ac", "1"], packetBytes: 960),
    Coding(
      name: "PCMU", rate: 16_000, encoder: ["-ar", "16000", "-c:a", "pcm_mulaw"], format: "mulaw",
      reading: ["-f", "mulaw", "-ar", "16000", "-ac", "1"], packetBytes: 320),
  ]

  @Test(arguments: codings) func decodesAsFfmpegDoes(_ coding: Coding) throws {
    guard let ffmpeg = program("ffmpeg") else {
      print("skipped: no ffmpeg")
      return
    }
    let folder = try TemporaryFolder()
    let path = folder.path("encoded")
    let made = try run(
      ffmpeg,
      [
        "-v", "error", "-f", "lavfi", "-i", "aevalsrc=0.4*sin(440*2*PI*t)+0.2*sin(1300*2*PI*t*t):s=48000:d=1.5", "-ac",
        "1",
      ]
        + coding.encoder + ["-f", coding.format, path])
    #expect(made.status == 0, "\(made.errors)")
    let expected = try run(
      ffmpeg,
      ["-v", "error", "-cpuflags", "0"] + coding.reading + ["-i", path, "-f", "s16le", "-c:a", "pcm_s16le", "-"])
    #expect(expected.status == 0, "\(expected.errors)")
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    let payload = MediaOffer.Payload(type: 96, encoding: coding.name, clockRate: coding.rate)
    let format = try #require(VoiceFormat(payload))
    let samples = try rendered(bytes, format, packetBytes: coding.packetBytes)
    #expect(samples.count >= expected.output.count / 2)
    #expect(expected.output.count > 20_000)
    #expect(samples.prefix(expected.output.count / 2).elementsEqual(numbers(expected.output)))
  }

  /// Codings whose packets only a container keeps apart: ffmpeg writes them into RTP packets itself.
  @Test(arguments: [
    ("OPUS", 48_000, ["-c:a", "libopus", "-b:a", "24k"], "libopus"),
    ("OPUS", 48_000, ["-c:a", "libopus", "-b:a", "96k", "-application", "audio"], "libopus"),
    ("OPUS", 48_000, ["-c:a", "libopus", "-application", "voip", "-b:a", "16k", "-frame_duration", "60"], "libopus"),
    ("OPUS", 48_000, ["-c:a", "libopus", "-b:a", "40k", "-frame_duration", "120"], "libopus"),
    (
      "OPUS", 48_000,
      ["-c:a", "libopus", "-application", "voip", "-b:a", "24k", "-frame_duration", "60"] + [
        "-fec", "1", "-packet_loss", "20",
      ],
      "libopus"
    ),
    ("SPEEX", 8_000, ["-ar", "8000", "-c:a", "libspeex"], "speex"),
    ("SPEEX", 16_000, ["-ar", "16000", "-c:a", "libspeex"], "speex"),
    ("SPEEX", 32_000, ["-ar", "32000", "-c:a", "libspeex"], "speex"),
  ]) func decodesPacketsAsFfmpegDoes(_ name: String, _ rate: UInt32, _ encoder: [String], _ decoder: String) throws {
    guard let ffmpeg = program("ffmpeg"), let ffprobe = program("ffprobe") else {
      print("skipped: no ffmpeg")
      return
    }
    let folder = try TemporaryFolder()
    let path = folder.path("encoded.ogg")
    let made = try run(
      ffmpeg,
      [
        "-v", "error", "-f", "lavfi", "-i", "aevalsrc=0.4*sin(440*2*PI*t)+0.2*sin(1300*2*PI*t*t):s=48000:d=1.5", "-ac",
        "1",
      ]
        + encoder + [path])
    #expect(made.status == 0, "\(made.errors)")
    let expected = try run(
      ffmpeg,
      ["-v", "error", "-cpuflags", "0", "-flags2", "+skip_manual", "-c:a", decoder, "-i", path, "-f", "s16le", "-"])
    #expect(expected.status == 0, "\(expected.errors)")
    let listing = try run(
      ffprobe, ["-v", "error", "-show_packets", "-show_data", "-of", "json", "-i", path])
    let root = try JSONSerialization.jsonObject(with: Data(listing.output)) as? [String: Any]
    let list = try #require(root?["packets"] as? [[String: Any]])
    let packets = list.map { Self.bytes(ofDump: $0["data"] as? String ?? "") }
    #expect(packets.count > 10)
    let format = try #require(VoiceFormat(MediaOffer.Payload(type: 96, encoding: name, clockRate: rate)))
    let samples = try rendered(packets, format)
    let others = numbers(expected.output)
    // At the ends ffmpeg cuts what its container says is not part of the recording.
    let begin = Self.begin(of: others.prefix(4_000), in: samples)
    let place = try #require(begin, "ffmpeg's first samples are not among ours")
    let common = min(samples.count - place, others.count)
    #expect(common > others.count - 6_000)
    #expect(samples[place..<(place + common)].elementsEqual(others.prefix(common)))
  }

  private static func begin(of needle: ArraySlice<Int16>, in samples: [Int16]) -> Int? {
    (0..<3_000).first { place in
      place + needle.count <= samples.count && samples[place..<(place + needle.count)].elementsEqual(needle)
    }
  }

  /// The bytes of ffprobe's dump: `00000000: 0123 4567 …  text`.
  private static func bytes(ofDump dump: String) -> [UInt8] {
    dump.split(separator: "\n").flatMap { line -> [UInt8] in
      guard let colon = line.firstIndex(of: ":") else { return [] }
      let digits = line[line.index(colon, offsetBy: 2)...].prefix(40).filter { $0 != " " }
      var bytes: [UInt8] = []
      var rest = Substring(digits)
      while rest.count >= 2, let byte = UInt8(rest.prefix(2), radix: 16) {
        bytes.append(byte)
        rest = rest.dropFirst(2)
      }
      return bytes
    }
  }
}
