import EvidenceModel
import Glibc

/// What one party said, on the common clock of a call: where each packet's samples stand.
public struct Track: Sendable {
  /// One packet's part of the track.
  struct Piece: Sendable {
    var from: Int64
    var count: Int32
    /// Samples of the payload that are passed over because earlier packets hold their place.
    var skip: Int32
    var payloadOffset: UInt64
    var original: UInt16
    var isMu: Bool
  }

  /// Samples of a track that are rendered; a longer one is cut, with a finding. 24 hours at 8 kHz.
  public static let maximumSamples: Int64 = 24 * 3_600 * 8_000

  private(set) var pieces: [Piece] = []
  public private(set) var sampleCount: Int64 = 0
  public private(set) var isCut = false
  /// Samples that packets brought for a place that others held already; they are not in the audio.
  public private(set) var overlappingSamples: Int64 = 0

  /// A track longer than this is rendered only when packets brought at least a hundredth of it.
  static let sparseSamples: Int64 = 3_600 * 8_000

  /// Whether nearly all of a long track is silence, as a leap of time in a hostile or damaged capture makes it.
  public var isSparse: Bool {
    sampleCount > Self.sparseSamples && pieces.reduce(Int64(0)) { $0 + Int64($1.count) } < sampleCount / 100
  }

  public init() {}

  public var isEmpty: Bool { pieces.isEmpty }

  /// Adds the G.711 packets of a stream that begins `start` samples after the call's audio does.
  mutating func add(_ placed: [StreamAnalysis.Placed], at start: Int64, law: [UInt8: G711Decoder.Law]) {
    for entry in placed {
      guard let law = law[entry.packet.payloadType], entry.packet.payloadLength > 0 else { continue }
      let from = start + entry.position
      guard from >= 0, from + Int64(entry.packet.payloadLength) <= Self.maximumSamples else {
        isCut = true
        continue
      }
      pieces.append(
        Piece(
          from: from, count: Int32(entry.packet.payloadLength), skip: 0, payloadOffset: entry.packet.payloadOffset,
          original: entry.packet.position.original, isMu: law == .mu))
    }
  }

  /// Puts the pieces in order; where two claim the same samples, the one that begins first keeps them.
  mutating func settle() {
    pieces.sort { ($0.from, $0.original, $0.payloadOffset) < ($1.from, $1.original, $1.payloadOffset) }
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

/// Gives a track's samples block by block.
@safe final class TrackReader {
  private let track: Track
  private let originals: [UInt16: Int32]
  private var next = 0
  private let codes: UnsafeMutablePointer<UInt8>
  private let other: UnsafeMutablePointer<Int16>
  private let isMu: UnsafeMutablePointer<UInt8>
  private let alaw: G711Decoder
  private let mulaw: G711Decoder
  private(set) var failures = 0

  /// `originals` gives an open descriptor for each original.
  init?(_ track: Track, originals: [UInt16: Int32]) {
    guard let alaw = G711Decoder(.a), let mulaw = G711Decoder(.mu) else { return nil }
    self.track = track
    self.originals = originals
    self.alaw = alaw
    self.mulaw = mulaw
    let size = G711Decoder.blockSamples + 64
    unsafe codes = .allocate(capacity: size)
    unsafe codes.initialize(repeating: 0, count: size)
    unsafe other = .allocate(capacity: size)
    unsafe isMu = .allocate(capacity: size)
  }

  deinit {
    unsafe codes.deallocate()
    unsafe other.deallocate()
    unsafe isMu.deallocate()
  }

  /// Fills `count` samples from `start`; blocks are asked for in order. What no packet brought is 0.
  func fill(_ samples: UnsafeMutablePointer<Int16>, from start: Int64, count: Int) {
    // 0 nobody, 1 A-law, 2 mu-law, for each sample of the block.
    unsafe isMu.update(repeating: 0, count: count)
    unsafe codes.update(repeating: 0, count: count)
    let end = start + Int64(count)
    var hasA = false
    var hasMu = false
    while next < track.pieces.count {
      let piece = track.pieces[next]
      guard piece.from < end else { break }
      let from = max(piece.from, start)
      let to = min(piece.from + Int64(piece.count), end)
      if from < to, let descriptor = originals[piece.original] {
        let place = Int(from - start)
        let length = Int(to - from)
        let offset = piece.payloadOffset + UInt64(piece.skip) + UInt64(from - piece.from)
        // Safe: the range is inside the block.
        if unsafe pread(descriptor, codes + place, length, Int(offset)) == length {
          unsafe (isMu + place).update(repeating: piece.isMu ? 2 : 1, count: length)
          if piece.isMu { hasMu = true } else { hasA = true }
        } else {
          failures += 1
        }
      }
      if piece.from + Int64(piece.count) > end { break }
      next += 1
    }
    unsafe decode(samples, count, hasA, hasMu)
  }

  private func decode(_ samples: UnsafeMutablePointer<Int16>, _ count: Int, _ hasA: Bool, _ hasMu: Bool) {
    if hasA {
      if unsafe !alaw.decode(codes, count, into: samples) { failures += 1 }
    } else {
      unsafe samples.update(repeating: 0, count: count)
    }
    if hasMu {
      if unsafe !mulaw.decode(codes, count, into: other) { failures += 1 }
      for index in 0..<count where unsafe isMu[index] == 2 { unsafe samples[index] = other[index] }
    }
    if hasA {
      // Safe: all indices are inside the block.
      for index in 0..<count where unsafe isMu[index] == 0 { unsafe samples[index] = 0 }
    }
  }
}
