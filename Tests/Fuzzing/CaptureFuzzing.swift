import ByteReading
import CaptureReading
import Glibc

/// Reads a capture file: offsets rise, packets lie inside the file, counts agree.
@Sendable func fuzzCaptures(_ input: RawSpan) {
  withFile(input) { descriptor in
    guard var reader = try? CaptureReader(descriptor: dup(descriptor)) else { return }
    var count: UInt64 = 0
    var bytes: UInt64 = 0
    var end: UInt64 = 0
    while case .packet(let packet) = reader.next() {
      count += 1
      bytes += UInt64(reader.bytes.byteCount)
      demand(packet.number == count, "packets are numbered without gaps")
      demand(packet.dataOffset >= end, "packets do not overlap")
      demand(reader.bytes.byteCount == Int(packet.capturedLength), "all captured bytes are shown")
      end = packet.dataOffset + UInt64(packet.capturedLength)
      demand(end <= UInt64(input.byteCount), "packets lie inside the file")
      if count % 64 == 0 { _ = reader.takeFacts() }
    }
    demand(reader.packetCount == count && reader.packetBytes == bytes, "counts agree with what was given out")
    demand(reader.offset <= UInt64(input.byteCount), "no more is read than there is")
    if case .packet = reader.next() { demand(false, "nothing follows the end") }
  }
}

/// Expands a compressed original.
@Sendable func fuzzCompressed(_ input: RawSpan) {
  let limit: UInt64 = 4 << 20
  withFile(input) { descriptor in
    let source = "/proc/self/fd/\(descriptor)"
    guard CompressedOriginal(path: source) != nil else { return }
    let target = "/dev/shm/exhibit-fuzz-\(getpid())"
    // Safe: the path is a string of ours.
    unsafe unlink(target)
    defer { unsafe _ = unlink(target) }
    guard let expansion = try? CompressedOriginal.expand(path: source, into: target, limit: limit) else { return }
    demand(expansion.byteCount <= limit, "no more is written than the limit")
    var status = stat()
    // Safe: the status is a variable of ours.
    let hasStatus = unsafe stat(target, &status) == 0
    demand(hasStatus && UInt64(status.st_size) == expansion.byteCount, "the file is as long as is said")
  }
}

/// A file in memory that holds the input; its place is at the beginning.
func withFile(_ input: RawSpan, _ body: (Int32) -> Void) {
  let descriptor = memoryFile
  ftruncate(descriptor, 0)
  lseek(descriptor, 0, SEEK_SET)
  // Safe: the bytes are written within the closure.
  unsafe input.withUnsafeBytes { bytes in
    unsafe demand(write(descriptor, bytes.baseAddress, bytes.count) == bytes.count, "there is memory")
  }
  lseek(descriptor, 0, SEEK_SET)
  body(descriptor)
}

private let memoryFile = makeMemoryFile("input")

/// Makes a file that lives in memory and has no name any more.
func makeMemoryFile(_ name: String) -> Int32 {
  let path = "/dev/shm/exhibit-fuzz-\(getpid())-\(name)"
  // Safe: the path is a string of ours.
  let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  unsafe unlink(path)
  demand(descriptor >= 0, "there is memory for files")
  return descriptor
}
