/// Finds where a channel probably carries speech: sound in the voice band that rises and falls as syllables do.
///
/// It is an aid. It marks other sounds that rise and fall like speech, such as music, and misses speech in loud noise.
struct SpeechActivity {
  /// Frames of 20 milliseconds before and behind a frame that its own judgement looks at.
  static let around = 12
  /// Frames before it among which the quietest is its floor (3 seconds), and behind it (1 second).
  static let past = 150
  static let future = 50
  /// Frames that are marked on each side of what was found (100 milliseconds).
  static let margin = 5
  /// Pauses in frames up to which two parts are one (300 milliseconds), and the shortest part (200 milliseconds).
  static let longestPause = 15
  static let shortest = 10

  // Levels are logarithms to the base 2 of the mean power in units of 2^-8: 3.01 decibels are 256.
  /// 9 decibels above the floor.
  private static let above: Int32 = 765
  /// From one frame to the next, 1.5 decibels.
  private static let change: Int32 = 128
  /// 65 decibels below full scale; powers are of samples of 20 bits.
  private static let quietest: Int32 = 38 * 256 - 5_527

  /// Samples of the recording in a frame.
  private let frame: Int
  private let decimation: Int
  private let shift: Int32
  private let isWide: Bool
  private var highPass: BandFilter
  private var lowPass: BandFilter
  private var sum: Int64 = 0
  private var summed = 0
  private var energy: Int64 = 0
  private var measured = 0
  private let perFrame: Int

  /// Levels of the last frames and their means of three, from frame `first` on.
  private var levels: [Int32] = []
  private var means: [Int32] = []
  private var first: Int64 = 0
  private var judged: Int64 = 0
  private var isActive: [Bool] = []
  private var part: Range<Int64>?
  private(set) var found = SampleRanges()

  init(sampleRate: Int, bits: Int) {
    decimation = max(1, sampleRate / 16_000)
    let rate = sampleRate / decimation
    perFrame = rate / 50
    frame = perFrame * decimation
    shift = Int32(bits - 20)
    isWide = rate > 7_200
    highPass = BandFilter(isHigh: true, hertz: 300, sampleRate: rate)
    lowPass = BandFilter(isHigh: false, hertz: min(3_400, rate * 9 / 20), sampleRate: rate)
    levels.reserveCapacity(512)
    means.reserveCapacity(512)
  }

  mutating func take(_ samples: UnsafeBufferPointer<Int32>) {
    for index in samples.indices {
      // Safe: the index is one of the buffer's.
      let sample = unsafe Int64(samples[index])
      sum &+= shift >= 0 ? sample &>> Int64(shift) : sample &<< Int64(-shift)
      summed &+= 1
      guard summed == decimation else { continue }
      var filtered = highPass.pass(decimation == 1 ? sum : sum / Int64(decimation))
      if isWide { filtered = lowPass.pass(filtered) }
      (sum, summed) = (0, 0)
      energy &+= filtered &* filtered
      measured &+= 1
      if measured == perFrame { endFrame() }
    }
  }

  private mutating func endFrame() {
    let mean = UInt64(energy) / UInt64(perFrame)
    (energy, measured) = (0, 0)
    add(Int32(FixedPoint.log2(mean + 1) >> 24))
  }

  private mutating func add(_ level: Int32) {
    levels.append(level)
    let count = levels.count
    // A mean stands at the middle of its three frames.
    if count >= 2 {
      let before = count >= 3 ? levels[count - 3] : levels[count - 2]
      means.append((before + levels[count - 2] + level) / 3)
    }
    let end = first + Int64(count)
    while judged + Int64(Self.future) < end - 1 { judge(end - 1) }
    if count >= 500 { forget() }
  }

  /// Drops what no frame to come looks at.
  private mutating func forget() {
    let kept = Int(judged - first) - Self.past - 2 * Self.around - 2
    guard kept > 0 else { return }
    levels.removeFirst(kept)
    means.removeFirst(kept)
    isActive.removeFirst(min(kept, isActive.count))
    first += Int64(kept)
  }

  /// Says whether the next frame is louder than its floor, and then whether the frame `around` before it sounds like speech.
  private mutating func judge(_ end: Int64) {
    let place = Int(judged - first)
    let last = min(means.count, Int(end - first))
    let window = max(0, place - Self.past)..<min(last, place + Self.future + 1)
    let floor = means[window].min() ?? 0
    isActive.append(levels[place] > floor + Self.above && levels[place] > Self.quietest)
    judged += 1
    let centre = judged - 1 - Int64(Self.around)
    if centre >= 0 { decide(centre) }
  }

  private mutating func decide(_ frame: Int64) {
    let centre = Int(frame - first)
    guard centre >= 0, centre < isActive.count, isActive[centre] else { return }
    var (active, changing) = (0, 0)
    for place in max(1, centre - Self.around)..<min(isActive.count, centre + Self.around + 1)
    where isActive[place] {
      active += 1
      let step = levels[place] - levels[place - 1]
      if isActive[place - 1], abs(step) >= Self.change { changing += 1 }
    }
    // Syllables change at least two frames of five; steady noise and tones nearly none.
    if active >= 5, changing * 5 >= active * 2 { mark(frame) }
  }

  private mutating func mark(_ frame: Int64) {
    if let open = part, frame - open.upperBound <= Int64(Self.longestPause) {
      part = open.lowerBound..<(frame + 1)
    } else {
      close()
      part = frame..<(frame + 1)
    }
  }

  private mutating func close() {
    guard let open = part, open.upperBound - open.lowerBound >= Int64(Self.shortest) else { return }
    let start = max(0, open.lowerBound - Int64(Self.margin)) * Int64(frame)
    let end = (open.upperBound + Int64(Self.margin)) * Int64(frame)
    found.add(SampleRange(start: start, count: end - start))
  }

  /// Judges the last frames; `count` is the number of samples of the recording.
  mutating func finish(_ count: Int64) -> SampleRanges {
    let end = first + Int64(levels.count)
    while judged < end { judge(end) }
    for centre in max(0, judged - Int64(Self.around))..<max(0, judged) { decide(centre) }
    close()
    part = nil
    return found.limited(to: count)
  }
}
