import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Recordings that real encoders made, read as Exhibit reads them and as ffmpeg does.
@Suite(.serialized) struct RecordingTests {
  /// A file that ffmpeg makes, and the decoder by which it is asked to read it.
  struct Form: Sendable, CustomTestStringConvertible {
    let name: String
    let encoder: [String]
    var decoder: [String] = []
    var bits = 16
    var rate = 44_100
    var channels = 2
    var testDescription: String { name }
  }

  static let forms: [Form] = [
    Form(name: "a.wav", encoder: ["-c:a", "pcm_s16le"]),
    Form(name: "deep.wav", encoder: ["-c:a", "pcm_s24le"], bits: 24),
    Form(name: "wide.wav", encoder: ["-c:a", "pcm_s32le"], bits: 32),
    Form(name: "old.wav", encoder: ["-c:a", "pcm_u8"]), Form(name: "law.wav", encoder: ["-c:a", "pcm_alaw"]),
    Form(name: "ima.wav", encoder: ["-c:a", "adpcm_ima_wav"]),
    Form(name: "a.aiff", encoder: []), Form(name: "a.au", encoder: []),
    Form(name: "a.flac", encoder: ["-c:a", "flac", "-sample_fmt", "s16"]),
    Form(name: "deep.flac", encoder: ["-c:a", "flac", "-sample_fmt", "s32"], bits: 24),
    Form(name: "lossless.m4a", encoder: ["-c:a", "alac", "-sample_fmt", "s16p"]),
    Form(name: "a.wv", encoder: ["-c:a", "wavpack", "-sample_fmt", "s16p"]),
    Form(name: "a.mp3", encoder: [], decoder: ["-c:a", "mp3"]),
    Form(name: "a.mp2", encoder: [], decoder: ["-c:a", "mp2"]),
    Form(name: "a.m4a", encoder: ["-c:a", "aac"], decoder: ["-c:a", "aac_fixed"]),
    Form(name: "a.aac", encoder: ["-c:a", "aac"], decoder: ["-c:a", "aac_fixed"]),
    Form(name: "a.ts", encoder: ["-c:a", "aac"], decoder: ["-c:a", "aac_fixed"]),
    Form(name: "a.ac3", encoder: ["-c:a", "ac3"], decoder: ["-c:a", "ac3_fixed"]),
    Form(name: "a.ogg", encoder: ["-c:a", "libvorbis"]),
    Form(name: "a.opus", encoder: ["-c:a", "libopus"], decoder: ["-c:a", "libopus"], rate: 48_000),
    Form(name: "a.mka", encoder: ["-c:a", "libopus"], decoder: ["-c:a", "libopus"], rate: 48_000),
    Form(
      name: "copies.opus",
      encoder: ["-c:a", "libopus", "-application", "voip", "-b:a", "32k", "-fec", "1", "-packet_loss", "20"],
      decoder: ["-c:a", "libopus"], rate: 48_000),
    Form(name: "a.wma", encoder: ["-c:a", "wmav2"]),
    Form(name: "surround.flac", encoder: ["-c:a", "flac", "-sample_fmt", "s16"], channels: 6),
    Form(name: "odd.wav", encoder: ["-c:a", "pcm_s16le"], rate: 11_025, channels: 1),
  ]

  static let source = ["-f", "lavfi", "-i", "sine=f=440:d=2,aformat=sample_fmts=s32,tremolo=f=3:d=0.9"]

  static func make(_ form: Form, _ folder: TemporaryFolder) throws -> String {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    let path = folder.path(form.name)
    let result = try run(
      ffmpeg,
      ["-v", "error", "-y"] + source + ["-ar", "\(form.rate)", "-ac", "\(form.channels)"] + form.encoder + [path])
    try #require(result.status == 0, "\(result.errors)")
    return path
  }

