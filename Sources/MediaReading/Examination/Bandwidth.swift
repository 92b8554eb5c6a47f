/// The highest frequency at which there is sound, over the whole recording.
public struct BandwidthFindings: Equatable, Sendable {
  /// The highest frequency in hertz, to about twice `resolution`: where sound that ends abruptly has dropped by 20 decibels, and
  /// otherwise the last one whose mean power is above -96 dB.
  public var highest: Int
  /// Half the sample rate in hertz: the highest frequency that can be there.
  public var limit: Int
  /// Hertz from one measured frequency to the next.
  public var resolution: Int
  /// True when the sound ends abruptly, by at least 20 decibels, between 2,000 hertz and 0.8 of the limit.
  public var endsAbruptly = false

  /// What may be said of it; nil when there is nothing to say.
  public var notice: String? {
    guard endsAbruptly else { return nil }
    return
      "The sound ends abruptly at about \(highest) Hz, and the sample rate allows for \(limit) Hz. That is usual after a "
      + "narrow-band line, a low-pass filter, lossy coding, or a change to a higher sample rate; which of these it was "
      + "cannot be told from this."
  }

  /// Tenths of a decibel by which the sound drops where it ends abruptly.
  static let drop: Int64 = 200
  /// Tenths of a decibel above the smallest power that is measured (-108 dB).
  static let margin: Int64 = 120

  /// `powers` are means at frequencies from 0 to below half the rate; nil for silence.
  init?(powers: [UInt64], sampleRate: Int) {
    let size = powers.count
    // Means of three neighbours, in tenths of a decibel above the smallest power.
    let levels = powers.indices.map { place in
      let near = powers[max(0, place - 1)...min(size - 1, place + 1)]
      return FixedPoint.decibelTenths(power: near.reduce(1, +) / UInt64(near.count) + 1, bits: 0) ?? 0
    }
    guard let last = levels.lastIndex(where: { $0 > Self.margin }) else { return nil }
    limit = sampleRate / 2
    resolution = max(1, sampleRate / (2 * size))
    var top = last
    if let edge = Self.edge(levels, from: 2_000 * 2 * size / sampleRate) {
      endsAbruptly = true
      top = levels.lastIndex { $0 >= edge.below - Self.drop } ?? edge.place
    }
    highest = min(limit, (2 * top + 1) * sampleRate / (4 * size))
  }

  /// Where the mean level of an eighth below is most above all levels that follow; nil when that is not the drop.
  private static func edge(_ levels: [Int64], from first: Int) -> (place: Int, below: Int64)? {
    var (largest, result): (Int64, (place: Int, below: Int64)?) = (drop - 1, nil)
    for place in stride(from: max(16, first), to: levels.count * 4 / 5, by: 1) {
      let width = place / 8
      let window = levels[(place - width)..<place]
      let below = window.reduce(0, +) / Int64(width)
      // A single tone has no band that could end.
      guard (window.max() ?? 0) - below < drop else { continue }
      let above = levels[min(levels.count - 1, place + width / 2)...].max() ?? 0
      if below - above > largest {
        largest = below - above
        result = (place, below)
      }
    }
    return result
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
