import Glibc

/// A scratch file that takes the bytes of whole frames, and gives them back.
public final class FrameStore {
  private let descriptor: Int32
  private var end: UInt64 = 0
  /// Bytes of one stream's frames that are kept.
  static let maximumBytes: UInt64 = 64 << 30

  /// `descriptor` is open for reading and writing; what it holds is overwritten from the beginning.
  public init(descriptor: Int32) { self.descriptor = descriptor }

  /// Where the bytes stand; nil when they could not be written.
  func append(_ bytes: [UInt8]) -> UInt64? {
    guard end + UInt64(bytes.count) <= Self.maximumBytes else { return nil }
    var done = 0
    while done < bytes.count {
      // Safe: the range is within the array.
      let written = unsafe bytes.withUnsafeBytes { buffer in
        unsafe pwrite(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done, off_t(end) + off_t(done))
      }
      guard written > 0 else { return nil }
      done += written
    }
    defer { end += UInt64(bytes.count) }
    return end
  }

  /// The bytes of a frame; nil when they cannot be read.
  public func bytes(_ frame: VideoFrame) -> [UInt8]? {
    guard frame.byteCount > 0 else { return nil }
    let descriptor = descriptor
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: frame.byteCount) { buffer, count in
      // Safe: no more is read than there is room.
      count = max(0, unsafe pread(descriptor, buffer.baseAddress, frame.byteCount, off_t(frame.offset)))
    }
    return bytes.count == frame.byteCount ? bytes : nil
  }
}