  @Test(arguments: forms) func decodesWhatFfmpegDecodes(_ form: Form) throws {
    let folder = try TemporaryFolder()
    let path = try Self.make(form, folder)
    let read = try ReadRecording(path)
    let audio = try #require(read.reader.audios.first)
    #expect(audio.bits == form.bits)
    #expect(audio.channels == form.channels)
    #expect(audio.sampleRate == form.rate)
    #expect(audio.damageCount == 0 && audio.stepCount == 0)
    #expect(read.reader.file.fault == nil)
    let theirs = try run(
      try #require(program("ffmpeg")),
      ["-v", "error", "-cpuflags", "0", "-bitexact"] + form.decoder + [
        "-i", path, "-map", "0:a:0", "-f", "s\(form.bits)le", "-",
      ])
    #expect(try read.samples(of: audio) == theirs.output)
    // The working copy is a WAV file that ffmpeg reads as the same samples.
    let copy = try folder.write(try read.workingCopy(of: audio), "copy.wav")
    let again = try run(
      try #require(program("ffmpeg")), ["-v", "error", "-i", copy, "-f", "s\(form.bits)le", "-"])
    #expect(again.output == theirs.output)
  }

  @Test func saysWhatTheContainerSays() throws {
    let folder = try TemporaryFolder()
    let ffmpeg = try #require(program("ffmpeg"))
    let subtitles = try folder.write(
      Array("1\n00:00:00,500 --> 00:00:01,500\nHe said: Tuesday\n".utf8), "lines.srt")
    let path = folder.path("cam.mkv")
    let made = try run(
      ffmpeg,
      ["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=d=3:s=320x240:r=25"] + Self.source + [
        "-i", subtitles, "-attach", subtitles, "-metadata:s:3", "mimetype=text/plain", "-metadata",
        "creation_time=2026-05-04T10:00:00Z", "-metadata", "title=Camera 7", "-metadata", "location=+48.2082+016.3738/",
        "-c:v", "libx264", "-c:a", "flac", "-c:s", "srt", path,
      ])
    try #require(made.status == 0, "\(made.errors)")
    let read = try ReadRecording(path)
    let facts = read.reader.file.facts
    #expect(facts.format == "matroska,webm")
    #expect(facts.createdAt?.description == "2026-05-04T10:00:00.000000000Z")
    #expect(facts[tag: "title"] == "Camera 7")
    #expect(facts.location == "+48.2082+016.3738/")
    #expect(facts.streams.map(\.medium) == [.video, .audio, .subtitle, .attachment])
    let probe = try run(
      try #require(program("ffprobe")),
      ["-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets,width,height", "-of", "csv=p=0", path])
    let counts = read.reader.counts
    #expect(probe.lines.first.map(String.init) == "320,240,\(counts[0].packets)")
    #expect(probe.lines.dropFirst().first.map(String.init) == "\(counts[1].packets)")
    #expect(read.lines.map { String(decoding: $0.text, as: UTF8.self) } == ["He said: Tuesday"])
    #expect(read.lines.first?.start == 500_000)
    #expect(read.lines.first?.end == 1_500_000)
    #expect(facts.streams[3].extraBytes == [UInt8](try Data(contentsOf: URL(filePath: subtitles))))
  }

  @Test(arguments: [
    ("a.mp4", ["-c:v", "libx264", "-bf", "2"]), ("a.mkv", ["-c:v", "libx265", "-x265-params", "log-level=none"]),
    ("a.webm", ["-c:v", "libvpx"]), ("b.webm", ["-c:v", "libvpx-vp9"]), ("a.avi", ["-c:v", "mpeg4"]),
    ("a.3gp", ["-c:v", "h263", "-s", "176x144"]), ("a.mov", ["-c:v", "mjpeg"]), ("a.mpg", ["-c:v", "mpeg2video"]),
  ])
  func decodesKeyFramesAsFfmpegDoes(_ name: String, _ encoder: [String]) throws {
    let folder = try TemporaryFolder()
    let ffmpeg = try #require(program("ffmpeg"))
    let made = try run(
      ffmpeg,
      [
        "-v", "error", "-f", "lavfi", "-i", "testsrc2=d=12:s=320x240:r=10", "-pix_fmt",
        name == "a.mov" ? "yuvj420p" : "yuv420p",
      ]
        + ["-g", "20"] + encoder + [folder.path(name)])
    try #require(made.status == 0, "\(made.errors)")
    let read = try ReadRecording(folder.path(name))
    // One in five seconds at the most: key frames are at 0 and 6 s; in Motion JPEG each frame is one.
    #expect(read.frames.count == (name == "a.mov" ? 3 : 2))
    for (place, frame) in read.frames.enumerated() {
      let picture = try folder.write(frame.png, "\(place).png")
      let ours = try run(ffmpeg, ["-v", "error", "-i", picture, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]).output
      let time = String(Double(try #require(frame.time) - (read.reader.counts[0].first ?? 0)) / 1_000_000 - 0.01)
      let flags = ["-sws_flags", "bilinear+accurate_rnd+full_chroma_int+bitexact"]
      let theirs = try run(
        ffmpeg,
        ["-v", "error", "-cpuflags", "0", "-i", folder.path(name)] + ["-ss", time] + flags
          + ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
      ).output
      #expect(ours.count == theirs.count && !ours.isEmpty)
      let differing = zip(ours, theirs).reduce(0) { $0 + (abs(Int($1.0) - Int($1.1)) > 2 ? 1 : 0) }
      #expect(differing * 100 <= ours.count, "\(differing) of \(ours.count) bytes differ")
    }
  }

  @Test func givesTheCoverOfAnAlbumAsItIs() throws {
    let folder = try TemporaryFolder()
    let ffmpeg = try #require(program("ffmpeg"))
    let picture = folder.path("cover.png")
    _ = try run(ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-frames:v", "1", picture])
    let path = folder.path("song.flac")
    let made = try run(
      ffmpeg,
      ["-v", "error"] + Self.source + [
        "-i", picture, "-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic", path,
      ])
    try #require(made.status == 0, "\(made.errors)")
    let read = try ReadRecording(path)
    #expect(read.pictures == [[UInt8](try Data(contentsOf: URL(filePath: picture)))])
  }

  @Test func namesWhereTheTimesOfTheContainerLeaveAGap() throws {
    let folder = try TemporaryFolder()
    let ffmpeg = try #require(program("ffmpeg"))
    let path = folder.path("gap.mka")
    // Frames between 0.5 and 1.5 s are dropped and the others keep their times.
    let made = try run(
      ffmpeg,
      [
        "-v", "error", "-f", "lavfi", "-i", "sine=f=440:d=2:r=8000", "-af", "aselect='not(between(t,0.5,1.5))'", "-ac",
        "1",
        "-c:a", "pcm_s16le", path,
      ])
    try #require(made.status == 0, "\(made.errors)")
    let read = try ReadRecording(path)
    let audio = try #require(read.reader.audios.first)
    #expect(audio.stepCount == 1)
    let step = try #require(audio.steps.first)
    // 0.512 to 1.536 s, as ffprobe shows.
    #expect(step.position == 4_096 && step.missing == 8_192)
    #expect(audio.sampleCount + step.missing == 16_000)
  }

  @Test(arguments: ["a.m4a", "a.mp3", "a.ogg", "a.mka", "a.ts", "a.flac", "a.wma"])
  func keepsWhatCameBeforeTheCut(_ name: String) throws {
    let folder = try TemporaryFolder()
    let form = try #require(Self.forms.first { $0.name == name })
    let whole = [UInt8](try Data(contentsOf: URL(filePath: try Self.make(form, folder))))
    let all = try ReadRecording(folder.path(name)).reader.audios.first?.sampleCount ?? 0
    var longest: Int64 = 0
    for tenth in 0...9 {
      let path = try folder.write(Array(whole.prefix(whole.count * tenth / 10)), "cut")
      guard let read = try? ReadRecording(path) else { continue }
      let count = read.reader.audios.first?.sampleCount ?? 0
      #expect(count >= longest)
      #expect(count <= all)
      longest = count
    }
    // MP4 has its index at the end; of all others, nine tenths are there.
    #expect(name == "a.m4a" ? longest == 0 : longest > all / 2)
  }

  @Test(arguments: ["a.m4a", "a.mp3", "a.ogg", "a.mka", "a.ts", "ima.wav", "a.wma", "a.flac"])
  func survivesBytesThatLie(_ name: String) throws {
    let folder = try TemporaryFolder()
    let form = try #require(Self.forms.first { $0.name == name })
    let whole = [UInt8](try Data(contentsOf: URL(filePath: try Self.make(form, folder))))
    var state: UInt64 = 88_172_645_463_325_252
    func random(_ below: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(max(1, below)))
    }
    for _ in 0..<60 {
      var bytes = whole
      for _ in 0..<(1 + random(20)) {
        // Half of the changes fall on the head, where the structure is.
        let place = random(random(2) == 0 ? min(2_000, bytes.count) : bytes.count)
        bytes[place] = [0, 0xff, 0x7f, 0x80, UInt8(random(256))][random(5)]
      }
      _ = try? ReadRecording(try folder.write(bytes, "bad"))
    }
  }

  @Test(arguments: [
    "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile /etc/passwd\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n", "1\n00:00:00,500 --> 00:00:01,500\nHello\n",
    "A plain text that nobody takes for a recording.\n", "", "\u{1b}[31mred\u{1b}[0m\n",
  ])
  func takesNoListOfOtherFilesAndNoTextForARecording(_ text: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(text.utf8), "file")
    #expect(throws: RecordingFault.self) { try ReadRecording(path) }
  }

  @Test func takesNoPictureForARecording() throws {
    let folder = try TemporaryFolder()
    let ffmpeg = try #require(program("ffmpeg"))
    for name in ["a.png", "a.jpg", "a.bmp", "a.gif", "a.webp", "a.tiff"] {
      _ = try run(
        ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-frames:v", "1", folder.path(name)])
      #expect(throws: RecordingFault.self, "\(name)") { try ReadRecording(folder.path(name)) }
    }
  }

  @Test func writesHeadsOfFilesAboveFourGigabytes() throws {
    let folder = try TemporaryFolder()
    let count: Int64 = 3_000_000_000
    let header = WAVHeader(channels: 1, sampleRate: 48_000, sampleCount: count).bytes
    let path = try folder.write(header, "long.wav")
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: UInt64(header.count) + UInt64(count) * 2)
    let probe = try run(
      try #require(program("ffprobe")), ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path])
    #expect(probe.text == "62500.000000\n")
  }
}

/// A recording that was read to its end, and what came of it.
final class ReadRecording: RecordingReceiver {
  let reader: RecordingReader
  private(set) var pictures: [[UInt8]] = []
  private(set) var lines: [(start: Int64?, end: Int64?, text: [UInt8])] = []
  private(set) var frames: [KeyFrame] = []
  private let folder: TemporaryFolder
  private var outputs: [Int: Int32] = [:]

  init(_ path: String) throws {
    folder = try TemporaryFolder()
    let descriptor = unsafe open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let size = UInt64(lseek(descriptor, 0, SEEK_END))
    reader = RecordingReader(try RecordingFile(descriptor: descriptor, byteCount: size), byteCount: size)
    let folder = folder
    var opened: [Int: Int32] = [:]
    reader.read(
      output: { stream in
        opened[stream] = unsafe open(folder.path("\(stream)"), O_RDWR | O_CREAT, 0o600)
        return opened[stream]
      }, self)
    outputs = opened
  }

  deinit { for descriptor in outputs.values { close(descriptor) } }

  /// The samples as they stand in a WAV file, without its head.
  func samples(of audio: RecordingAudio) throws -> [UInt8] {
    let copy = try workingCopy(of: audio)
    let head = WAVHeader(
      channels: UInt16(audio.channels), sampleRate: UInt32(audio.sampleRate), sampleCount: audio.sampleCount,
      bits: UInt16(audio.bits)
    ).bytes.count
    return Array(copy[head..<(head + Int(audio.sampleCount) * audio.channels * audio.bits / 8)])
  }

  func workingCopy(of audio: RecordingAudio) throws -> [UInt8] {
    let samples = RecordedSamples(audio, descriptor: try #require(outputs[audio.index]))
    var bytes: [UInt8] = []
    try samples.writeWAV { part in unsafe part.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    return bytes
  }

  func picture(stream: Int, _ bytes: RawSpan) { pictures.append(unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }) }
  func subtitle(stream: Int, start: Int64?, end: Int64?, _ bytes: RawSpan) {
    let text = SubtitleText(bytes, codec: reader.file.facts.streams[stream].codec)
    lines.append((start, end, text.bytes ?? []))
  }
  func keyFrame(_ frame: KeyFrame) { frames.append(frame) }
  func tick() {}
}
