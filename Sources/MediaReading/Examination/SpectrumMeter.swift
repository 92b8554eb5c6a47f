/// Measures the mean power at each frequency, in columns of equal duration and over the whole recording.
///
/// Frames overlap by half and have a Hann window, which is applied to the spectrum as the weights -1, 2, -1 of neighbours. One
/// complex transform holds two frames: of two channels, or one after another where there is only one channel.
@safe final class SpectrumMeter {
  /// Columns of the picture, at most.
  static let maximumWidth = 2_000
  /// Bits of the samples that are transformed.
  private static let sampleBits = 19

  /// Samples of a frame: 512 up to 16,000 hertz, 1,024 above.
  let frame: Int
  /// Frequencies that are kept: those of the transform from 0 to below half the rate.
  var height: Int { frame / 2 }
  let width: Int
  private let transform: IntegerTransform
  private let channels: Int
  private let bits: Int
  /// Samples by which the transforms go on.
  private let advance: Int
  /// Samples that must be there for a transform.
  private let needed: Int
  private let units: Int64
  private var unit: Int64 = 0
  private var total: Int64 = 0
  /// Samples of each channel that wait.
  private let pending: UnsafeMutablePointer<Int32>
  private let room: Int
  private var pendingCount = 0
  private let sums: UnsafeMutablePointer<UInt64>
  private var column = 0
  private var framesInColumn: UInt64 = 0
  private(set) var longTerm: [UInt64]
  private(set) var columnsTaken: UInt64 = 0
  /// The picture, row by row from the highest frequency.
  private(set) var pixels: [UInt8]
  private let scale: DecibelScale

  /// Nil when libavutil lacks memory.
  init?(sampleRate: Int, channels: Int, bits: Int, sampleCount: Int64) {
    frame = sampleRate > 16_000 ? 1_024 : 512
    guard let transform = IntegerTransform(size: frame) else { return nil }
    self.transform = transform
    self.channels = channels
    self.bits = bits
    let hop = frame / 2
    advance = channels == 1 ? 2 * hop : hop
    needed = channels == 1 ? frame + hop : frame
    units = max(1, (sampleCount + Int64(advance) - 1) / Int64(advance))
    width = Int(min(Int64(Self.maximumWidth), units))
    room = needed + AudioBlock.capacity
    unsafe pending = .allocate(capacity: room * channels)
    unsafe pending.initialize(repeating: 0, count: room * channels)
    unsafe sums = .allocate(capacity: frame / 2)
    unsafe sums.initialize(repeating: 0, count: frame / 2)
    longTerm = Array(repeating: 0, count: frame / 2)
    pixels = Array(repeating: 0, count: width * (frame / 2))
    // A sine at full scale gives (2^18 · frame)^2, of which 20 binary digits are left out.
    scale = DecibelScale(fullScaleBits: 2 * (Self.sampleBits - 1 + frame.trailingZeroBitCount) - 20)
  }

  deinit {
    unsafe pending.deallocate()
    unsafe sums.deallocate()
  }

  func take(_ block: AudioBlock) {
    let shift = Int32(bits - Self.sampleBits)
    for channel in 0..<channels {
      let plane = unsafe block[channel]
      // Safe: fewer than `needed` samples wait, and a block adds at most its capacity.
      let target = unsafe pending + channel * room + pendingCount
      if shift >= 0 {
        for index in 0..<block.count { unsafe target[index] = plane[index] &>> shift }
      } else {
        for index in 0..<block.count { unsafe target[index] = plane[index] &<< -shift }
      }
    }
    pendingCount += block.count
    total += Int64(block.count)
    measurePending()
  }

  private func measurePending() {
    var place = 0
    while pendingCount - place >= needed {
      measure(place)
      place += advance
    }
    guard place > 0 else { return }
    pendingCount -= place
    // Safe: what is moved lies within the room of the channel.
    for channel in 0..<channels {
      let start = unsafe pending + channel * room
      unsafe start.update(from: start + place, count: pendingCount)
    }
  }

  private func measure(_ place: Int) {
    let now = min(width - 1, Int(unit * Int64(width) / units))
    if now != column { endColumn(now) }
    unit += 1
    let first = unsafe pending + place
    if channels == 1 {
      unsafe transform(first, first + frame / 2)
    } else {
      for channel in stride(from: 0, to: channels, by: 2) {
        unsafe transform(first + channel * room, channel + 1 < channels ? first + (channel + 1) * room : nil)
      }
    }
    framesInColumn += UInt64(channels == 1 ? 2 : channels)
  }

