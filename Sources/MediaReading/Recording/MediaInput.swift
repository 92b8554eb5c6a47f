import CLibAV
import Glibc

/// The bytes of one file, for libavformat: it reads through this and can open nothing else.
///
/// A container whose parts point back at each other makes the library read for ever; so what is read has a limit, in bytes and
/// calls, which depends on the file's size only.
@safe final class MediaInput {
  /// How many times the file may be read in all, beside `freeBytes`.
  static let maximumPasses: UInt64 = 16
  /// Bytes that may be read whatever the size.
  static let freeBytes: UInt64 = 64 << 20
  /// What a call costs beside the bytes that it brings.
  private static let callBytes: UInt64 = 512
  private static let bufferBytes = 1 << 16

  private(set) var context: UnsafeMutablePointer<AVIOContext>?
  let byteCount: UInt64
  /// Whether reading ended at the limit.
  private(set) var isExhausted = false
  /// Why the system did not give bytes that the file has; 0 when it gave all.
  private(set) var systemError: Int32 = 0
  private let descriptor: Int32
  private var position: UInt64 = 0
  private var left: UInt64

  /// Nil when libavformat lacks memory. The descriptor stays the caller's.
  init?(descriptor: Int32, byteCount: UInt64) {
    self.descriptor = descriptor
    self.byteCount = byteCount
    left = Self.budget(byteCount)
    // Safe: the buffer becomes the context's, which may replace it and frees it at the end.
    guard let buffer = unsafe av_malloc(Self.bufferBytes) else { return nil }
    // Safe: the context ends with this object, which it knows unretained.
    let opaque = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe context = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), Int32(Self.bufferBytes), 0, opaque,
      { opaque, target, count in unsafe MediaInput.from(opaque)?.read(target, count) ?? exhibit_av_unreadable }, nil,
      { opaque, offset, whence in
        unsafe MediaInput.from(opaque)?.seek(offset, whence) ?? Int64(exhibit_av_unreadable)
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

  /// Bytes that may be read of a file of this size.
  static func budget(_ byteCount: UInt64) -> UInt64 {
    let (passes, overflow) = byteCount.multipliedReportingOverflow(by: maximumPasses)
    let (all, isLarge) = passes.addingReportingOverflow(freeBytes)
    return overflow || isLarge ? .max : all
  }

  private static func from(_ opaque: UnsafeMutableRawPointer?) -> MediaInput? {
    guard let opaque = unsafe opaque else { return nil }
    // Safe: the pointer is that of `init`.
    return unsafe Unmanaged<MediaInput>.fromOpaque(opaque).takeUnretainedValue()
  }

  private func read(_ target: UnsafeMutablePointer<UInt8>?, _ count: Int32) -> Int32 {
    guard position < byteCount else { return exhibit_av_end_of_file }
    guard count > 0, let target = unsafe target else { return 0 }
    let wanted = Int(min(UInt64(count), byteCount - position))
    guard left >= UInt64(wanted) + Self.callBytes else {
      isExhausted = true
      return exhibit_av_exit
    }
    // Safe: libavformat gives room for `count` bytes.
    let got = unsafe pread(descriptor, target, wanted, off_t(position))
    guard got > 0 else {
      systemError = got < 0 ? errno : EIO
      return got == 0 ? exhibit_av_end_of_file : exhibit_av_unreadable
    }
    position += UInt64(got)
    left -= UInt64(got) + Self.callBytes
    return Int32(got)
  }

  private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
    let target: Int64
    switch whence & ~AVSEEK_FORCE {
    case AVSEEK_SIZE: return Int64(clamping: byteCount)
    case SEEK_SET: target = offset
    case SEEK_CUR: target = Int64(clamping: position).addingReportingOverflow(offset).partialValue
    case SEEK_END: target = Int64(clamping: byteCount).addingReportingOverflow(offset).partialValue
    default: return Int64(exhibit_av_unreadable)
    }
    guard target >= 0 else { return Int64(exhibit_av_unreadable) }
    position = UInt64(target)
    return target
  }
}
