import Foundation

/// The PDQ hash of a picture: 256 bits that change little when it is coded again or scaled, and how much they are worth.
///
/// "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (Facebook, 2019): luminance, two passes of a box
/// filter along rows and columns, 64×64 samples, the lowest 16×16 frequencies of their cosine transform but the constant
/// ones, a bit for each that is above the median. Computed in single precision in the order of the definition's own program,
/// so that the bits are the same.
public struct PDQHash: Hashable, Sendable {
  /// Bits in which two hashes of one picture may differ (the definition's threshold).
  public static let matchDistance = 31
  /// The quality below which the definition advises not to compare a hash.
  public static let leastQuality = 50
  /// Bits of a hash.
  public static let bitCount = 256
  /// Pixels in width or height below which the definition gives no hash but zeros, and quality 0.
  static let leastSide = 5

  /// The bits, 64 at a time, bit 255 first.
  public let words: [UInt64]
  /// 0 to 100: how much there is to see. Nil of a hash that was read as text.
  public let quality: Int?

  /// Whether the definition advises against comparing it.
  public var isWeak: Bool { (quality ?? 0) < Self.leastQuality }

  /// 64 hexadecimal digits, as the definition's own program prints them.
  public var text: String {
    words.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// Reads 64 hexadecimal digits; nil when it is something else.
  public init?(_ text: String, quality: Int? = nil) {
    let digits = Array(text.utf8)
    guard digits.count == Self.bitCount / 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
      return nil
    }
    words = stride(from: 0, to: digits.count, by: 16).compactMap {
      UInt64(String(decoding: digits[$0..<$0 + 16], as: UTF8.self), radix: 16)
    }
    self.quality = quality
  }

  /// How many bits differ, 0 to 256.
  public func distance(to other: PDQHash) -> Int {
    zip(words, other.words).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
  }

  /// Computes the hash of a picture of `width` × `height` pixels; nil when `rgb` has fewer than three bytes for each.
  ///
  /// Cost: four passes over the pixels; room for two numbers of four bytes for each.
  public init?(rgb: RawSpan, width: Int, height: Int) {
    guard width > 0, height > 0, width <= 1 << 24, height <= 1 << 24, rgb.byteCount / 3 / width >= height else {
      return nil
    }
    guard width >= Self.leastSide, height >= Self.leastSide else {
      words = [0, 0, 0, 0]
      quality = 0
      return
    }
    var field = BrightnessField(rgb: rgb, width: width, height: height)
    let samples = field.samples()
    quality = Self.quality(of: samples)
    words = Self.words(of: CosineTransform.lowFrequencies(of: samples))
  }

  // MARK: Quality and bits

  /// A measure of the differences between neighbours, each in whole hundredths of the range of brightness.
  private static func quality(of samples: [Float]) -> Int {
    let side = BrightnessField.side
    var sum = 0
    for row in 0..<side {
      for column in 0..<side {
        let here = samples[row * side + column]
        if row + 1 < side { sum += abs(Int((here - samples[(row + 1) * side + column]) * 100 / 255)) }
        if column + 1 < side { sum += abs(Int((here - samples[row * side + column + 1]) * 100 / 255)) }
      }
    }
    return min(100, sum / 90)
  }

  /// A bit for each frequency above the median, the lower of the two in the middle.
  private static func words(of frequencies: [Float]) -> [UInt64] {
    let median = frequencies.sorted()[(bitCount - 1) / 2]
    var words: [UInt64] = [0, 0, 0, 0]
    for (place, value) in frequencies.enumerated() where value > median {
      words[3 - place / 64] |= 1 << UInt64(place % 64)
    }
    return words
  }
}

/// The brightness of a picture's pixels, in single precision, which is made smooth and then sampled.
private struct BrightnessField {
  /// Samples in each direction.
  static let side = 64
  private static let passes = 2

  private let width: Int
  private let height: Int
  private var values: [Float]

  /// Takes the brightness (ITU-R BT.601) of each pixel.
  init(rgb: RawSpan, width: Int, height: Int) {
    self.width = width
    self.height = height
    values = unsafe [Float](unsafeUninitializedCapacity: width * height) { buffer, count in
      // Safe: the caller has checked that there are three bytes for each of the pixels, for which the buffer has room.
      unsafe rgb.withUnsafeBytes { pixels in
        for place in 0..<width * height {
          let red: Double = unsafe Double(pixels[place * 3]) * 0.299
          let green: Double = unsafe Double(pixels[place * 3 + 1]) * 0.587
          let blue: Double = unsafe Double(pixels[place * 3 + 2]) * 0.114
          unsafe buffer[place] = Float(red + green + blue)
        }
      }
      count = width * height
    }
  }

