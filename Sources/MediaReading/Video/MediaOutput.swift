import CLibAV
import Glibc

/// A file that libavformat writes through this, and can open nothing else.
@safe final class MediaOutput {
  private(set) var context: UnsafeMutablePointer<AVIOContext>?
  /// Whether the system did not take all bytes.
  private(set) var isFailed = false
  private let descriptor: Int32
  private var position: Int64 = 0
  private var end: Int64 = 0
  private static let bufferBytes = 1 << 16

  /// Nil when libavformat lacks memory. The descriptor stays the caller's.
  init?(descriptor: Int32) {
    self.descriptor = descriptor
    // Safe: the buffer becomes the context's, which may replace it and frees it at the end.
    guard let buffer = unsafe av_malloc(Self.bufferBytes) else { return nil }
    // Safe: the context ends with this object, which it knows unretained.
    let opaque = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe context = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), Int32(Self.bufferBytes), 1, opaque, nil,
      { opaque, source, count in unsafe MediaOutput.from(opaque)?.write(source, count) ?? exhibit_av_unreadable },
      { opaque, offset, whence in
        unsafe MediaOutput.from(opaque)?.seek(offset, whence) ?? Int64(exhibit_av_unreadable)
      })
    guard unsafe context != nil else {
      unsafe av_free(buffer)
      return nil
    }
  }

  deinit {
    guard let made = unsafe context else { return }
    unsafe av_free(made.pointee.buffer)
    unsafe avio_context_free(&context)
  }

  private static func from(_ opaque: UnsafeMutableRawPointer?) -> MediaOutput? {
    guard let opaque = unsafe opaque else { return nil }
    // Safe: the pointer is that of `init`.
    return unsafe Unmanaged<MediaOutput>.fromOpaque(opaque).takeUnretainedValue()
  }

  private func write(_ source: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
    guard count > 0, let source = unsafe source else { return 0 }
    var done = 0
    while done < Int(count) {
      // Safe: libavformat gives `count` bytes.
      let written = unsafe pwrite(descriptor, source + done, Int(count) - done, off_t(position) + off_t(done))
      guard written > 0 else {
        isFailed = true
        return exhibit_av_unreadable
      }
      done += written
    }
    position += Int64(count)
    end = max(end, position)
    return count
  }

  private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
    let target: Int64
    switch whence & ~AVSEEK_FORCE {
    case AVSEEK_SIZE: return end
    case SEEK_SET: target = offset
    case SEEK_CUR: target = position.addingReportingOverflow(offset).partialValue
    case SEEK_END: target = end.addingReportingOverflow(offset).partialValue
    default: return Int64(exhibit_av_unreadable)
    }
    guard target >= 0 else { return Int64(exhibit_av_unreadable) }
    position = target
    return target
  }
}
