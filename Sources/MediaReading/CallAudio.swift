public import EvidenceModel
import Glibc

/// Renders the audio of a call: one WAV a party and a stereo one, all on the common clock.
public struct CallAudio {
  public static let sampleRate: Int64 = 8_000

  /// What a WAV file is: the caller's or first side's track, the other's, or both side by side.
  public enum File: Int, Sendable, CaseIterable { case left, right, stereo }

  /// How far a packet may be placed before the first captured one, in samples; what would stand before is not rendered.
  static let maximumLead: Int64 = 10 * sampleRate

  /// The caller's or first side's track and the other's, once `settle` was called.
  public private(set) var tracks = [Track(), Track()]
  /// What stands where, once `settle` was called.
  public private(set) var timeMap: [Value] = []
  private var start: CaptureTime
  private var parts: [Part] = []

  private struct Part {
    var placed: [StreamAnalysis.Placed]
    /// Where its first placed packet stands, in samples from `start`.
    let offset: Int64
    let track: Int
    let kinds: [UInt8: PayloadKind]
    let description: Fields
  }

  /// `start` is when the call's audio begins: the capture time of its first media packet.
  public init(start: CaptureTime) { self.start = start }

  /// Adds a stream to track 0 or 1 and to the time map; `kinds` says what its payload types are.
  public mutating func add(
    _ analysis: StreamAnalysis, track: Int, first: CaptureTime, kinds: [UInt8: PayloadKind], description: Fields
  ) {
    var placed = analysis.placed
    var lead = analysis.leadSamples
    let rate = Int64(analysis.clockRate)
    if rate != Self.sampleRate, rate > 0 {
      for index in placed.indices {
        placed[index].position = min(placed[index].position.scaled(Self.sampleRate, rate), MediaClock.maximumPosition)
      }
      lead = min(lead.scaled(Self.sampleRate, rate), MediaClock.maximumPosition)
    }
    let offset = (first.since(start) ?? 0) / 125_000 - lead
    parts.append(
      Part(placed: placed, offset: offset, track: track == 0 ? 0 : 1, kinds: kinds, description: description))
  }

  /// Settles where everything stands: packets that belong before the first captured one move the beginning.
  public mutating func settle() {
    let least = parts.filter { !$0.placed.isEmpty }.map(\.offset).min() ?? 0
    let lead = max(0, min(-least, Self.maximumLead))
    start = start.earlier(by: lead * 125_000)
    for part in parts {
      let offset = part.offset + lead
      tracks[part.track].add(part.placed, at: offset, law: part.kinds.compactMapValues(\.law))
      var map = part.description
      map.set("track", part.track == 0 ? "left" : "right")
      map.set("firstSample", offset)
      map.set("ranges", .list(TimeMap.ranges(part.placed, at: offset, kinds: part.kinds)))
      timeMap.append(.object(map))
    }
    parts = []
    tracks[0].settle()
    tracks[1].settle()
  }

  /// Whether the audio is nearly all silence and longer than an hour; then it is not rendered.
  public var isSparse: Bool { tracks.contains(where: \.isSparse) }

  public var sampleCount: Int64 { max(tracks[0].sampleCount, tracks[1].sampleCount) }

  /// The time map as canonical JSON.
  public var timeMapBytes: [UInt8] {
    CanonicalJSON.bytes([
      "version": 1, "sampleRate": .integer(Self.sampleRate), "sampleCount": .integer(sampleCount),
      "audioStartsAt": .time(start), "streams": .list(timeMap),
    ])
  }

  /// Writes the files, block by block; gives how many blocks could not be read or decoded.
  ///
  /// `write` gets each file's bytes in order. Without any G.711 nothing is written. A party without audio gets no file of its own.
  public func render(originals: [UInt16: Int32], write: (File, RawSpan) -> Void) -> Int {
    guard sampleCount > 0, !isSparse, let left = TrackReader(tracks[0], originals: originals),
      let right = TrackReader(tracks[1], originals: originals)
    else { return sampleCount > 0 && !isSparse ? 1 : 0 }
    let wanted = File.allCases.filter { $0 == .stereo || !tracks[$0.rawValue].isEmpty }
    for file in wanted {
      let header = WAVHeader(
        channels: file == .stereo ? 2 : 1, sampleRate: UInt32(Self.sampleRate), sampleCount: sampleCount)
      // Safe: the view ends before the header does.
      unsafe write(file, header.bytes.span.bytes)
    }
    let size = G711Decoder.blockSamples
    let samples = UnsafeMutablePointer<Int16>.allocate(capacity: size * 4)
    defer { unsafe samples.deallocate() }
    let both = unsafe samples + size * 2
    var position: Int64 = 0
    while position < sampleCount {
      let count = Int(min(Int64(size), sampleCount - position))
      // Safe: four blocks were allocated; left and right take one each, stereo the last two.
      unsafe left.fill(samples, from: position, count: count)
      unsafe right.fill(samples + size, from: position, count: count)
      for index in 0..<count {
        unsafe both[2 * index] = samples[index]
        unsafe both[2 * index + 1] = samples[size + index]
      }
      for file in wanted {
        let begin = unsafe file == .stereo ? both : samples + size * file.rawValue
        let bytes = unsafe UnsafeRawBufferPointer(start: begin, count: count * (file == .stereo ? 4 : 2))
        unsafe write(file, bytes.bytes)
      }
      position += Int64(count)
    }
    return left.failures + right.failures
  }
}

/// What a payload type carries, as far as rendering is concerned.
public enum PayloadKind: Hashable, Sendable {
  case aLaw, muLaw, comfortNoise, event
  /// Audio or video that is not decoded here; its name.
  case other(String)

  var law: G711Decoder.Law? {
    switch self {
    case .aLaw: .a
    case .muLaw: .mu
    case .comfortNoise, .event, .other: nil
    }
  }
}

/// The header of a WAV file with 16-bit PCM (RFC 2361; the classic 44 bytes).
struct WAVHeader {
  let bytes: [UInt8]

  init(channels: UInt16, sampleRate: UInt32, sampleCount: Int64) {
    let dataSize = UInt32(clamping: sampleCount * Int64(channels) * 2)
    var out: [UInt8] = []
    let word = { (value: UInt32) in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) } }
    let half = { (value: UInt16) in [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
    out += Array("RIFF".utf8) + word(dataSize &+ 36) + Array("WAVEfmt ".utf8) + word(16)
    out += half(1) + half(channels) + word(sampleRate) + word(sampleRate * UInt32(channels) * 2)
    out += half(channels * 2) + half(16) + Array("data".utf8) + word(dataSize)
    bytes = out
  }
}
