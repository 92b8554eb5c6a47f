import CArchive
import Glibc

/// An original that is compressed as a whole: gzip, zstd, xz, lz4 or bzip2.
public struct CompressedOriginal: Hashable, Sendable {
  /// The compression's name, such as `gzip`.
  public let compression: String

  /// Looks at a file's first bytes; nil when they are those of no compression that is known.
  public init?(firstBytes bytes: [UInt8]) {
    switch bytes {
    case _ where bytes.starts(with: [0x1f, 0x8b]): compression = "gzip"
    case _ where bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]): compression = "zstd"
    case _ where bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]): compression = "xz"
    case _ where bytes.starts(with: [0x04, 0x22, 0x4d, 0x18]): compression = "lz4"
    case _ where bytes.starts(with: [0x42, 0x5a, 0x68]): compression = "bzip2"
    default: return nil
    }
  }

  /// The file's compression; nil when it has none or cannot be read.
  public init?(path: String) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var first = [UInt8](repeating: 0, count: 8)
    // Safe: the count is that of the array.
    let count = unsafe read(descriptor, &first, first.count)
    self.init(firstBytes: Array(first.prefix(max(0, count))))
  }

  /// What expanding gave.
  public struct Expansion: Hashable, Sendable {
    public let byteCount: UInt64
    /// Why it stopped before the end; what came before is kept.
    public let fault: String?
  }

  /// Expands `path` into a new file. Stops with a fault at `limit` bytes. Throws when a file cannot be opened or written.
  public static func expand(path: String, into target: String, limit: UInt64) throws(CaptureFault) -> Expansion {
    let output = unsafe open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw CaptureFault(.system, at: 0, systemMessage(errno)) }
    defer { close(output) }
    let whole = try expandWhole(path: path, into: output, limit: limit)
    guard whole.fault != nil, whole.byteCount < limit, let found = CompressedOriginal(path: path) else { return whole }
    let rest = try found.salvage(path: path, into: output, after: whole.byteCount, limit: limit)
    return Expansion(byteCount: whole.byteCount + rest, fault: whole.fault)
  }

  private static func expandWhole(path: String, into output: Int32, limit: UInt64) throws(CaptureFault) -> Expansion {
    guard let archive = unsafe archive_read_new() else { throw CaptureFault(.system, at: 0, "out of memory") }
    defer { unsafe _ = archive_read_free(archive) }
    unsafe archive_read_support_filter_gzip(archive)
    unsafe archive_read_support_filter_zstd(archive)
    unsafe archive_read_support_filter_xz(archive)
    unsafe archive_read_support_filter_lz4(archive)
    unsafe archive_read_support_filter_bzip2(archive)
    unsafe archive_read_support_format_raw(archive)
    var entry: OpaquePointer?
    guard unsafe archive_read_open_filename(archive, path, 1 << 18) == ARCHIVE_OK,
      unsafe archive_read_next_header(archive, &entry) == ARCHIVE_OK
    else { return Expansion(byteCount: 0, fault: unsafe message(archive)) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { unsafe buffer.deallocate() }
    var total: UInt64 = 0
    while true {
      let count = unsafe archive_read_data(archive, buffer.baseAddress, buffer.count)
      if count == 0 { return Expansion(byteCount: total, fault: unsafe trailing(archive, path)) }
      if count < 0 { return Expansion(byteCount: total, fault: unsafe message(archive)) }
      let room = Int(clamping: min(UInt64(count), limit - total))
      // Safe: `count` bytes were read, and `room` is no more.
      try unsafe writeAll(output, UnsafeRawBufferPointer(rebasing: buffer[..<room]), total)
      total += UInt64(room)
      guard room == count else {
        return Expansion(
          byteCount: total, fault: "it has more than \(limit) bytes when expanded, the limit for its size")
      }
    }
  }

  private static func writeAll(
    _ output: Int32, _ bytes: UnsafeRawBufferPointer, _ offset: UInt64
  ) throws(CaptureFault) {
    var written = 0
    while written < bytes.count {
      // Safe: what is left of the bytes.
      let step = unsafe write(output, bytes.baseAddress! + written, bytes.count - written)
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw CaptureFault(.system, at: offset, systemMessage(errno)) }
      written += step
    }
  }

  /// Writes what stands between the last block that libarchive gave and the very byte of the fault; gives how many bytes.
  private func salvage(
    path: String, into output: Int32, after start: UInt64, limit: UInt64
  ) throws(CaptureFault) -> UInt64 {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0, let expander = Expander(compression) else { return 0 }
    defer { close(descriptor) }
    let size = 1 << 18
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer {
      unsafe input.deallocate()
      unsafe room.deallocate()
    }
    var total: UInt64 = 0
    var begin = 0
    var end = 0
    var isOver = false
    while total < limit, !isOver {
      if begin == end {
        // Safe: the buffer has room for `size` bytes.
        let count = unsafe read(descriptor, input.baseAddress, size)
        begin = 0
        end = max(0, count)
      }
      let produced: Int
      // Safe: the range is inside the buffer.
      switch unsafe expander.step(UnsafeMutableRawBufferPointer(rebasing: input[begin..<end]), into: room) {
      case .went(let consumed, let count):
        begin += consumed
        produced = count
      case .failed(let count):
        produced = count
        isOver = true
      }
      let known = Int(clamping: min(UInt64(produced), start > total ? start - total : 0))
      let fresh = Int(clamping: min(UInt64(produced), limit - total))
      // Safe: both bounds are inside what was produced.
      if fresh > known {
        try unsafe Self.writeAll(
          output, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[known..<fresh]), total)
      }
      total += UInt64(fresh)
    }
    return total > start ? total - start : 0
  }

  /// What stands behind the end of the compressed data, which libarchive passes over.
  private static func trailing(_ archive: OpaquePointer, _ path: String) -> String? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    let rest = unsafe Int64(status.st_size) - archive_filter_bytes(archive, -1)
    return rest > 0 ? "\(rest) bytes behind the end of the compressed data are none" : nil
  }

  private static func message(_ archive: OpaquePointer) -> String {
    guard let text = unsafe archive_error_string(archive) else { return "the compressed data is damaged" }
    return unsafe String(cString: text)
  }
}
