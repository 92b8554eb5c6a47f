/// A run of samples of one channel, or of all.
public struct SampleRange: Equatable, Sendable {
  /// Samples of a channel before the first one.
  public var start: Int64
  /// Samples of a channel.
  public var count: Int64

  public init(start: Int64, count: Int64) {
    self.start = start
    self.count = count
  }

  /// The first sample behind it.
  public var end: Int64 { start + count }
}

/// Runs of samples: the first of them listed, all of them counted.
public struct SampleRanges: Equatable, Sendable {
  /// Runs that are listed.
  public static let maximumListed = 1_000

  /// The first `maximumListed` runs, in the order of time.
  public private(set) var list: [SampleRange] = []
  /// All runs.
  public private(set) var count: Int64 = 0
  /// Samples of a channel in all runs.
  public private(set) var samples: Int64 = 0

  public init() {}

  mutating func add(_ range: SampleRange) {
    count += 1
    samples += range.count
    if list.count < Self.maximumListed { list.append(range) }
  }

  /// The same, with the last run cut where `end` samples end.
  func limited(to end: Int64) -> SampleRanges {
    guard let last = list.last, count == Int64(list.count), last.end > end else { return self }
    var limited = self
    limited.list[list.count - 1].count = max(0, end - last.start)
    limited.samples -= last.end - max(last.start, end)
    return limited
  }
}

/// What was computed from the samples of a recording: aids for the eye, no findings of fact about its origin.
///
/// The same samples give the same values on every machine, in blocks of any length. `ExaminationAid` names the methods.
public struct AudioFindings: Equatable, Sendable {
  /// Samples of each channel that were examined; they may be fewer or more than were announced.
  public var sampleCount: Int64 = 0
  /// The channels in the order of the recording.
  public var channels: [ChannelFindings] = []
  /// Loudness of all channels together; nil when libebur128 lacks memory.
  public var loudness: LoudnessFindings?
  /// Nil when there is too little sound, or memory was lacking.
  public var fingerprint: AcousticFingerprint?
  /// The picture of all channels; nil without samples or when memory was lacking.
  public var spectrogram: Spectrogram?
  /// Nil for silence or when memory was lacking.
  public var bandwidth: BandwidthFindings?
  /// Runs of at least a second in which every sample of every channel is 0.
  public var silence = SampleRanges()
}

/// What was computed from one channel.
public struct ChannelFindings: Equatable, Sendable {
  /// The largest sample of each of 1,000 equal parts of the announced length: 0 to 32,768, whatever the bits.
  public var peaks: [UInt16] = []
  /// The root of the mean square of each of those parts: 0 to 32,768, whatever the bits.
  public var levels: [UInt16] = []
  /// The largest sample in dBFS with one decimal (0 is full scale); nil when all samples are 0.
  public var samplePeak: String?
  /// The largest value between samples in dBTP with one decimal; nil when all samples are 0 or it was not measured.
  public var truePeak: String?
  /// The root of the mean square of all samples in dB with one decimal (0 is a square wave at full scale); nil for 0.
  public var level: String?
  /// The mean of all samples as a share of full scale, from -1 to 1, with six decimals.
  public var offset = "0.000000"
  /// Runs of at least `ChannelLevels.clippedSamples` samples of one sign at full scale.
  public var clipping = SampleRanges()
  /// Runs of at least a second of samples that are 0.
  public var zeros = SampleRanges()
  /// Runs of at least a second of samples of one value that is not 0.
  public var constants = SampleRanges()
  /// Where the channel probably carries speech; an aid that errs.
  public var speech = SampleRanges()
  /// True when all samples of the channel have one value: nothing was recorded on it.
  public var isDead = false
  /// The first channel (from 0) before this one that has exactly the same samples.
  public var sameAs: Int?
}

/// Loudness by EBU R 128 and ITU-R BS.1770-4; values with one decimal, nil where there is too little sound for them.
public struct LoudnessFindings: Equatable, Sendable {
  /// Integrated loudness in LUFS.
  public var integrated: String?
  /// Loudness range in LU (EBU Tech 3342).
  public var range: String?
  /// The largest loudness of 400 milliseconds in LUFS.
  public var momentary: String?
  /// The largest loudness of 3 seconds in LUFS.
  public var shortTerm: String?
  /// True when libebur128's histogram (steps of 0.1 LU) was used because of the recording's length.
  public var isHistogram = false
}
