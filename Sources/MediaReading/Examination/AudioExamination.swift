/// Computes the aids of examination from the samples of a recording while they come, in memory that does not grow with them.
///
/// Every aid is computed, none is a fact of the recording: `ExaminationAid` names each method.
public final class AudioExamination {
  /// Channels that are examined; of more, a caller gives the first ones and says so.
  public static let maximumChannels = 8
  /// Samples of a channel that may be announced.
  public static let maximumSamples: Int64 = 1 << 40

  private let channels: Int
  private let block: AudioBlock
  private let levels: [ChannelLevels]
  private var runs: [EqualRuns]
  private var allRuns: EqualRuns
  private var merged = [Int32](repeating: 0, count: AudioBlock.capacity)
  /// For each channel, whether each one before it had the same samples so far.
  private var isSame: [[Bool]]
  private let loudness: LoudnessMeter?
  private let truePeaks: [TruePeakMeter?]
  private var speech: [SpeechActivity]
  private let fingerprint: FingerprintMeter?
  private let spectrum: SpectrumMeter?
  private let sampleRate: Int

  /// Samples are whole numbers within ±2^(`bits` - 1); `sampleCount` is the number that is expected of each channel.
  ///
  /// Nil for other bits than 16, 24 and 32, rates outside 2,000 to 768,000 hertz, or more channels or samples than the limits.
  public init?(sampleRate: Int, channels: Int, bits: Int, sampleCount: Int64) {
    guard (2_000...768_000).contains(sampleRate), (1...Self.maximumChannels).contains(channels),
      [16, 24, 32].contains(bits), (0...Self.maximumSamples).contains(sampleCount)
    else { return nil }
    self.channels = channels
    self.sampleRate = sampleRate
    block = AudioBlock(channels: channels, bits: bits)
    levels = (0..<channels).map { _ in ChannelLevels(bits: bits, length: sampleCount) }
    runs = Array(repeating: EqualRuns(minimum: Int64(sampleRate)), count: channels)
    allRuns = EqualRuns(minimum: Int64(sampleRate))
    isSame = (0..<channels).map { Array(repeating: true, count: $0) }
    loudness = LoudnessMeter(sampleRate: sampleRate, channels: channels, sampleCount: sampleCount)
    truePeaks = (0..<channels).map { _ in TruePeakMeter(sampleRate: sampleRate) }
    speech = Array(repeating: SpeechActivity(sampleRate: sampleRate, bits: bits), count: channels)
    fingerprint = FingerprintMeter(sampleRate: sampleRate, channels: channels)
    spectrum = SpectrumMeter(sampleRate: sampleRate, channels: channels, bits: bits, sampleCount: sampleCount)
  }

  /// Takes further samples of all channels in turn; what is no whole turn at the end is left out.
  public func take(_ samples: UnsafeBufferPointer<Int32>) {
    guard let base = samples.baseAddress else { return }
    let count = samples.count / channels
    var place = 0
    while place < count {
      let size = min(AudioBlock.capacity, count - place)
      // Safe: `size` samples of each channel stand behind `place`.
      unsafe block.fill(base + place * channels, count: size)
      examine()
      place += size
    }
  }

  private func examine() {
    for channel in 0..<channels {
      unsafe levels[channel].take(block[channel], from: block.start)
      unsafe runs[channel].take(block[channel], from: block.start)
      unsafe speech[channel].take(block[channel])
      truePeaks[channel]?.take(block, channel: channel)
      for earlier in 0..<channel where isSame[channel][earlier] {
        isSame[channel][earlier] = unsafe Self.isEqual(block[channel], block[earlier])
      }
    }
    if channels > 1 { mergeRuns() }
    loudness?.take(block)
    spectrum?.take(block)
    fingerprint?.take(block)
  }

  /// Looks for samples that are 0 on all channels.
  private func mergeRuns() {
    let count = block.count
    unsafe merged.withUnsafeMutableBufferPointer { merged in
      for channel in 0..<channels {
        let plane = unsafe block[channel]
        // Safe: a block's planes and `merged` hold `count` samples.
        if channel == 0 {
          for index in 0..<count { unsafe merged[index] = plane[index] }
        } else {
          for index in 0..<count { unsafe merged[index] |= plane[index] }
        }
      }
      unsafe allRuns.take(UnsafeBufferPointer(rebasing: merged[..<count]), from: block.start)
    }
  }

  private static func isEqual(_ left: UnsafeBufferPointer<Int32>, _ right: UnsafeBufferPointer<Int32>) -> Bool {
    var difference: Int32 = 0
    // Safe: both are planes of one block.
    for index in left.indices { unsafe difference |= left[index] ^ right[index] }
    return difference == 0
  }

  /// What was computed; to be called once, behind the last sample.
  public func finish() -> AudioFindings {
    var findings = AudioFindings()
    findings.sampleCount = block.start + Int64(block.count)
    for channel in 0..<channels {
      var one = ChannelFindings()
      levels[channel].finish(&one)
      runs[channel].finish()
      one.zeros = runs[channel].zeros
      one.constants = runs[channel].constants
      one.truePeak = truePeaks[channel]?.text
      one.speech = speech[channel].finish(findings.sampleCount)
      one.sameAs = findings.sampleCount > 0 ? isSame[channel].firstIndex(of: true) : nil
      findings.channels.append(one)
    }
    allRuns.finish()
    findings.silence = channels == 1 ? runs[0].zeros : allRuns.zeros
    findings.loudness = loudness?.finish()
    findings.fingerprint = fingerprint?.finish()
    if findings.sampleCount > 0 { finishSpectrum(&findings) }
    return findings
  }

  private func finishSpectrum(_ findings: inout AudioFindings) {
    guard let spectrum else { return }
    spectrum.finish()
    let means = spectrum.longTerm.map { $0 / max(1, spectrum.columnsTaken) }
    findings.bandwidth = BandwidthFindings(powers: means, sampleRate: sampleRate)
    if let png = PNGWriter.write(spectrum.pixels, width: spectrum.width, height: spectrum.height) {
      findings.spectrogram = Spectrogram(width: spectrum.width, height: spectrum.height, png: png)
    }
  }
}
