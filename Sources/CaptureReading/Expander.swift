import CExpansion

/// Expands compressed data to the very byte at which it is damaged or ends; libarchive gives up the whole block there.
@safe final class Expander {
  enum Step {
    case went(consumed: Int, produced: Int)
    /// Nothing more can be had.
    case failed(produced: Int)
  }

  @unsafe private enum State {
    case gzip(UnsafeMutablePointer<z_stream>)
    case xz(UnsafeMutablePointer<lzma_stream>)
    case bzip2(UnsafeMutablePointer<bz_stream>)
    case zstd(OpaquePointer)
    case lz4(OpaquePointer)
  }

  private let state: State

  /// Nil when there is no such compression, or no memory.
  init?(_ compression: String) {
    switch compression {
    case "gzip":
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      unsafe stream.initialize(to: z_stream())
      unsafe state = .gzip(stream)
      guard unsafe exhibit_gunzip_init(stream) == Z_OK else { return nil }
    case "xz":
      let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
      unsafe stream.initialize(to: lzma_stream())
      unsafe state = .xz(stream)
      // As much memory as libarchive allows it: all there is. 8 is LZMA_CONCATENATED.
      guard unsafe lzma_stream_decoder(stream, UInt64.max, 8) == LZMA_OK else { return nil }
    case "bzip2":
      let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
      unsafe stream.initialize(to: bz_stream())
      unsafe state = .bzip2(stream)
      guard unsafe BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else { return nil }
    case "zstd":
      guard let stream = unsafe ZSTD_createDStream() else { return nil }
      unsafe state = .zstd(stream)
    case "lz4":
      var context: OpaquePointer?
      guard unsafe LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0,
        let context = unsafe context
      else { return nil }
      unsafe state = .lz4(context)
    default: return nil
    }
  }

  deinit {
    switch unsafe state {
    case .gzip(let stream):
      unsafe inflateEnd(stream)
      unsafe stream.deallocate()
    case .xz(let stream):
      unsafe lzma_end(stream)
      unsafe stream.deallocate()
    case .bzip2(let stream):
      unsafe BZ2_bzDecompressEnd(stream)
      unsafe stream.deallocate()
    case .zstd(let stream): unsafe _ = ZSTD_freeDStream(stream)
    case .lz4(let context): unsafe _ = LZ4F_freeDecompressionContext(context)
    }
  }

  /// Expands some of `input` into `output`, which may be both empty of room and of bytes but not at once.
  func step(_ input: UnsafeMutableRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Step {
    let source = unsafe input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let target = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    switch unsafe state {
    case .gzip(let stream):
      unsafe stream.pointee.next_in = source
      unsafe stream.pointee.avail_in = UInt32(input.count)
      unsafe stream.pointee.next_out = target
      unsafe stream.pointee.avail_out = UInt32(output.count)
      let result = unsafe inflate(stream, Z_NO_FLUSH)
      let produced = unsafe output.count - Int(stream.pointee.avail_out)
      let consumed = unsafe input.count - Int(stream.pointee.avail_in)
      // Another member may follow.
      if result == Z_STREAM_END { return unsafe again(inflateReset(stream) == Z_OK, consumed, produced) }
      return again(result == Z_OK, consumed, produced)
    case .xz(let stream):
      unsafe stream.pointee.next_in = UnsafePointer(source)
      unsafe stream.pointee.avail_in = input.count
      unsafe stream.pointee.next_out = target
      unsafe stream.pointee.avail_out = output.count
      let result = unsafe lzma_code(stream, LZMA_RUN)
      return unsafe again(
        result == LZMA_OK, input.count - stream.pointee.avail_in, output.count - stream.pointee.avail_out)
    case .bzip2(let stream):
      unsafe stream.pointee.next_in = UnsafeMutableRawPointer(source)?.assumingMemoryBound(to: CChar.self)
      unsafe stream.pointee.avail_in = UInt32(input.count)
      unsafe stream.pointee.next_out = UnsafeMutableRawPointer(target)?.assumingMemoryBound(to: CChar.self)
      unsafe stream.pointee.avail_out = UInt32(output.count)
      let result = unsafe BZ2_bzDecompress(stream)
      let produced = unsafe output.count - Int(stream.pointee.avail_out)
      let consumed = unsafe input.count - Int(stream.pointee.avail_in)
      if result == BZ_STREAM_END {
        unsafe BZ2_bzDecompressEnd(stream)
        unsafe stream.pointee = bz_stream()
        return unsafe again(BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK, consumed, produced)
      }
      return again(result == BZ_OK, consumed, produced)
    case .zstd(let stream):
      var from = unsafe ZSTD_inBuffer(src: source, size: input.count, pos: 0)
      var to = unsafe ZSTD_outBuffer(dst: target, size: output.count, pos: 0)
      let result = unsafe ZSTD_decompressStream(stream, &to, &from)
      return unsafe again(ZSTD_isError(result) == 0, from.pos, to.pos)
    case .lz4(let context):
      var consumed = input.count
      var produced = output.count
      let result = unsafe LZ4F_decompress(context, target, &produced, source, &consumed, nil)
      return again(LZ4F_isError(result) == 0, consumed, produced)
    }
  }

  private func again(_ isWell: Bool, _ consumed: Int, _ produced: Int) -> Step {
    isWell && consumed + produced > 0 ? .went(consumed: consumed, produced: produced) : .failed(produced: produced)
  }
}
