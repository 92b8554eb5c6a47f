import EvidenceModel

/// What one party said, on the common clock of a call: where each packet's samples stand.
public struct Track: Sendable {
  /// Who decodes a piece: one stream's payloads of one format share a decoder, since decoders remember what came before.
  struct Source: Hashable, Sendable {
    let stream: Int
    let format: VoiceFormat
  }

  /// One packet's part of the track, or with interleaving one frame's.
  struct Piece: Sendable {
    /// Samples of the track.
    var from: Int64
    var count: Int32
    /// Samples of the piece that are passed over because earlier packets hold their place.
    var skip: Int32 = 0
    var payloadOffset: UInt64
    var payloadLength: UInt16
    var original: UInt16
    /// Place in `sources`.
    var source: UInt16
    /// The frame it is; -1 for all of the packet, and below that copies of frames that a missing packet had: -1 less their bits.
    var frame: Int16 = -1

    /// The bits of copies that the packet's first frame holds of the frame before it, of which the piece is; 0 when it is of the
    /// packet's own frames.
    var copies: UInt8 { frame < -1 ? UInt8(clamping: -1 - Int(frame)) : 0 }
  }

  /// Hours of a track that are rendered; a longer one is cut, with a finding.
  public static let maximumHours: Int64 = 24
  /// Samples that a WAV file with two channels can hold (RIFF counts bytes in 32 bits).
  static let maximumFileSamples = (Int64(UInt32.max) - 100) / 4
  /// Formats and streams of a track that are told apart.
  static let maximumSources = 65_535

  private(set) var pieces: [Piece] = []
  private(set) var sources: [Source] = []
  private var sourceIndex: [Source: UInt16] = [:]
  /// Hertz of its samples: the highest rate of what is decoded in it.
  public private(set) var sampleRate: Int64 = 8_000
  public private(set) var sampleCount: Int64 = 0
  public private(set) var isCut = false
  /// Samples that packets brought for a place that others held already; they are not in the audio.
  public private(set) var overlappingSamples: Int64 = 0

  public init() {}

  public var isEmpty: Bool { pieces.isEmpty }

  /// Samples after which it is cut.
  public var maximumSamples: Int64 { min(Self.maximumHours * 3_600 * sampleRate, Self.maximumFileSamples) }

  /// Whether nearly all of a track longer than an hour is silence, as a leap of time in a hostile or damaged capture makes it:
  /// such a track is rendered only when packets brought at least a hundredth of it.
  public var isSparse: Bool {
    sampleCount > 3_600 * sampleRate && pieces.reduce(Int64(0)) { $0 + Int64($1.count) } < sampleCount / 100
  }

  /// Whether all of it is G.711 at 8,000 hertz.
  var isSimple: Bool { sampleRate == 8_000 && sources.allSatisfy(\.format.isSimple) }

  /// Raises the rate to that of a format that will be added.
  mutating func prepare(for format: VoiceFormat) { sampleRate = max(sampleRate, Int64(format.sampleRate)) }

  /// Adds the packets of a stream that begins `start` samples after the call's audio does.
  mutating func add(
    _ placed: [StreamAnalysis.Placed], clockRate: Int64, at start: Int64, stream: Int, kinds: [UInt8: PayloadKind]
  ) {
    var kinds = KnownKind(kinds)
    var known: (type: UInt8, source: UInt16)?
    if pieces.isEmpty { pieces.reserveCapacity(placed.count) }
    for entry in placed {
      let type = entry.packet.payloadType
      guard case .audio(let format)? = kinds[type], let voice = entry.voice(format), voice.samples > 0 else {
        continue
      }
      if known?.type != type { known = source(Source(stream: stream, format: format)).map { (type, $0) } }
      guard let source = known?.source else { continue }
      let from = start + entry.position.scaled(to: sampleRate, from: clockRate)
      let own = Int64(format.sampleRate)
      let isInterleaved = voice.frameStep > 0
      let count = Int64(isInterleaved ? voice.frameSamples : voice.samples).scaled(to: sampleRate, from: own)
      for number in 0..<(isInterleaved ? Int64(voice.frameCount) : 1) {
        add(
          Piece(
            from: from + (number * Int64(voice.frameStep)).scaled(to: sampleRate, from: own),
            count: Int32(clamping: count), payloadOffset: entry.packet.payloadOffset,
            payloadLength: entry.packet.payloadLength, original: entry.packet.payloadFile, source: source,
            frame: isInterleaved ? Int16(number) : -1 - Int16(entry.copies)))
      }
    }
  }

  private mutating func add(_ piece: Piece) {
    guard piece.from >= 0, piece.from + Int64(piece.count) <= maximumSamples else {
      isCut = true
      return
    }
    pieces.append(piece)
  }

  private mutating func source(_ source: Source) -> UInt16? {
    if let known = sourceIndex[source] { return known }
    guard sources.count < Self.maximumSources else {
      isCut = true
      return nil
    }
    let number = UInt16(sources.count)
    sources.append(source)
    sourceIndex[source] = number
    return number
  }

  /// Puts the pieces in order; where two claim the same samples, the one that begins first keeps them.
  mutating func settle() {
    pieces.sort {
      ($0.from, $0.original, $0.payloadOffset, $0.frame) < ($1.from, $1.original, $1.payloadOffset, $1.frame)
    }
    var kept: [Piece] = []
    kept.reserveCapacity(pieces.count)
    var end: Int64 = 0
    for var piece in pieces {
      if piece.from < end {
        let overlap = end - piece.from
        overlappingSamples += min(overlap, Int64(piece.count))
        guard overlap < Int64(piece.count) else { continue }
        piece.skip = Int32(overlap)
        piece.from += overlap
        piece.count -= Int32(overlap)
      }
      end = piece.from + Int64(piece.count)
      kept.append(piece)
    }
    pieces = kept
    sampleCount = end
  }
}

extension Int64 {
  /// A place or length at one rate in units of another; equal rates change nothing.
  func scaled(to rate: Int64, from own: Int64) -> Int64 {
    rate == own ? self : Swift.min(scaled(rate, own), MediaClock.maximumPosition)
  }
}
