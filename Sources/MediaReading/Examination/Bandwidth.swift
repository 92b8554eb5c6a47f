/// The highest frequency at which there is sound, over the whole recording.
public struct BandwidthFindings: Equatable, Sendable {
  /// The highest frequency in hertz whose mean power is above the floor, to about `resolution`.
  public var highest: Int
  /// Half the sample rate in hertz: the highest frequency that can be there.
  public var limit: Int
  /// Hertz from one measured frequency to the next.
  public var resolution: Int
  /// True when the sound ends abruptly, by at least 20 decibels within about a sixteenth of the limit, and below 0.8 of it.
  public var endsAbruptly: Bool

  /// What may be said of it; nil when there is nothing to say.
  public var notice: String? {
    guard endsAbruptly else { return nil }
    return
      "The sound ends abruptly at about \(highest) Hz, and the sample rate allows for \(limit) Hz. That is usual after a "
      + "narrow-band line, a low-pass filter, lossy coding, or a change to a higher sample rate; which of these it was "
      + "cannot be told from this."
  }

  /// Decibels above the floor from which there is sound.
  static let margin: Int64 = 12

  /// `powers` are means at frequencies from 0 to below half the rate; nil for silence.
  init?(powers: [UInt64], sampleRate: Int) {
    let levels = powers.map { FixedPoint.decibelTenths(power: $0 + 1, bits: 0) ?? 0 }
    let group = 8
    let means = stride(from: 0, to: powers.count - group + 1, by: group).map { start in
      powers[start..<(start + group)].reduce(0) { $0 + $1 / UInt64(group) }
    }
    guard let floor = means.min().flatMap({ FixedPoint.decibelTenths(power: $0 + 1, bits: 0) }),
      let peak = levels.max(), peak > 10 * Self.margin
    else { return nil }
    limit = sampleRate / 2
    resolution = max(1, sampleRate / (2 * powers.count))
    // Without a drop above the margin the sound goes as far as the rate allows for.
    let threshold = floor + 10 * Self.margin
    let top = peak > threshold ? levels.lastIndex { $0 > threshold } ?? 0 : powers.count - 1
    highest = min(limit, (2 * top + 1) * sampleRate / (4 * powers.count))
    // Compares what lies below the edge with what lies above it.
    let width = powers.count / 16
    let below = levels[max(0, top - width)...top].max() ?? 0
    let above = levels[min(powers.count, top + width / 2)...].max() ?? below
    endsAbruptly = top < powers.count * 4 / 5 && below - above >= 200
  }
}

/// A picture of the power at each frequency over time.
public struct Spectrogram: Equatable, Sendable {
  /// Columns of equal duration; the last one may be shorter.
  public var width: Int
  /// Rows of equal frequency steps, from 0 at the bottom to half the sample rate at the top.
  public var height: Int
  /// The picture: 8 bits of grey, black at -100 dB and less, white at 0 dB (a sine at full scale).
  public var png: [UInt8]
}
