import Foundation
import MediaReading
import TestSupport
import Testing

/// Pictures that ffmpeg wrote, and their pixels beside those that ffmpeg reads.
@Suite struct StillPictureTests {
  private static let flags = "bitexact+accurate_rnd+full_chroma_int+bilinear"

  static func decode(_ bytes: [UInt8]) throws -> StillPicture {
    let form = try #require(StillPicture.form(ofHead: bytes))
    // Safe: the view ends before `bytes` does.
    return try unsafe StillPicture(decoding: bytes.span.bytes, as: form)
  }

  /// Forms and how ffmpeg writes them, with the pixels that a picture of 161×99 has there.
  private static let forms = [
    ("a.jpg", ["-pix_fmt", "yuvj420p"]), ("grey.jpg", ["-pix_fmt", "gray"]), ("full.jpg", ["-pix_fmt", "yuvj444p"]),
    ("a.png", ["-pix_fmt", "rgb24"]), ("alpha.png", ["-pix_fmt", "rgba"]), ("deep.png", ["-pix_fmt", "rgb48be"]),
    ("grey.png", ["-pix_fmt", "gray"]), ("a.gif", []), ("a.bmp", []), ("a.tiff", []), ("a.webp", []),
  ]

  @Test(arguments: forms.indices) func givesThePixelsThatFFmpegGives(_ place: Int) throws {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    let (name, options) = Self.forms[place]
    let folder = try TemporaryFolder()
    let made = try run(
      ffmpeg,
      ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x200", "-vf", "scale=161:99", "-frames:v", "1"] + options
        + [folder.path(name)])
    if name == "a.webp", made.status != 0 { return print("skipped: ffmpeg writes no WebP here") }
    try #require(made.status == 0, "\(made.errors)")
    let theirs = try run(
      ffmpeg,
      [
        "-v", "error", "-cpuflags", "0", "-flags", "bitexact", "-i", folder.path(name), "-sws_flags", Self.flags,
        "-vf", "scale=flags=\(Self.flags),format=rgb24", "-f", "rawvideo", "-",
      ])
    try #require(theirs.status == 0, "\(theirs.errors)")
    let picture = try Self.decode([UInt8](try Data(contentsOf: folder.url(name))))
    #expect(picture.width == 161 && picture.height == 99 && picture.complaint == nil)
    #expect(picture.rgb == theirs.output, "\(name)")
  }

  @Test func refusesWhatIsTooLargeBeforeItIsDecoded() throws {
    // A PNG that says that it has 60,000 × 60,000 pixels.
    var bytes: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]
    bytes += Array("IHDR".utf8) + [0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0]
    bytes += [0, 0, 0, 0] + [0, 0, 0, 0] + Array("IEND".utf8) + [0xae, 0x42, 0x60, 0x82]
    do {
      _ = try Self.decode(bytes)
      Issue.record("it was decoded")
    } catch let fault as RecordingFault { #expect(fault.code == .limit || fault.code == .damaged, "\(fault)") }
  }

  @Test func saysWhatIsCut() throws {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    let folder = try TemporaryFolder()
    let made = try run(
      ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x200", "-frames:v", "1", folder.path("a.jpg")])
    try #require(made.status == 0, "\(made.errors)")
    let whole = [UInt8](try Data(contentsOf: folder.url("a.jpg")))
    let cut = try Self.decode(Array(whole.prefix(whole.count / 2)))
    #expect(cut.complaint != nil && cut.width == 320)
    #expect(throws: RecordingFault.self) { try Self.decode(Array(whole.prefix(40))) }
  }

  @Test func survivesWhatIsNone() throws {
    var random = SeededGenerator(testSeed("still pictures"))
    let heads: [[UInt8]] = [
      [0xff, 0xd8, 0xff, 0xe0], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], Array("GIF89a".utf8),
      [0x49, 0x49, 0x2a, 0], Array("RIFF\u{10}\0\0\0WEBPVP8 ".utf8),
      Array("BM".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0],
    ]
    for head in heads {
      #expect(StillPicture.form(ofHead: head) != nil)
      for count in [0, 1, 20, 500] { _ = try? Self.decode(head + random.bytes(count)) }
    }
    #expect(StillPicture.form(ofHead: Array("BM says hello to everybody".utf8)) == nil)
    #expect(StillPicture.form(ofHead: []) == nil)
  }
}
