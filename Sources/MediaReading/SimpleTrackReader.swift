import EvidenceModel
import Glibc

/// Gives the samples of a track whose audio is G.711 at 8,000 hertz, many packets at a time.
@safe final class SimpleTrackReader: TrackReader {
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
    let size = CallAudio.blockSamples + 64
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
        let isMuLaw = track.sources[Int(piece.source)].format.coding == .muLaw
        let offset = piece.payloadOffset + UInt64(piece.skip) + UInt64(from - piece.from)
        // Safe: the range is inside the block.
        if unsafe pread(descriptor, codes + place, length, Int(offset)) == length {
          unsafe (isMu + place).update(repeating: isMuLaw ? 2 : 1, count: length)
          if isMuLaw { hasMu = true } else { hasA = true }
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
