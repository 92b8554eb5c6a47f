import EvidenceModel

/// Gives the samples of a track whose audio is G.711 at 8,000 hertz.
///
/// libavcodec decodes each of the 256 codes once; samples are then looked up.
@safe final class SimpleTrackReader: TrackReader {
  private let track: Track
  private let payloads: PayloadSource
  private var next = 0
  /// What each code stands for: A-law, then mu-law.
  private let table: UnsafeMutablePointer<Int16>
  /// Where the table of each source begins.
  private let laws: [Int]
  private(set) var failures = 0

  init?(_ track: Track, payloads: PayloadSource) {
    guard let decoded = Self.decoded else { return nil }
    self.track = track
    self.payloads = payloads
    laws = track.sources.map { $0.format.coding == .muLaw ? 256 : 0 }
    unsafe table = .allocate(capacity: decoded.count)
    for (code, sample) in decoded.enumerated() { unsafe (table + code).initialize(to: sample) }
  }

  /// What libavcodec makes of all codes; nil when it lacks a decoder.
  private static let decoded: [Int16]? = {
    guard let alaw = G711Decoder(.a), let mulaw = G711Decoder(.mu) else { return nil }
    // Behind the codes there is the room that libavcodec asks for.
    var codes = (0..<256).map { UInt8($0) } + [UInt8](repeating: 0, count: 64)
    var samples = [Int16](repeating: 0, count: 512)
    let isDone = unsafe codes.withUnsafeMutableBufferPointer { input in
      unsafe samples.withUnsafeMutableBufferPointer { output in
        // Safe: both have room for what is asked of them.
        guard let code = input.baseAddress, let sample = output.baseAddress else { return false }
        return unsafe alaw.decode(code, 256, into: sample) && mulaw.decode(code, 256, into: sample + 256)
      }
    }
    return isDone ? samples : nil
  }()

  deinit { unsafe table.deallocate() }

  /// Fills `count` samples from `start`; blocks are asked for in order. What no packet brought is 0.
  func fill(_ samples: UnsafeMutablePointer<Int16>, from start: Int64, count: Int) {
    unsafe samples.update(repeating: 0, count: count)
    let end = start + Int64(count)
    while next < track.pieces.count {
      let piece = track.pieces[next]
      guard piece.from < end else { break }
      let from = max(piece.from, start)
      let to = min(piece.from + Int64(piece.count), end)
      if from < to {
        let offset = piece.payloadOffset + UInt64(piece.skip) + UInt64(from - piece.from)
        let length = Int(to - from)
        if let codes = unsafe payloads.bytes(piece.original, offset, length) {
          let law = unsafe table + laws[Int(piece.source)]
          let place = unsafe samples + Int(from - start)
          // Safe: the range is inside the block, and as many codes were read.
          for index in 0..<length { unsafe place[index] = law[Int(codes[index])] }
        } else if payloads.knows(piece.original) {
          failures += 1
        }
      }
      if piece.from + Int64(piece.count) > end { break }
      next += 1
    }
  }
}
