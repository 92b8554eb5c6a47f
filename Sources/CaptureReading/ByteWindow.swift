import Glibc

/// A file read from front to back through one buffer; it shows contiguous bytes without copying them again.
///
/// Limit: `maximumSpan` bytes can be asked for at once. It never maps the file, so that a file that shrinks cannot kill the process.
@safe struct ByteWindow: ~Copyable {
  static let maximumSpan = 64 * 1024 * 1024
  static let usualCapacity = 1 << 18

  private let descriptor: Int32
  private var buffer: UnsafeMutableRawBufferPointer
  private var begin = 0
  private var end = 0
  private var isAtEnd = false
  /// The file offset of the first byte not yet passed.
  private(set) var offset: UInt64 = 0
  /// Set when the system failed to read; what came before stays usable.
  private(set) var readErrorNumber: Int32?

  /// Takes ownership of an open descriptor.
  init(descriptor: Int32, capacity: Int = ByteWindow.usualCapacity) {
    self.descriptor = descriptor
    unsafe buffer = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit {
    unsafe buffer.deallocate()
    close(descriptor)
  }

  /// How many bytes are at hand without reading.
  private var available: Int { end - begin }

  /// Reads until `count` bytes are at hand; false when the file ends before, or `count` is over the limit.
  @inline(__always)
  mutating func ensure(_ count: Int) -> Bool {
    if count <= end - begin { return true }
    return fill(count)
  }

  private mutating func fill(_ count: Int) -> Bool {
    guard count <= Self.maximumSpan else { return false }
    if begin > 0 {
      if begin < end {
        // Safe: both ranges are inside the buffer; memmove allows the overlap.
        unsafe _ = memmove(buffer.baseAddress!, buffer.baseAddress! + begin, end - begin)
      }
      end -= begin
      begin = 0
    }
    if unsafe count > buffer.count { unsafe grow(to: max(count, buffer.count * 2)) }
    while end < count, !isAtEnd {
      // Safe: the range from `end` to the buffer's end is ours to write.
      let got = unsafe read(descriptor, buffer.baseAddress! + end, buffer.count - end)
      if got > 0 {
        end += got
      } else if got == 0 {
        isAtEnd = true
      } else if errno != EINTR {
        readErrorNumber = errno
        isAtEnd = true
      }
    }
    return end >= count
  }

  private mutating func grow(to capacity: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    // Safe: the new buffer is larger than what the old one holds.
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[0..<end]))
    unsafe buffer.deallocate()
    unsafe buffer = larger
  }

  /// How many bytes are left in the file, up to `count`.
  mutating func remaining(upTo count: Int) -> Int {
    _ = ensure(count)
    return min(count, available)
  }

  /// The `count` bytes that stand `distance` ahead, which `ensure` has found at hand; fewer when it has not.
  @inline(__always)
  @_lifetime(borrow self)
  func view(_ count: Int, at distance: Int = 0) -> RawSpan {
    let from = min(begin + max(distance, 0), end)
    let length = max(0, min(count, end - from))
    // Safe: the range was just cut to what the buffer holds, and the view borrows the window.
    let view = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[from..<(from + length)]))
    return unsafe _overrideLifetime(view, borrowing: self)
  }

  /// Passes over `count` bytes, reading on where they are not at hand; returns how many there were.
  @discardableResult
  mutating func pass(_ count: UInt64) -> UInt64 {
    var rest = count
    while rest > 0 {
      if available == 0, !ensure(1) { break }
      let step = min(rest, UInt64(available))
      begin += Int(step)
      rest -= step
    }
    offset += count - rest
    return count - rest
  }

  /// Passes over bytes that are at hand.
  @inline(__always)
  mutating func advance(_ count: Int) {
    begin += min(count, available)
    offset += UInt64(count)
  }

  /// Whether nothing is left.
  mutating func isExhausted() -> Bool { !ensure(1) }
}