  /// The picture in 64×64 samples. A picture of that size is taken as it is.
  mutating func samples() -> [Float] {
    guard width != Self.side || height != Self.side else { return values }
    let across = Self.window(of: width)
    let down = Self.window(of: height)
    for _ in 0..<Self.passes {
      smoothRows(across)
      smoothColumns(down)
    }
    var result: [Float] = []
    result.reserveCapacity(Self.side * Self.side)
    for row in 0..<Self.side {
      // The middle of each sample's share of the picture, rounded down.
      let line = (2 * row + 1) * height / (2 * Self.side)
      for column in 0..<Self.side {
        result.append(values[line * width + (2 * column + 1) * width / (2 * Self.side)])
      }
    }
    return result
  }

  /// Pixels that are averaged: half of a sample's share, rounded up.
  private static func window(of length: Int) -> Int { (length + 2 * side - 1) / (2 * side) }

  /// Averages along a line of `length` pixels, in the phases of the definition: the window grows at the beginning and shrinks at the end.
  ///
  /// `step` gets the pixel that comes in, the one that goes out, the one that is written, and how many are in the window.
  private static func slide(
    _ length: Int, _ window: Int, _ step: (_ incoming: Int?, _ outgoing: Int?, _ written: Int?, _ count: Int) -> Void
  ) {
    let lead = (window + 2) / 2 - 1
    var count = 0
    for place in 0..<lead {
      count += 1
      step(place, nil, nil, count)
    }
    for place in 0..<window - lead {
      count += 1
      step(place + lead, nil, place, count)
    }
    for place in 0..<length - window { step(place + window, place, place + window - lead, count) }
    for place in 0..<lead {
      count -= 1
      step(nil, length - window + place, length - lead + place, count)
    }
  }

  private mutating func smoothRows(_ window: Int) {
    guard window > 1 else { return }
    var line = [Float](repeating: 0, count: width)
    for row in 0..<height {
      let start = row * width
      for column in 0..<width { line[column] = values[start + column] }
      var sum: Float = 0
      Self.slide(width, window) { incoming, outgoing, written, count in
        if let incoming { sum += line[incoming] }
        if let outgoing { sum -= line[outgoing] }
        if let written { values[start + written] = sum / Float(count) }
      }
    }
  }

  /// All columns at once, a row at a time, for the sake of the processor's cache.
  private mutating func smoothColumns(_ window: Int) {
    guard window > 1 else { return }
    let before = values
    var sums = [Float](repeating: 0, count: width)
    Self.slide(height, window) { incoming, outgoing, written, count in
      if let incoming { for column in 0..<width { sums[column] += before[incoming * width + column] } }
      if let outgoing { for column in 0..<width { sums[column] -= before[outgoing * width + column] } }
      if let written {
        for column in 0..<width { values[written * width + column] = sums[column] / Float(count) }
      }
    }
  }
}

/// The lowest 16×16 frequencies of 64×64 samples, without the constant ones (DCT-II).
private enum CosineTransform {
  private static let side = BrightnessField.side
  private static let count = 16

  /// 16 rows of 64: the cosines, scaled.
  private static let matrix: [Float] = {
    let scale = Double(Float((2 / Double(side)).squareRoot()))
    let step: Double = Double.pi / 2 / Double(side)
    var numbers: [Float] = []
    for row in 1...count {
      for column in 0..<side { numbers.append(Float(scale * cos(step * Double(row) * Double(2 * column + 1)))) }
    }
    return numbers
  }()

  static func lowFrequencies(of samples: [Float]) -> [Float] {
    var half = [Float](repeating: 0, count: count * side)
    for row in 0..<count {
      for column in 0..<side {
        var sum: Float = 0
        for place in 0..<side { sum += matrix[row * side + place] * samples[place * side + column] }
        half[row * side + column] = sum
      }
    }
    var result = [Float](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0..<count {
        var sum: Float = 0
        for place in 0..<side { sum += half[row * side + place] * matrix[column * side + place] }
        result[row * count + column] = sum
      }
    }
    return result
  }
}
