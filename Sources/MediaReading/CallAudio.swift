public import EvidenceModel

/// Renders the audio of a call: one WAV a party and a stereo one, all on the common clock.
///
/// A party's file has the highest sample rate of what is decoded in it, the stereo one that of both parties: what has a lower
/// rate is brought to it there.
public struct CallAudio {
  /// What a WAV file is: the caller's or first side's track, the other's, or both side by side.
  public enum File: Int, Sendable, CaseIterable { case left, right, stereo }

  /// How far a packet may be placed before the first captured one, in seconds; what would stand before is not rendered.
  public static let maximumLeadSeconds: Int64 = 10

  /// The caller's or first side's track and the other's, once `settle` was called.
  public private(set) var tracks = [Track(), Track()]
  /// What stands where, once `settle` was called.
  public private(set) var timeMap: [Value] = []
  /// Hertz of the stereo file and of the time map, once `settle` was called.
  public private(set) var sampleRate: Int64 = 8_000
  private var start: CaptureTime
  private var parts: [Part] = []
  /// Samples of the call by which all parts were moved.
  private var lead: Int64 = 0

  private struct Part {
    let placed: [StreamAnalysis.Placed]
    let clockRate: Int64
    /// Nanoseconds from the call's start to the first captured packet, and units of the clock that others stand before it.
    let first: Int64
    let lead: Int64
    let track: Int
    let kinds: [UInt8: PayloadKind]
    let description: Fields

    /// Where its first placed packet stands, in samples from the call's start.
    func offset(at rate: Int64) -> Int64 {
      first.scaled(rate, 1_000_000_000) - lead.scaled(to: rate, from: clockRate)
    }
  }

  /// `start` is when the call's audio begins: the capture time of its first media packet.
  public init(start: CaptureTime) { self.start = start }

  /// Adds a stream to track 0 or 1 and to the time map; `kinds` says what its payload types are.
  public mutating func add(
    _ analysis: StreamAnalysis, track: Int, first: CaptureTime, kinds: [UInt8: PayloadKind], description: Fields
  ) {
    let between = max(-(1 << 60), min(first.since(start) ?? 0, 1 << 60))
    parts.append(
      Part(
        placed: analysis.placed, clockRate: max(1, Int64(analysis.clockRate)), first: between,
        lead: analysis.leadSamples, track: track == 0 ? 0 : 1, kinds: kinds, description: description))
  }

  /// Settles where everything stands: packets that belong before the first captured one move the beginning.
  public mutating func settle() {
    for part in parts {
      for case .audio(let format) in part.kinds.values { tracks[part.track].prepare(for: format) }
    }
    sampleRate = max(tracks[0].sampleRate, tracks[1].sampleRate)
    let rate = sampleRate
    let least = parts.filter { !$0.placed.isEmpty }.map { $0.offset(at: rate) }.min() ?? 0
    lead = max(0, min(-least, Self.maximumLeadSeconds * rate))
    start = start.earlier(by: lead.nanoseconds(at: rate))
    for (number, part) in parts.enumerated() {
      let own = tracks[part.track].sampleRate
      tracks[part.track].add(
        part.placed, clockRate: part.clockRate, at: part.offset(at: own) + lead.scaled(to: own, from: rate),
        stream: number, kinds: part.kinds)
      var map = part.description
      let offset = part.offset(at: rate) + lead
      map.set("track", part.track == 0 ? "left" : "right")
      map.set("firstSample", offset)
      let scale = TimeMap.Scale(sampleRate: rate, clockRate: part.clockRate)
      map.set("ranges", .list(TimeMap.ranges(part.placed, at: offset, scale, kinds: part.kinds)))
      timeMap.append(.object(map))
    }
    tracks[0].settle()
    tracks[1].settle()
  }

  /// Whether the audio is nearly all silence and longer than an hour; then it is not rendered.
  public var isSparse: Bool { tracks.contains(where: \.isSparse) }

  public var sampleCount: Int64 {
    tracks.map { track in
      let count = track.sampleCount.scaled(to: sampleRate, from: track.sampleRate)
      // A last sample that is shared counts.
      return count.scaled(to: track.sampleRate, from: sampleRate) < track.sampleCount ? count + 1 : count
    }.max() ?? 0
  }

  /// When a sample of the call was spoken, by the clock of its packets.
  public func moment(of sample: Int64) -> CaptureTime {
    guard start.isKnown else { return .unknown }
    let (sum, isOver) = start.nanoseconds.addingReportingOverflow(sample.nanoseconds(at: sampleRate))
    return isOver ? .unknown : CaptureTime(nanoseconds: sum)
  }

  /// The packets of a track that brought samples of a range, in units of the call's rate; once `settle` was called.
  public func packets(track: Int, from: Int64, to: Int64) -> (packets: PacketSet, parts: [Int]) {
    var packets = PacketGathering()
    var numbers: [Int] = []
    for (number, part) in parts.enumerated() where part.track == track {
      let offset = part.offset(at: sampleRate) + lead
      // The longest payload that may reach into the range from before it.
      let begin = (from - offset - sampleRate).scaled(to: part.clockRate, from: sampleRate)
      var low = 0
      var high = part.placed.count
      while low < high {
        let middle = (low + high) / 2
        if part.placed[middle].position < begin { low = middle + 1 } else { high = middle }
      }
      for entry in part.placed[low...] {
        let place = offset + entry.position.scaled(to: sampleRate, from: part.clockRate)
        if place >= to { break }
        guard case .audio(let format)? = part.kinds[entry.packet.payloadType], let voice = entry.voice(format) else {
          continue
        }
        let count = Int64(voice.samples).scaled(to: sampleRate, from: Int64(format.sampleRate))
        guard place + count > from else { continue }
        packets.insert(entry.packet.position)
        if numbers.last != number { numbers.append(number) }
      }
    }
    return (packets.packets, numbers)
  }

  /// The form of a file, the same for all files of the same type: `wav-1-8000`.
  public func format(of file: File) -> String {
    file == .stereo ? "wav-2-\(sampleRate)" : "wav-1-\(tracks[file.rawValue].sampleRate)"
  }

  /// The time map as canonical JSON, with the peaks of the audio when it was rendered.
  public func timeMapBytes(_ waveform: Waveform? = nil) -> [UInt8] {
    var fields: Fields = [
      "version": 1, "sampleRate": .integer(sampleRate), "sampleCount": .integer(sampleCount),
      "audioStartsAt": .time(start), "streams": .list(timeMap),
    ]
    if let waveform {
      var peaks = Fields()
      for (track, name) in ["left", "right"].enumerated() where !tracks[track].isEmpty {
        peaks.set(name, .list(waveform.peaks[track].map { .integer(Int64($0)) }))
      }
      fields.set("peaks", .object(peaks))
    }
    return CanonicalJSON.bytes(fields)
  }
}

/// What a payload type carries, as far as rendering is concerned.
public enum PayloadKind: Hashable, Sendable {
  case audio(VoiceFormat)
  case comfortNoise, event
  case video(VideoFormat)
  /// Packets of another stream once more, of this payload type (RFC 4588).
  case repair(UInt8)
  /// Audio or video that is not decoded here; its name.
  case other(String)
}
