import ByteReading
import EvidenceModel

/// Gives the samples of a track of any codings and rates, decoding packet by packet.
///
/// Nothing is made up: what is missing, damaged or background noise is silence. A coding with a lower rate than the track's is
/// brought to it in runs of packets that follow each other.
final class VoiceTrackReader: TrackReader {
  /// Decoders that are open at a time; a further stream takes the place of the one that was quiet for longest.
  static let maximumDecoders = 64
  /// Samples of a lower rate that are brought to the track's rate at once, in seconds.
  static let maximumRunSeconds: Int64 = 1

  private final class OpenDecoder {
    let source: UInt16
    let decoder: any FrameDecoder
    var lastUse: Int
    /// Where the last piece ended.
    var end: Int64

    init(_ source: UInt16, _ decoder: any FrameDecoder, lastUse: Int, end: Int64) {
      (self.source, self.decoder, self.lastUse, self.end) = (source, decoder, lastUse, end)
    }
  }

  private let track: Track
  private let payloads: PayloadSource
  private var next = 0
  private var decoders: [UInt16: OpenDecoder] = [:]
  private var uses = 0
  /// The one that was used last.
  private var current: OpenDecoder?
  private var frames = VoiceFrames()
  /// Samples of pieces that were decoded and where they begin in the track.
  private var decoded: [Int16] = []
  private var decodedFrom: Int64 = 0
  private(set) var failures = 0

  init(_ track: Track, payloads: PayloadSource) {
    self.track = track
    self.payloads = payloads
  }

  func fill(_ samples: UnsafeMutablePointer<Int16>, from start: Int64, count: Int) {
    unsafe samples.update(repeating: 0, count: count)
    let end = start + Int64(count)
    while true {
      let from = max(start, decodedFrom)
      let to = min(end, decodedFrom + Int64(decoded.count))
      if from < to {
        let part = Int(from - decodedFrom)..<Int(to - decodedFrom)
        // Safe: the range is inside what was decoded, and its place inside the block.
        unsafe decoded.withUnsafeBufferPointer { source in
          unsafe (samples + Int(from - start)).update(from: source.baseAddress! + part.lowerBound, count: part.count)
        }
      }
      guard decodedFrom + Int64(decoded.count) <= end, next < track.pieces.count, track.pieces[next].from < end else {
        return
      }
      decodeRun()
    }
  }

  /// Decodes the next piece, or when its rate is lower than the track's as many as follow it at once.
  private func decodeRun() {
    let first = track.pieces[next]
    let format = track.sources[Int(first.source)].format
    let isLower = Int64(format.sampleRate) != track.sampleRate
    decoded.removeAll(keepingCapacity: true)
    decodedFrom = first.from
    var end = first.from
    repeat {
      decode(track.pieces[next], format)
      end += Int64(track.pieces[next].count)
      next += 1
    } while isLower && end - first.from < Self.maximumRunSeconds * track.sampleRate
      && follows(first, at: end)
    if isLower {
      let wanted = Int(end - first.from) + Int(first.skip)
      decoded = Resampler.convert(decoded, from: Int(format.sampleRate), to: Int(track.sampleRate), count: wanted)
      if decoded.isEmpty {
        failures += 1
        decoded = Array(repeating: 0, count: wanted)
      }
    }
    if first.skip > 0 { decoded.removeFirst(Int(first.skip)) }
  }

  /// Whether the next piece goes on where a run of `first` ends.
  private func follows(_ first: Track.Piece, at end: Int64) -> Bool {
    guard next < track.pieces.count else { return false }
    let piece = track.pieces[next]
    return piece.source == first.source && piece.from == end && piece.skip == 0
  }

  /// Appends all samples of a piece, at its format's rate.
  private func decode(_ piece: Track.Piece, _ format: VoiceFormat) {
    let begin = decoded.count
    let count = (Int64(piece.count) + Int64(piece.skip)).scaled(to: Int64(format.sampleRate), from: track.sampleRate)
    let isRead = payloads.read(piece.original, piece.payloadOffset, Int(piece.payloadLength)) { bytes in
      // What contradicts the format was noted when the payloads were measured.
      do throws(ReadError) { try frames.read(bytes, as: format) } catch {}
    }
    if isRead {
      let decoder = decoder(piece, format)
      if piece.copies > 0 {
        let isDecoded = frames.frames.first.map { decodeCopies($0, piece.copies, by: decoder) } ?? false
        if !isDecoded { failures += 1 }
        return fit(begin, Int(count))
      }
      for (number, frame) in frames.frames.enumerated() where piece.frame < 0 || number == Int(piece.frame) {
        let start = decoded.count
        if frame.kind == .speech {
          let isDecoded = decoder?.decode(frames.data[frame.bytes], into: &decoded) ?? false
          if !isDecoded {
            failures += 1
            decoder?.interrupt()
          }
        } else {
          decoder?.interrupt()
        }
        fit(start, frame.samples)
      }
    } else {
      failures += 1
    }
    fit(begin, Int(count))
  }

  /// Makes what was appended since `start` exactly `count` samples: decoders give fewer for damaged frames.
  private func fit(_ start: Int, _ count: Int) {
    let extra = decoded.count - start - count
    if extra > 0 { decoded.removeLast(extra) }
    if extra < 0 { decoded.append(contentsOf: repeatElement(0, count: -extra)) }
  }

  /// Appends the copies that an Opus frame holds of the one before it; what has no copy is silence.
  private func decodeCopies(_ frame: VoiceFrames.Frame, _ copies: UInt8, by decoder: (any FrameDecoder)?) -> Bool {
    let begin = decoded.count
    guard let decoder = decoder as? OpusVoiceDecoder,
      decoder.decodeCopies(in: frames.data[frame.bytes], samples: frame.samples, into: &decoded)
    else { return false }
    let size = min(OpusPacket.silkFrameSamples, frame.samples)
    for number in 0..<(frame.samples / size) where copies >> UInt8(number) & 1 == 0 {
      for place in 0..<size { decoded[begin + number * size + place] = 0 }
    }
    return true
  }

  /// The decoder of a piece, which knows whether the piece goes on where its last one ended.
  private func decoder(_ piece: Track.Piece, _ format: VoiceFormat) -> (any FrameDecoder)? {
    guard let open = open(piece, format) else { return nil }
    if open.end != piece.from { open.decoder.interrupt() }
    open.end = piece.from + Int64(piece.count)
    return open.decoder
  }

  private func open(_ piece: Track.Piece, _ format: VoiceFormat) -> OpenDecoder? {
    if let current, current.source == piece.source { return current }
    uses += 1
    if let open = decoders[piece.source] {
      open.lastUse = uses
      current = open
      return open
    }
    if decoders.count >= Self.maximumDecoders,
      let oldest = decoders.min(by: { ($0.value.lastUse, $0.key) < ($1.value.lastUse, $1.key) })
    {
      decoders[oldest.key] = nil
    }
    let made: (any FrameDecoder)? = format.coding == .opus ? OpusVoiceDecoder() : VoiceDecoder(format)
    guard let made else { return nil }
    let open = OpenDecoder(piece.source, made, lastUse: uses, end: piece.from)
    decoders[piece.source] = open
    current = open
    return open
  }
}
