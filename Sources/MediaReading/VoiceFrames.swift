import ByteReading

/// The frames of one packet, each as its decoder wants it.
struct VoiceFrames {
  enum Kind: Sendable {
    case speech
    /// A description of background noise (SID), which stands for silence and is not made audible.
    case comfortNoise
    /// The sender had nothing to send.
    case noData
    /// The sender says that the frame was damaged before it got it.
    case damaged
  }

  struct Frame {
    /// Where its bytes stand in `data`.
    var bytes: Range<Int>
    /// Samples it stands for, each for all channels.
    var samples: Int
    var kind: Kind
    /// Where it begins, in samples from the packet's own place.
    var offset: Int
  }

  /// The frames' bytes, one after another.
  var data: [UInt8] = []
  private(set) var frames: [Frame] = []

  /// Frames of a packet that are read.
  static let maximumFrames = 1_024

  init() {
    data.reserveCapacity(2_048)
    frames.reserveCapacity(16)
  }

  mutating func removeAll() {
    data.removeAll(keepingCapacity: true)
    frames.removeAll(keepingCapacity: true)
  }

  mutating func append(_ bytes: Range<Int>, samples: Int, _ kind: Kind, at offset: Int) {
    frames.append(Frame(bytes: bytes, samples: samples, kind: kind, offset: offset))
  }

  /// Where the last frame ends, in samples from the packet's own place.
  var sampleCount: Int { frames.reduce(0) { max($0, $1.offset + $1.samples) } }

  /// What the packet stands for, as a whole: its best frame.
  var kind: Kind {
    [.speech, .damaged, .comfortNoise].first { kind in frames.contains { $0.kind == kind } } ?? .noData
  }

  /// Whether the frames follow each other without gaps, so that a decoder can take the packet as a whole.
  var isConsecutive: Bool {
    var end = 0
    for frame in frames {
      guard frame.offset == end else { return false }
      end += frame.samples
    }
    return true
  }

  /// Reads a packet's frames; what was read before an error stays.
  mutating func read(_ payload: RawSpan, as format: VoiceFormat) throws(ReadError) {
    removeAll()
    switch format.coding {
    case .aLaw, .muLaw: try readSamples(payload, bits: 8, channels: Int(format.channels))
    case .linear(let bits): try readSamples(payload, bits: Int(bits), channels: Int(format.channels))
    case .g726(let bits, _):
      guard payload.byteCount * 8 % Int(bits) == 0 else {
        throw ReadError(.malformed, at: payload.byteCount, reading: "G.726 codes")
      }
      take(payload, samples: payload.byteCount * 8 / Int(bits))
    case .g722: take(payload, samples: payload.byteCount * 2)
    case .gsm: try readBlocks(payload, bytes: 33, samples: 160)
    case .ilbc(let milliseconds):
      let isShort = milliseconds == 20
      try readBlocks(payload, bytes: isShort ? 38 : 50, samples: isShort ? 160 : 240)
    case .g729: try readG729(payload)
    case .g7231: try readG7231(payload)
    case .amr(let framing): try framing.read(payload, into: &self)
    case .speex: try readSpeex(payload, Int(format.sampleRate))
    case .opus: try readOpus(payload)
    }
  }

  /// Takes bytes as one frame behind those before.
  private mutating func take(_ bytes: RawSpan, samples: Int, _ kind: Kind = .speech) {
    let begin = data.count
    append(bytes)
    append(begin..<data.count, samples: samples, kind, at: sampleCount)
  }

  mutating func append(_ bytes: RawSpan) {
    // Safe: the bytes are copied within the closure.
    unsafe bytes.withUnsafeBytes { unsafe data.append(contentsOf: $0) }
  }

  private mutating func readSamples(_ payload: RawSpan, bits: Int, channels: Int) throws(ReadError) {
    let size = bits / 8 * channels
    let count = payload.byteCount / size
    take(payload.extracting(0..<(count * size)), samples: count)
    guard payload.byteCount % size == 0 else {
      throw ReadError(.truncated, at: count * size, reading: "samples")
    }
  }

