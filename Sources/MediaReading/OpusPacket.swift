import ByteReading

/// The frames of an Opus packet, and which of what was sent before them they hold copies of (RFC 6716, 3 and 4.2).
struct OpusPacket {
  /// The layers of a frame: linear prediction up to 8 kHz, both, or the transform alone (RFC 6716, 2).
  enum Mode { case silk, hybrid, celt }

  /// Samples of all frames at 48,000 hertz: 120 milliseconds (RFC 6716, 3.4, R5).
  static let maximumSamples = 5_760
  /// Samples at 48,000 hertz of a frame of the linear prediction, where an Opus frame is not shorter (RFC 6716, 4.2.2).
  static let silkFrameSamples = 960
  /// Octets of a frame (RFC 6716, 3.4, R2).
  static let maximumFrameBytes = 1_275

  /// The table of contents: the first octet.
  let contents: UInt8
  /// Samples of each frame at 48,000 hertz.
  let frameSamples: Int
  let frameCount: Int
  /// Where each frame's octets stand in the payload; fewer than `frameCount` when they contradict the payload's length.
  private(set) var frames: [Range<Int>] = []
  /// What contradicts the frames' number and lengths.
  private(set) var contradiction: ReadError?

  var mode: Mode { Self.mode(contents) }

  static func mode(_ contents: UInt8) -> Mode { contents < 12 << 3 ? .silk : contents < 16 << 3 ? .hybrid : .celt }

  /// Throws when the payload does not even tell how long it lasts.
  init(_ payload: RawSpan) throws(ReadError) {
    var reader = ByteReader(payload)
    contents = try reader.read("table of contents")
    let configuration = Int(contents >> 3)
    frameSamples =
      configuration < 12
      ? [480, 960, 1_920, 2_880][configuration & 3]
      : configuration < 16 ? [480, 960][configuration & 1] : [120, 240, 480, 960][configuration & 3]
    var octet: UInt8 = 0
    switch contents & 3 {
    case 0: frameCount = 1
    case 1, 2: frameCount = 2
    default:
      octet = try reader.read("frame count")
      frameCount = Int(octet & 63)
    }
    guard frameCount > 0, frameSamples * frameCount <= Self.maximumSamples else {
      throw ReadError(.malformed, at: 1, reading: "frame count")
    }
    do throws(ReadError) { try readFrames(&reader, octet) } catch { contradiction = error }
  }

  /// The frames' lengths, which stand before all of them (RFC 6716, 3.2).
  @_lifetime(reader: copy reader)
  private mutating func readFrames(_ reader: inout ByteReader, _ octet: UInt8) throws(ReadError) {
    var padding = 0
    if octet & 0x40 != 0 {
      var next: UInt8
      repeat {
        next = try reader.read("padding")
        padding += next == 255 ? 254 : Int(next)
      } while next == 255
    }
    var lengths: [Int] = []
    if contents & 3 == 2 || octet & 0x80 != 0 {
      for _ in 1..<frameCount {
        let first: UInt8 = try reader.read("frame length")
        let second: UInt8 = first < 252 ? 0 : try reader.read("frame length")
        lengths.append(Int(first) + 4 * Int(second))
      }
    }
    let rest = reader.remaining - padding - lengths.reduce(0, +)
    guard rest >= 0 else { throw ReadError(.truncated, at: reader.offset, reading: "frames") }
    if lengths.isEmpty {
      guard rest % frameCount == 0 else { throw ReadError(.malformed, at: reader.offset, reading: "frame lengths") }
      lengths = Array(repeating: rest / frameCount, count: frameCount)
    } else {
      lengths.append(rest)
    }
    guard lengths.allSatisfy({ $0 <= Self.maximumFrameBytes }) else {
      throw ReadError(.limitExceeded, at: reader.offset, reading: "frame lengths")
    }
    var begin = reader.offset
    for length in lengths {
      frames.append(begin..<(begin + length))
      begin += length
    }
  }

  /// Whether a frame has an octet at the most, which stands for nothing sent (RFC 6716, 3.2.1).
  func isPause(_ number: Int) -> Bool { number < frames.count && frames[number].count <= 1 }

  // MARK: Copies

  /// Frames of the linear prediction, of 10 or 20 milliseconds, in each Opus frame (RFC 6716, 4.2.2).
  var silkFrameCount: Int { max(1, frameSamples / Self.silkFrameSamples) }

  /// Which frames of the linear prediction that came before the first frame it holds copies of (LBRR): bit 0 is the earliest.
  ///
  /// Of two channels the first counts, which is their mean. 0 when there are none, and for what has no linear prediction.
  func copies(in payload: RawSpan) -> UInt8 {
    guard mode != .celt, let frame = frames.first, frame.count > 1 else { return 0 }
    var decoder = RangeDecoder(payload.extracting(frame))
    let count = silkFrameCount
    var hasCopies: [Bool] = []
    for _ in 0..<(contents & 4 != 0 ? 2 : 1) {
      for _ in 0..<count { _ = decoder.read([1, 1]) }
      hasCopies.append(decoder.read([1, 1]) == 1)
    }
    guard hasCopies[0] else { return 0 }
    switch count {
    case 1: return 1
    case 2: return UInt8(decoder.read([0, 53, 53, 150]))
    default: return UInt8(decoder.read([0, 41, 20, 29, 41, 15, 28, 82]))
    }
  }

  /// A packet of one frame as libopus decodes its copies without the transform, whose loss it would conceal; nil without any.
  ///
  /// The linear prediction inside of both layers is that for 8 kHz of band (RFC 6716, 4.2.2).
  static func withoutTransform(_ frame: ArraySlice<UInt8>) -> [UInt8]? {
    guard let contents = frame.first, frame.count > 2, contents & 3 == 0 else { return nil }
    switch mode(contents) {
    case .celt: return nil
    case .silk: return Array(frame)
    case .hybrid:
      var bytes = Array(frame)
      bytes[0] = (8 | contents >> 3 & 1) << 3 | contents & 4
      return bytes
    }
  }
}

/// Decodes symbols at the beginning of a frame (RFC 6716, 4.1).
private struct RangeDecoder: ~Escapable {
  private let bytes: RawSpan
  private var place = 0
  private var last: UInt8 = 0
  private var range: UInt32 = 128
  private var value: UInt32

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) {
    self.bytes = bytes
    value = 0
    last = next()
    value = 127 - UInt32(last >> 1)
    normalize()
  }

  /// The next octet; behind the end they are 0.
  @_lifetime(self: copy self)
  private mutating func next() -> UInt8 {
    guard place < bytes.byteCount else { return 0 }
    place += 1
    return bytes[place - 1]
  }

  @_lifetime(self: copy self)
  private mutating func normalize() {
    while range <= 1 << 23 {
      let octet = next()
      let symbol = UInt32(last & 1) << 7 | UInt32(octet >> 1)
      last = octet
      range <<= 8
      value = (value << 8 &+ (255 - symbol)) & 0x7fff_ffff
    }
  }

  /// The place of the next symbol among those whose frequencies are given.
  @_lifetime(self: copy self)
  mutating func read(_ frequencies: [UInt32]) -> Int {
    let total = frequencies.reduce(0, +)
    let unit = range / total
    let position = total - min(value / unit + 1, total)
    var low: UInt32 = 0
    for (symbol, frequency) in frequencies.enumerated() {
      let high = low + frequency
      if position < high {
        value &-= unit * (total - high)
        range = low > 0 ? unit * frequency : range &- unit * (total - high)
        normalize()
        return symbol
      }
      low = high
    }
    return 0
  }
}
