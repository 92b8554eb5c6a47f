import Foundation

/// Bytes of an open file from a place on: fewer where it ends, none where it cannot be read.
func fileBytes(_ descriptor: Int32, at offset: UInt64, _ count: Int) -> [UInt8] {
  unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, got in
    // Safe: no more is read than there is room.
    got = max(0, unsafe pread(descriptor, buffer.baseAddress, count, off_t(clamping: offset)))
  }
}
