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

  init(channels: Int, bits: Int) {
    self.channels = channels
    self.bits = bits
    let size = (Self.history + Self.capacity) * channels
    unsafe memory = .allocate(capacity: size)
    unsafe memory.initialize(repeating: 0, count: size)
    unsafe planes = .allocate(capacity: Self.capacity * channels)
    unsafe planes.initialize(repeating: 0, count: Self.capacity * channels)
  }

  deinit {
    unsafe memory.deallocate()
    unsafe planes.deallocate()
  }

  /// The samples of all channels in turn, at 32 bits; `history` samples of each channel stand before them.
  var interleaved: UnsafePointer<Int32> { unsafe UnsafePointer(memory + Self.history * channels) }

  /// The samples of a channel at the recording's bits.
  subscript(channel: Int) -> UnsafeBufferPointer<Int32> {
    // Safe: there is a plane of `capacity` samples for each channel, and `count` is not above it.
    unsafe UnsafeBufferPointer(start: planes + channel * Self.capacity, count: count)
  }

  /// Takes up to `capacity` samples of each channel; what is beyond the bits is brought to their limit.
  func fill(_ source: UnsafePointer<Int32>, count frames: Int) {
    // Safe: memory holds `history` and `capacity` samples of each channel, of which `count` were used.
    unsafe memory.update(from: memory + count * channels, count: Self.history * channels)
    start += Int64(count)
    count = min(frames, Self.capacity)
    let target = unsafe memory + Self.history * channels
    let shift = Int32(32 - bits)
    let (low, high) = (Int32.min >> shift, Int32.max >> shift)
    for channel in 0..<channels {
      let plane = unsafe planes + channel * Self.capacity
      if channels == 1 {
        for index in 0..<count {
          // Safe: the index is below the count, for which there is room.
          unsafe plane[index] = max(low, min(high, source[index]))
        }
      } else {
        for index in 0..<count {
          unsafe plane[index] = max(low, min(high, source[index &* channels &+ channel]))
        }
      }
      for index in 0..<count { unsafe target[index &* channels &+ channel] = plane[index] &<< shift }
    }
  }
}
