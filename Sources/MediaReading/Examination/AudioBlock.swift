/// Samples that came one after another: interleaved at 32 bits, and each channel on its own at the recording's bits.
@safe final class AudioBlock {
  /// Samples of a channel that a block holds.
  static let capacity = 4_096
  /// Samples of a channel before the block that are kept; zeros before the first block.
  static let history = 32

  let channels: Int
  let bits: Int
  /// Samples of each channel.
  private(set) var count = 0
  /// Samples of each channel before the block.
  private(set) var start: Int64 = 0
  private let memory: UnsafeMutablePointer<Int32>
  private let planes: UnsafeMutablePointer<Int32>
  private static let planeSize = history + capacity

  init(channels: Int, bits: Int) {
    self.channels = channels
    self.bits = bits
    unsafe memory = .allocate(capacity: Self.capacity * channels)
    unsafe memory.initialize(repeating: 0, count: Self.capacity * channels)
    unsafe planes = .allocate(capacity: Self.planeSize * channels)
    unsafe planes.initialize(repeating: 0, count: Self.planeSize * channels)
  }

  deinit {
    unsafe memory.deallocate()
    unsafe planes.deallocate()
  }

  /// The samples of all channels in turn, at 32 bits.
  var interleaved: UnsafePointer<Int32> { unsafe UnsafePointer(memory) }

  /// The samples of a channel at the recording's bits.
  subscript(channel: Int) -> UnsafeBufferPointer<Int32> {
    // Safe: behind the history of each channel there is room for `capacity` samples, and `count` is not above it.
    unsafe UnsafeBufferPointer(start: planes + channel * Self.planeSize + Self.history, count: count)
  }

  /// The samples of a channel and `history` samples before them.
  func withHistory(_ channel: Int) -> UnsafeBufferPointer<Int32> {
    unsafe UnsafeBufferPointer(start: planes + channel * Self.planeSize, count: Self.history + count)
  }

  /// Takes up to `capacity` samples of each channel; what is beyond the bits is brought to their limit.
  func fill(_ source: UnsafePointer<Int32>, count frames: Int) {
    start += Int64(count)
    let old = count
    count = min(frames, Self.capacity)
    let shift = Int32(32 - bits)
    let (low, high) = (Int32.min >> shift, Int32.max >> shift)
    for channel in 0..<channels {
      // Safe: a plane holds `history` and `capacity` samples, of which `old` were used behind the history.
      let plane = unsafe planes + channel * Self.planeSize
      unsafe plane.update(from: plane + old, count: Self.history)
      let target = unsafe plane + Self.history
      if channels == 1 {
        for index in 0..<count {
          // Safe: the index is below the count, for which there is room.
          unsafe target[index] = max(low, min(high, source[index]))
        }
      } else {
        for index in 0..<count {
          unsafe target[index] = max(low, min(high, source[index &* channels &+ channel]))
        }
      }
      for index in 0..<count { unsafe memory[index &* channels &+ channel] = target[index] &<< shift }
    }
  }
}