  /// Adds the power of one frame or two.
  private func transform(_ left: UnsafePointer<Int32>, _ right: UnsafePointer<Int32>?) {
    let (input, output) = unsafe (transform.input, transform.output)
    // Safe: a frame's samples wait behind both pointers; input and output hold twice as many numbers.
    if let right = unsafe right {
      for index in 0..<frame {
        unsafe input[2 &* index] = left[index]
        unsafe input[2 &* index &+ 1] = right[index]
      }
    } else {
      for index in 0..<frame {
        unsafe input[2 &* index] = left[index]
        unsafe input[2 &* index &+ 1] = 0
      }
    }
    transform.transform()
    // The spectra L and R of two real signals in one: |Z(k)|² + |Z(-k)|² = 2 (|L(k)|² + |R(k)|²).
    let last = frame - 1
    unsafe sums[0] &+= power(output, last, 0, 1)
    unsafe sums[1] &+= (power(output, 0, 1, 2) &+ power(output, last - 1, last, 0)) &>> 1
    for index in 2..<(frame / 2) {
      let mirrored = frame &- index
      let sum =
        unsafe power(output, index &- 1, index, index &+ 1)
        &+ power(output, mirrored &- 1, mirrored, mirrored &+ 1)
      unsafe sums[index] &+= sum &>> 1
    }
  }

  /// The power at `place` in the window, without its last 20 binary digits.
  @inline(__always)
  private func power(_ values: UnsafeMutablePointer<Int32>, _ before: Int, _ place: Int, _ after: Int) -> UInt64 {
    // Safe: the places are below the size of the transform.
    let real = unsafe Int64(2 &* values[2 &* place] &- values[2 &* before] &- values[2 &* after])
    let imaginary =
      unsafe Int64(2 &* values[2 &* place &+ 1] &- values[2 &* before &+ 1] &- values[2 &* after &+ 1])
    return UInt64(bitPattern: real &* real &+ imaginary &* imaginary) &>> 20
  }

  private func endColumn(_ next: Int) {
    if framesInColumn > 0 {
      for row in 0..<height {
        // Safe: there is a sum for each row.
        let mean = unsafe sums[row] / framesInColumn
        longTerm[row] += mean
        pixels[(height - 1 - row) * width + column] = scale.brightness(mean)
        unsafe sums[row] = 0
      }
      columnsTaken += 1
    }
    framesInColumn = 0
    column = next
  }

  /// Measures what waits, filled up with zeros, and ends the last column.
  func finish() {
    while unit * Int64(advance) < total {
      for channel in 0..<channels {
        // Safe: what waits is fewer than `needed`, for which there is room.
        for index in pendingCount..<max(pendingCount, needed) { unsafe pending[channel * room + index] = 0 }
      }
      measure(0)
      let kept = max(0, pendingCount - advance)
      for channel in 0..<channels {
        let start = unsafe pending + channel * room
        unsafe start.update(from: start + pendingCount - kept, count: kept)
      }
      pendingCount = kept
    }
    endColumn(column)
  }
}

/// Brings powers to the brightness of a picture.
struct DecibelScale {
  /// Decibels from black to white; white is full scale.
  static let range = 100

  private let fullScaleBits: Int
  /// Logarithms of 256 to 511, in units of 2^-16.
  private let logarithms = (256..<512).map { Int(FixedPoint.log2($0) >> 16) }

  init(fullScaleBits: Int) { self.fullScaleBits = fullScaleBits }

  /// From 0 to 255 in equal steps of decibels.
  func brightness(_ power: UInt64) -> UInt8 {
    guard power > 0 else { return 0 }
    let exponent = 63 - power.leadingZeroBitCount
    let mantissa = Int((exponent >= 8 ? power >> UInt64(exponent - 8) : power << UInt64(8 - exponent)) & 255)
    let logarithm = logarithms[mantissa] + (exponent - 8 - fullScaleBits) << 16
    // 10 times the logarithm of 2 is 3.0103.
    return UInt8(clamping: 255 + (logarithm * 30_103 * 255) / (65_536 * 10_000 * Self.range))
  }
}