  private mutating func readBlocks(_ payload: RawSpan, bytes: Int, samples: Int) throws(ReadError) {
    var reader = ByteReader(payload)
    while reader.remaining > 0 { try take(&reader, bytes, samples, .speech) }
  }

  @_lifetime(reader: copy reader)
  private mutating func take(
    _ reader: inout ByteReader, _ bytes: Int, _ samples: Int, _ kind: Kind
  ) throws(ReadError) {
    guard frames.count < Self.maximumFrames else {
      throw ReadError(.limitExceeded, at: reader.offset, reading: "frames of a packet")
    }
    take(try reader.take(bytes, "frame"), samples: samples, kind)
  }

  /// Frames of 10 octets; a last one of 2 is a SID frame (RFC 3551, 4.5.6).
  private mutating func readG729(_ payload: RawSpan) throws(ReadError) {
    var reader = ByteReader(payload)
    while reader.remaining > 0 {
      let isNoise = reader.remaining == 2
      try take(&reader, isNoise ? 2 : 10, 80, isNoise ? .comfortNoise : .speech)
    }
  }

  /// The two lowest bits of a frame say its length: 24, 20, 4 (SID) or 1 octet (RFC 3551, 4.5.3).
  private mutating func readG7231(_ payload: RawSpan) throws(ReadError) {
    var reader = ByteReader(payload)
    while let first = reader.peek() {
      switch first & 3 {
      case 0: try take(&reader, 24, 240, .speech)
      case 1: try take(&reader, 20, 240, .speech)
      case 2: try take(&reader, 4, 240, .comfortNoise)
      default: try take(&reader, 1, 240, .noData)
      }
    }
  }

  // MARK: Opus

  /// Each frame becomes a packet of its own; one with an octet or none stands for nothing sent (RFC 6716, 3.2.1).
  private mutating func readOpus(_ payload: RawSpan) throws(ReadError) {
    let packet = try OpusPacket(payload)
    for number in 0..<packet.frameCount {
      let begin = data.count
      if number < packet.frames.count {
        data.append(packet.contents & 0xfc)
        append(payload.extracting(packet.frames[number]))
      }
      append(
        begin..<data.count, samples: packet.frameSamples, packet.isPause(number) ? .noData : .speech,
        at: number * packet.frameSamples)
    }
    if let contradiction = packet.contradiction { throw contradiction }
  }

  // MARK: Speex

  /// A packet is decoded whole; its frames are counted by the modes that stand before each (RFC 5574; Speex manual, 9).
  private mutating func readSpeex(_ payload: RawSpan, _ rate: Int) throws(ReadError) {
    let narrow = [5, 43, 119, 160, 220, 300, 364, 492, 79]
    let wide = [4, 36, 112, 192, 352, 4, 4, 4]
    var bits = BitReader(payload)
    var count = 0
    scan: while bits.remaining >= 5 {
      if try bits.read(1, "band") == 1 {
        // A layer of the frame before: the higher band.
        try bits.skip(wide[try bits.read(3, "mode of the higher band")] - 4, "higher band")
        continue
      }
      let mode = try bits.read(4, "mode")
      switch mode {
      case 15: break scan
      case 14:
        let code = try bits.read(4, "request")
        try bits.skip(code < 2 ? 1 : code < 8 ? 4 : code < 10 ? 8 : code < 12 ? 16 : code < 14 ? 32 : 64, "request")
      case 13:
        let size = try bits.read(4, "message size")
        try bits.skip(5 + 8 * size, "message")
      case 0..<narrow.count:
        guard count < Self.maximumFrames else {
          throw ReadError(.limitExceeded, at: bits.offset, reading: "frames of a packet")
        }
        try bits.skip(narrow[mode] - 5, "frame")
        count += 1
      default: throw ReadError(.malformed, at: bits.offset, reading: "mode")
      }
    }
    take(payload, samples: count * rate / 50, count > 0 ? .speech : .noData)
  }
}
