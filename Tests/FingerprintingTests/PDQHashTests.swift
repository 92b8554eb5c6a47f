import Fingerprinting
import Foundation
import TestSupport
import Testing

/// PDQ beside the reference for Python, which is the definition's own program.
@Suite struct PDQHashTests {
  /// A picture of shapes, ramps and noise that is the same on each run; red, green and blue of each pixel.
  static func picture(_ width: Int, _ height: Int, seed: UInt64, isGrey: Bool = false) -> [UInt8] {
    var random = SeededGenerator(seed)
    let waves = (0..<6).map { _ in (Double(random.next() % 9 + 1), Double(random.next() % 9 + 1), random.next() % 3) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * height * 3)
    for row in 0..<height {
      for column in 0..<width {
        let (across, down) = (Double(column) / Double(width), Double(row) / Double(height))
        var values: [Double] = [60, 60, 60]
        for (first, second, colour) in waves {
          let wave = 30 + 30 * sin(6.28 * (first * across + second * down))
          for place in 0..<3 where isGrey || place == Int(colour) { values[place] += wave }
        }
        let noise = isGrey ? 0 : Double(random.next() % 8)
        bytes += values.map { UInt8(min(255, $0 + noise)) }
      }
    }
    return bytes
  }

  static func hash(_ rgb: [UInt8], _ width: Int, _ height: Int) -> PDQHash? {
    // Safe: the view ends before `rgb` does.
    unsafe PDQHash(rgb: rgb.span.bytes, width: width, height: height)
  }

  /// The Python package of the tests' own environment; nil, with a notice, without it.
  static var python: String? {
    let path = repository.appending(path: ".build-venv/bin/python").path
    let has = (try? run(path, ["-c", "import pdqhash"]).status) == 0
    if !has { print("skipped: no pdqhash; run scripts/test") }
    return has ? path : nil
  }

  /// Reads width, height and file names; prints the hash and the quality of each file of pixels.
  static let script = """
    import numpy, pdqhash, sys
    for line in sys.stdin:
        width, height, path = line.rstrip("\\n").split(" ", 2)
        pixels = numpy.fromfile(path, dtype=numpy.uint8).reshape(int(height), int(width), 3)
        bits, quality = pdqhash.compute(pixels)
        print("%064x" % int("".join(str(bit) for bit in bits), 2), quality)
    """

  @Test func isThatOfTheReference() throws {
    guard let python = Self.python else { return }
    let folder = try TemporaryFolder()
    let sizes = [
      (64, 64), (63, 65), (128, 128), (129, 127), (5, 5), (6, 300), (4, 200), (200, 4), (1, 1), (100, 80), (640, 480),
      (1_021, 769), (1_600, 33), (33, 1_600), (65, 64), (64, 65), (1_920, 1_080),
    ]
    var input = ""
    var ours: [PDQHash] = []
    for (number, (width, height)) in sizes.enumerated() {
      for kind in 0..<3 {
        var pixels = Self.picture(width, height, seed: UInt64(number), isGrey: kind == 1)
        // One colour: nothing but rounding is left.
        if kind == 2 { pixels = (0..<width * height).flatMap { _ in [UInt8(200), 30, UInt8(number)] } }
        ours.append(try #require(Self.hash(pixels, width, height)))
        input += "\(width) \(height) \(try folder.write(pixels, "\(number)-\(kind)"))\n"
      }
    }
    let theirs = try run(python, ["-c", Self.script], input: Array(input.utf8))
    #expect(theirs.status == 0, "\(theirs.errors)")
    try #require(theirs.lines.count == ours.count)
    for (place, line) in theirs.lines.enumerated() {
      let size = sizes[place / 3]
      #expect("\(ours[place].text) \(ours[place].quality ?? -1)" == line, "\(size) \(place % 3)")
    }
  }

  @Test func staysNearWhenAPictureIsScaledOrBrightened() throws {
    let pixels = Self.picture(640, 480, seed: 7)
    let first = try #require(Self.hash(pixels, 640, 480))
    // Each pixel of the small one is the mean of four.
    var halved: [UInt8] = []
    for row in 0..<240 {
      for column in 0..<320 {
        for colour in 0..<3 {
          let places = [0, 3, 1_920, 1_923].map { row * 3_840 + column * 6 + colour + $0 }
          halved.append(UInt8(places.reduce(0) { $0 + Int(pixels[$1]) } / 4))
        }
      }
    }
    let small = try #require(Self.hash(halved, 320, 240))
    let brighter = try #require(Self.hash(pixels.map { $0 > 246 ? 255 : $0 + 9 }, 640, 480))
    let other = try #require(Self.hash(Self.picture(640, 480, seed: 8), 640, 480))
    #expect(!first.isWeak && !small.isWeak)
    #expect(first.distance(to: small) <= PDQHash.matchDistance)
    #expect(first.distance(to: brighter) <= PDQHash.matchDistance)
    #expect(first.distance(to: other) > 90)
  }

  @Test func saysWhatIsWeak() throws {
    let flat = try #require(Self.hash([UInt8](repeating: 7, count: 300 * 300 * 3), 300, 300))
    #expect(flat.isWeak && flat.quality == 0)
    let tiny = try #require(Self.hash([UInt8](repeating: 7, count: 3), 1, 1))
    #expect(tiny.quality == 0 && tiny.text == String(repeating: "0", count: 64))
    #expect(Self.hash([1, 2, 3], 2, 1) == nil && Self.hash([], 0, 0) == nil)
    #expect(Self.hash([1, 2, 3], 1 << 40, 1 << 40) == nil)
  }

  @Test func textsAreReadAsTheyAreWritten() throws {
    let hash = try #require(Self.hash(Self.picture(100, 80, seed: 3), 100, 80))
    let again = try #require(PDQHash(hash.text, quality: hash.quality))
    #expect(again == hash && again.distance(to: hash) == 0)
    let inverted = String(hash.text.map { Character(String(15 - ($0.hexDigitValue ?? 0), radix: 16)) })
    #expect(PDQHash(inverted)?.distance(to: hash) == 256)
    #expect(PDQHash(String(hash.text.dropLast())) == nil && PDQHash(hash.text.dropLast() + "g") == nil)
    #expect(PDQHash(inverted)?.isWeak == true, "a hash of unknown quality is not compared")
  }
}
