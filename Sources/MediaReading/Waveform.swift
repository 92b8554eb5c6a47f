/// The largest samples of both tracks in equal parts of a call, for drawing.
public final class Waveform {
  /// Parts that a call is divided in.
  public static let partCount = 500

  /// Sizes of samples from 0 to 32,768 for each part, of the left and the right track.
  public private(set) var peaks = [[UInt16]](
    repeating: [UInt16](repeating: 0, count: Waveform.partCount), count: 2)

  public init() {}

  /// Takes samples of track 0 or 1 that stand at `position` of `length` in all.
  func take(_ samples: UnsafeBufferPointer<Int16>, track: Int, at position: Int64, of length: Int64) {
    var place = 0
    while place < samples.count {
      let now = position + Int64(place)
      let part = min(Int64(Self.partCount) - 1, now * Int64(Self.partCount) / max(1, length))
      // The first sample of the next part.
      let next = ((part + 1) * length + Int64(Self.partCount) - 1) / Int64(Self.partCount)
      let end =
        part == Int64(Self.partCount) - 1 ? samples.count : min(samples.count, max(place + 1, Int(next - position)))
      var (low, high): (Int16, Int16) = (0, 0)
      for index in place..<end {
        // Safe: the index is below the count.
        let sample = unsafe samples[index]
        low = min(low, sample)
        high = max(high, sample)
      }
      peaks[track][Int(part)] = max(peaks[track][Int(part)], max(low.magnitude, high.magnitude))
      place = end
    }
  }
}
