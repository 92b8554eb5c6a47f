import Glibc

/// Reads payloads from the originals.
@safe final class PayloadSource {
  private let originals: [UInt16: Int32]
  private let buffer: UnsafeMutableRawPointer

  /// `originals` gives an open descriptor for each original.
  init(_ originals: [UInt16: Int32]) {
    self.originals = originals
    unsafe buffer = .allocate(byteCount: Int(UInt16.max), alignment: 16)
  }

  deinit { unsafe buffer.deallocate() }

  /// Gives a payload's bytes to `body`; false when they cannot be read.
  func read(_ original: UInt16, _ offset: UInt64, _ length: Int, _ body: (RawSpan) -> Void) -> Bool {
    guard let descriptor = originals[original], (0...Int(UInt16.max)).contains(length), offset <= UInt64(Int.max),
      unsafe pread(descriptor, buffer, length, Int(offset)) == length
    else { return false }
    // Safe: `length` bytes of the buffer were just filled, and the view ends before the call does.
    unsafe body(UnsafeRawBufferPointer(start: buffer, count: length).bytes)
    return true
  }
}
