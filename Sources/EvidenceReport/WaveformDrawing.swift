import EvidenceModel

/// Waveforms as upright lines about the middle of a drawing that is 100 units high.
enum WaveformDrawing {
  /// Parts of a waveform that are drawn.
  static let maximumParts = 2_000
  static let height = 100
  /// The largest sample of 16 bits.
  static let fullScale = 32_768

  /// The sizes in a list of numbers, from 0 to full scale.
  static func sizes(_ list: [Value]) -> [Int] {
    list.prefix(maximumParts).map {
      if case .integer(let size) = $0 { Int(max(0, min(size, Int64(fullScale)))) } else { 0 }
    }
  }

  /// A line for each part that is not silent; one of the size `largest` is as high as the drawing allows.
  static func lines(_ sizes: [Int], largest: Int) -> [(x: Int, from: Int, to: Int)] {
    let half = height / 2
    return sizes.enumerated().compactMap { place, size in
      guard size > 0 else { return nil }
      let length = max(1, size * (half - 2) / max(1, largest))
      return (place, half - length, half + length)
    }
  }
}
