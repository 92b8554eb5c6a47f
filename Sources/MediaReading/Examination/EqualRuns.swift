/// Finds long runs of samples of one value.
struct EqualRuns {
  /// Runs of zeros.
  private(set) var zeros = SampleRanges()
  /// Runs of any other value.
  private(set) var constants = SampleRanges()
  private let minimum: Int64
  private var run = SampleRange(start: 0, count: 0)
  private var value: Int32 = 0

  /// Samples that are looked at together; a run that begins and ends among them is too short.
  private static let step = 64

  /// `minimum` is the shortest run that is listed, above 64 samples.
  init(minimum: Int64) { self.minimum = max(Int64(Self.step) + 1, minimum) }

  /// Takes samples that stand behind `start` others.
  mutating func take(_ samples: UnsafeBufferPointer<Int32>, from start: Int64) {
    var place = 0
    while place < samples.count {
      let end = min(samples.count, place + Self.step)
      var head = place
      // Safe: place and head stay below end, which is not above the count.
      while head < end, unsafe samples[head] == value { head += 1 }
      run.count += Int64(head - place)
      if head < end {
        close()
        // Only the run at the end can go on and become long enough.
        value = unsafe samples[end - 1]
        var tail = end - 1
        while tail > head, unsafe samples[tail - 1] == value { tail -= 1 }
        run = SampleRange(start: start + Int64(tail), count: Int64(end - tail))
      }
      place = end
    }
  }

  private mutating func close() {
    guard run.count >= minimum else { return }
    if value == 0 { zeros.add(run) } else { constants.add(run) }
  }

  /// Ends the run that is open; to be called once.
  mutating func finish() {
    close()
    run.count = 0
  }
}
