import ByteReading
import Glibc

/// Reads bytes of originals again, at places that a reader has passed.
///
/// Limit: `maximumOpen` originals are open at once; the one opened first gives way.
@safe public final class EarlierBytes {
  public static let maximumOpen = 16
  /// Bytes that can be read again at once.
  public static let maximumSpan = 1 << 20

  private let paths: [UInt16: String]
  private var open: [(original: UInt16, descriptor: Int32)] = []
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: EarlierBytes.maximumSpan, alignment: 64)

  /// `paths` says where the bytes of each original lie, by its number.
  public init(paths: [UInt16: String]) { self.paths = paths }

  deinit {
    for entry in open { close(entry.descriptor) }
    unsafe buffer.deallocate()
  }

  /// Shows `count` bytes of an original; nil when they cannot be read.
  public func read<Result>(
    _ original: UInt16, at offset: UInt64, _ count: Int, _ body: (RawSpan) -> Result
  ) -> Result? {
    guard count > 0, count <= Self.maximumSpan, let place = Int(exactly: offset),
      let descriptor = descriptor(of: original)
    else { return nil }
    var done = 0
    while done < count {
      // Safe: at most the buffer's rest is written.
      let got = unsafe pread(descriptor, buffer.baseAddress! + done, count - done, place + done)
      if got > 0 {
        done += got
      } else if got == 0 || errno != EINTR {
        return nil
      }
    }
    // Safe: the view ends before the buffer is written again.
    return unsafe body(UnsafeRawBufferPointer(rebasing: buffer[0..<count]).bytes)
  }

  /// Whether `count` bytes of an original are these; nil when they cannot be read.
  public func isSame(_ original: UInt16, at offset: UInt64, as bytes: RawSpan) -> Bool? {
    read(original, at: offset, bytes.byteCount) { $0.isSame(as: bytes) }
  }

  private func descriptor(of original: UInt16) -> Int32? {
    if let known = open.first(where: { $0.original == original }) { return known.descriptor }
    guard let path = paths[original] else { return nil }
    // Safe: the path is a string of ours.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    if open.count >= Self.maximumOpen { close(open.removeFirst().descriptor) }
    open.append((original, descriptor))
    return descriptor
  }
}
