import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Perceptual hashes of pictures through the whole program.
@Suite(.enabled(if: exhibitProgram != nil)) struct PictureTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func records(_ bundle: String, _ kind: String) -> [Fields] {
    RecordFile(path: "\(bundle)/data/records/\(kind).ndjson").compactMap { ValueReader.fields($0) }
  }

  private func text(_ fields: Fields, _ name: String) -> String? {
    if case .text(let text)? = fields[name] { text } else { nil }
  }

  private func number(_ fields: Fields, _ name: String) -> Int64? {
    if case .integer(let number)? = fields[name] { number } else { nil }
  }

  /// Makes a picture by ffmpeg from what it draws or from a file.
  private func make(_ name: String, _ arguments: [String]) throws {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    let made = try run(ffmpeg, ["-v", "error", "-y"] + arguments + ["-frames:v", "1", folder.path(name)])
    try #require(made.status == 0, "\(made.errors)")
  }

  private func makePictures() throws {
    try make("first.png", ["-f", "lavfi", "-i", "mandelbrot=size=640x480:start_scale=2.5"])
    try make("again.jpg", ["-i", folder.path("first.png"), "-q:v", "9"])
    try make("small.jpg", ["-i", folder.path("first.png"), "-vf", "scale=300:222", "-q:v", "4"])
    try make("grey.bmp", ["-i", folder.path("first.png"), "-vf", "format=gray,format=bgr24"])
    try make("palette.gif", ["-i", folder.path("first.png")])
    try make("other.png", ["-f", "lavfi", "-i", "testsrc2=size=640x480"])
    try make("flat.png", ["-f", "lavfi", "-i", "color=red:size=300x300"])
    try make("dot.gif", ["-f", "lavfi", "-i", "color=white:size=8x8", "-vf", "scale=1:1"])
  }

  @Test func aPictureIsFoundThoughItWasCodedAgain() throws {
    try makePictures()
    let zip = try #require(program("zip"))
    let names = ["again.jpg", "small.jpg", "grey.bmp", "palette.gif", "other.png", "flat.png", "dot.gif"]
    _ = try folder.write(Array("no picture, text".utf8), "text.txt")
    let packed = try run(zip, ["-q", "-j", folder.path("all.zip")] + (names + ["text.txt"]).map { folder.path($0) })
    try #require(packed.status == 0)
    var manifests: [String] = []
    for jobs in ["1", "3"] {
      let bundle = folder.path("bundle-\(jobs)")
      let result = try exhibit(
        "process", folder.path("all.zip"), folder.path("palette.gif"), folder.path("first.png"), "--output", bundle,
        "--jobs", jobs, "--quiet")
      #expect(result.status == 0, "\(result.errors)")
      manifests.append(try String(contentsOfFile: "\(bundle)/manifest-sha256.txt", encoding: .utf8))
    }
    #expect(manifests[0] == manifests[1])
    let bundle = folder.path("bundle-1")
    #expect(records(bundle, "original-file").map { text($0, "takenFor") } == ["archive", "picture", "document"])
    let found = records(bundle, "picture-fingerprint")
    #expect(found.count == names.count + 2)
    let members = Dictionary(
      records(bundle, "archive-member").compactMap { member in text(member, "sha256").map { ($0, text(member, "name")) }
      },
      uniquingKeysWith: { first, _ in first })
    let byName = Dictionary(
      found.compactMap { picture in
        text(picture, "parentSha256").flatMap { members[$0] ?? nil }.map { ($0, picture) }
      }, uniquingKeysWith: { first, _ in first })
    #expect(byName.keys.sorted() == names.sorted())
    for (name, picture) in byName {
      let isWeak = ["flat.png", "dot.gif"].contains(name)
      #expect(picture["isWeak"] == .boolean(isWeak), "\(name)")
      #expect(picture["isComplete"] == .boolean(true))
    }
    #expect(number(try #require(byName["small.jpg"]), "width") == 300)
    #expect(records(bundle, "finding").isEmpty, "\(records(bundle, "finding"))")
    try compare(bundle)
    let page = try String(contentsOfFile: "\(bundle)/report/files.html", encoding: .utf8)
    let again = try #require(byName["again.jpg"])
    #expect(page.contains(text(again, "pdq") ?? "none"))
    #expect(page.contains("weak, not to be compared"))
    #expect(try exhibit("verify", bundle).status == 0)
    #expect(try exhibit("reproduce", bundle).status == 0)
  }

  private func compare(_ bundle: String) throws {
    let before = try run("/bin/sh", ["-c", "cd '\(bundle)' && find . | sort | sha256sum"]).text
    let similar = try exhibit("similar", bundle, folder.path("first.png"), "--json")
    #expect(similar.status == 0, "\(similar.errors)")
    let document = try #require(ValueReader.fields(similar.output.dropLast()))
    #expect(text(document, "pdq")?.count == 64 && document["pictureFault"] == nil)
    guard case .list(let list)? = document["likenesses"] else { return #expect(Bool(false), "no list") }
    var distances: [String: Int64] = [:]
    for case .object(let likeness) in list {
      distances[text(likeness, "name") ?? text(likeness, "path") ?? ""] = number(likeness, "pdqDistance")
    }
    for name in ["again.jpg", "small.jpg", "palette.gif", "grey.bmp", "O-0002", "O-0003"] {
      #expect((distances[name] ?? 256) <= 31, "\(name): \(distances)")
    }
    #expect(distances["O-0003"] == 0, "the picture itself")
    #expect(distances["other.png"] == nil && distances["flat.png"] == nil)
    let flat = try exhibit("similar", bundle, folder.path("flat.png"))
    #expect(flat.text.contains("not compared by PDQ: its quality is"), "\(flat.text)")
    let damaged = try folder.write(Array("GIF89a".utf8) + [9, 9, 9], "damaged.gif")
    #expect(try exhibit("similar", bundle, damaged).text.contains("not compared by PDQ"))
    let words = try exhibit("similar", bundle, folder.path("first.png"))
    #expect(words.lines.contains { $0.contains("PDQ distance 0 of 256") }, "\(words.text)")
    #expect(try run("/bin/sh", ["-c", "cd '\(bundle)' && find . | sort | sha256sum"]).text == before)
  }

  /// What the program computes of files is what the reference computes of ffmpeg's pixels.
  @Test func isWhatTheReferenceSaysOfFFmpegsPixels() throws {
    let python = repository.appending(path: ".build-venv/bin/python").path
    guard (try? run(python, ["-c", "import pdqhash"]).status) == 0 else {
      return print("skipped: no pdqhash; run scripts/test")
    }
    try makePictures()
    let ffmpeg = try #require(program("ffmpeg"))
    for (name, size) in [("again.jpg", "640 480"), ("small.jpg", "300 222"), ("palette.gif", "640 480")] {
      let flags = "bitexact+accurate_rnd+full_chroma_int+bilinear"
      let pixels = try run(
        ffmpeg,
        [
          "-v", "error", "-cpuflags", "0", "-flags", "bitexact", "-i", folder.path(name), "-vf",
          "scale=flags=\(flags),format=rgb24", "-f", "rawvideo", "-frames:v", "1", "-",
        ])
      let script = """
        import numpy, pdqhash, sys
        width, height = int(sys.argv[2]), int(sys.argv[3])
        bits, quality = pdqhash.compute(numpy.fromfile(sys.argv[1], dtype=numpy.uint8).reshape(height, width, 3))
        print("%064x" % int("".join(str(bit) for bit in bits), 2), quality)
        """
      let path = try folder.write(pixels.output, "pixels")
      let theirs = try run(python, ["-c", script, path] + size.split(separator: " ").map { String($0) })
      let bundle = folder.path("bundle-\(name)")
      #expect(try exhibit("process", folder.path(name), "--output", bundle, "--quiet").status == 0)
      let record = try #require(records(bundle, "picture-fingerprint").first)
      #expect(
        "\(text(record, "pdq") ?? "") \(number(record, "pdqQuality") ?? -1)" == theirs.lines.first ?? "",
        "\(name) \(theirs.errors)")
    }
  }

  /// A picture that cannot be decoded, or not to its end, is told.
  @Test func saysWhatCouldNotBeDecoded() throws {
    try makePictures()
    let whole = [UInt8](try Data(contentsOf: folder.url("again.jpg")))
    _ = try folder.write(Array(whole.prefix(whole.count / 2)), "cut.jpg")
    _ = try folder.write(Array("GIF89a".utf8) + [1, 2, 3], "bad.gif")
    let bundle = folder.path("bundle")
    let result = try exhibit(
      "process", folder.path("cut.jpg"), folder.path("bad.gif"), "--output", bundle, "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    let findings = records(bundle, "finding").filter { text($0, "code") == "picture/damaged" }
    #expect(findings.count == 2, "\(records(bundle, "finding"))")
    let pictures = records(bundle, "picture-fingerprint")
    #expect(pictures.count == 1 && pictures.first?["isComplete"] == .boolean(false))
  }

  /// A progressive JPEG of 8,192 × 8,192 pixels with thousands of scans, each a few bytes long (ITU-T T.81, annex G).
  private static var slowPicture: [UInt8] {
    var bytes: [UInt8] = [0xff, 0xd8, 0xff, 0xdb, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
    bytes += [0xff, 0xc2, 0, 11, 8, 0x20, 0, 0x20, 0, 1, 1, 0x11, 0]
    // One code of one bit: a run of blocks without anything.
    bytes += [0xff, 0xc4, 0, 20, 0x10, 1] + [UInt8](repeating: 0, count: 15) + [0xe0]
    var scan: [UInt8] = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0]
    let bits = (0..<49).flatMap { _ in [0] + (0..<14).map { $0 % 2 } } + [0]
    for place in stride(from: 0, to: bits.count, by: 8) {
      scan.append(bits[place..<min(place + 8, bits.count)].reduce(0) { $0 << 1 | UInt8($1) })
    }
    for _ in 0..<6_000 { bytes += scan }
    return bytes + [0xff, 0xd9]
  }

  /// A picture that its decoder does not get done with costs its own hash, and nothing beside it.
  @Test func aPictureThatTakesTooLongIsLeftOutAlone() throws {
    let hostile = try #require(SandboxTests.hostileProgram)
    let zip = try #require(program("zip"))
    try makePictures()
    let slow = try folder.write(Self.slowPicture, "slow.jpg")
    let names = ["again.jpg", "slow.jpg", "other.png"].map { folder.path($0) }
    try #require(try run(zip, ["-q", "-j", folder.path("all.zip")] + names).status == 0)
    var manifests: [String] = []
    for jobs in ["1", "2"] {
      let bundle = folder.path("bundle-\(jobs)")
      let result = try run(hostile, [bundle, jobs, folder.path("all.zip"), slow])
      #expect(result.status == 0, "\(result.text) \(result.errors)")
      let crashes = records(bundle, "finding").filter { text($0, "code") == "host/crash" }
      let hash = String(try run("/usr/bin/sha256sum", [slow]).text.prefix(64))
      // One of the member, by its hash, and one of the original.
      #expect(crashes.map { text($0, "crashedPart") } == ["picture", "picture"], "\(crashes)")
      #expect(Set(crashes.map { text($0, "artefactSha256") }) == [hash, nil])
      #expect(records(bundle, "picture-fingerprint").count == 2)
      #expect(records(bundle, "archive-member").count == 3)
      #expect(try exhibit("verify", bundle).status == 0)
      let again = try exhibit("reproduce", bundle)
      #expect(again.status == 0, "\(again.text)")
      manifests.append(try String(contentsOfFile: "\(bundle)/manifest-sha256.txt", encoding: .utf8))
    }
    #expect(manifests[0] == manifests[1])
  }
}
