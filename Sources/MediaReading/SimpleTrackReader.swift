import EvidenceModel
import Glibc

/// Gives the samples of a track whose audio is G.711 at 8,000 hertz.
///
/// libavcodec decodes each of the 256 codes once; samples are then looked up. Packets of a call that stand near each other in their
/// original are read together.
@safe final class SimpleTrackReader: TrackReader {
  /// Bytes that are read at once where packets stand near each other, and how near that is.
  private static let windowSize = 65_536
  private static let nearBytes: UInt64 = 2_048

  private let track: Track
  private let originals: [UInt16: Int32]
  private var next = 0
  /// Bytes of an original from `windowOffset` on.
  private let window: UnsafeMutablePointer<UInt8>
  private var windowOriginal: UInt16?
  private var windowOffset: UInt64 = 0
  private var windowCount = 0
  /// What each code stands for: A-law, then mu-law.
  private let table: UnsafeMutablePointer<Int16>
  private(set) var failures = 0

  /// `originals` gives an open descriptor for each original.
  init?(_ track: Track, originals: [UInt16: Int32]) {
    guard let decoded = Self.decoded else { return nil }
    self.track = track
    self.originals = originals
    unsafe window = .allocate(capacity: Self.windowSize)
    unsafe window.initialize(repeating: 0, count: Self.windowSize)
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

  deinit {
    unsafe window.deallocate()
    unsafe table.deallocate()
  }

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
        if let codes = unsafe codes(piece.original, offset, length) {
          let law = unsafe table + (track.sources[Int(piece.source)].format.coding == .muLaw ? 256 : 0)
          let place = unsafe samples + Int(from - start)
          // Safe: the range is inside the block, and as many codes were read.
          for index in 0..<length { unsafe place[index] = law[Int(codes[index])] }
        } else if originals[piece.original] != nil {
          failures += 1
        }
      }
      if piece.from + Int64(piece.count) > end { break }
      next += 1
    }
  }

  /// The bytes of an original at a place; nil when they cannot be read. They are valid until the next call.
  private func codes(_ original: UInt16, _ offset: UInt64, _ length: Int) -> UnsafePointer<UInt8>? {
    guard let descriptor = originals[original], length <= Self.windowSize, offset <= UInt64(Int.max) else {
      return nil
    }
    if windowOriginal == original, offset >= windowOffset, offset - windowOffset <= UInt64(windowCount),
      Int(offset - windowOffset) + length <= windowCount
    {
      return unsafe UnsafePointer(window + Int(offset - windowOffset))
    }
    // Safe: no more is read than the window holds.
    let got = unsafe pread(descriptor, window, isNear(original, offset) ? Self.windowSize : length, Int(offset))
    windowOriginal = original
    windowOffset = offset
    windowCount = max(0, got)
    return got >= length ? unsafe UnsafePointer(window) : nil
  }

  /// Whether the next packet stands near a place of an original, and so those after it probably do.
  private func isNear(_ original: UInt16, _ offset: UInt64) -> Bool {
    guard next + 1 < track.pieces.count else { return false }
    let piece = track.pieces[next + 1]
    return piece.original == original && piece.payloadOffset >= offset
      && piece.payloadOffset - offset <= Self.nearBytes
  }
}
