import ByteReading
import CCompression
import DecoderKit

/// Undoes one content coding as bytes come.
protocol CodingReverser: AnyObject {
  /// Takes encoded bytes and hands out decoded ones.
  func push(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState
  /// Whether all that was announced by the coding itself came.
  var isAtEnd: Bool { get }
}

/// What became of the bytes that were pushed.
enum CodingState: Equatable {
  case fine
  /// The coding's own end came; `trailing` bytes stand behind it.
  case ended(trailing: Int)
  case damaged(String)
}

func makeReverser(_ coding: ContentCoding) -> any CodingReverser {
  switch coding {
  case .gzip: InflateReverser(.gzip)
  case .deflate: InflateReverser(.guessed)
  case .brotli: BrotliReverser()
  case .base64: Base64Reverser()
  case .quotedPrintable: QuotedPrintableReverser()
  case .uuencode: UuencodeReverser()
  case .compressedRTF: CompressedRTFReverser()
  }
}

/// Undoes gzip (RFC 1952, several members) and deflate (RFC 1950, or 1951 without its wrapper) through zlib.
@safe final class InflateReverser: CodingReverser {
  /// What stands around the deflated data.
  enum Wrapper {
    case gzip, zlib, none
    /// zlib's, or none, by the first two bytes: for HTTP's `deflate`, which servers understand in either way.
    case guessed
  }

  private let wrapper: Wrapper
  private var stream = unsafe z_stream()
  private var isOpen = false
  private(set) var isAtEnd = false
  private var first: [UInt8] = []
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

  init(_ wrapper: Wrapper) { self.wrapper = wrapper }

  /// Whether nothing of what was pushed is still needed for bits that are to come: a block has ended, on a byte's border.
  var isAtBoundary: Bool { unsafe isOpen && stream.data_type & 0xbf == 0x80 }

  deinit {
    if isOpen { unsafe _ = inflateEnd(&stream) }
    unsafe output.deallocate()
  }

  func push(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState {
    if !isOpen {
      first += bytes.array()
      guard first.count >= 2 else { return .fine }
      let bits: Int32 =
        switch wrapper {
        case .gzip: 15 + 16
        case .zlib: 15
        case .none: -15
        case .guessed: first[0] & 0x0f == 8 && (Int(first[0]) << 8 | Int(first[1])) % 31 == 0 ? 15 : -15
        }
      guard unsafe exhibit_inflate_init(&stream, bits) == Z_OK else { return .damaged("zlib has no memory") }
      isOpen = true
      // Safe: the view ends before `first` is emptied.
      let state = unsafe inflate(first.span.bytes, emit)
      first = []
      return state
    }
    return inflate(bytes, emit)
  }

  private func inflate(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState {
    // Safe: zlib reads the input within the closure and writes at most `output.count` bytes.
    unsafe bytes.withUnsafeBytes { input -> CodingState in
      unsafe stream.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      unsafe stream.avail_in = UInt32(input.count)
      var isFull = false
      // Output may wait in zlib when the input is used up.
      while unsafe stream.avail_in > 0 || isFull {
        if isAtEnd {
          guard wrapper == .gzip, unsafe stream.next_in.pointee == 0x1f, unsafe inflateReset(&stream) == Z_OK else {
            return unsafe .ended(trailing: Int(stream.avail_in))
          }
          isAtEnd = false
        }
        unsafe stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_out = UInt32(output.count)
        let result = unsafe CCompression.inflate(&stream, Z_NO_FLUSH)
        let made = unsafe output.count - Int(stream.avail_out)
        isFull = unsafe stream.avail_out == 0 && result == Z_OK
        if made > 0 { unsafe emit(UnsafeRawBufferPointer(rebasing: output[0..<made]).bytes) }
        switch result {
        case Z_OK, Z_BUF_ERROR: if made == 0, unsafe stream.avail_in > 0, result == Z_BUF_ERROR { return .fine }
        case Z_STREAM_END: isAtEnd = true
        default: return unsafe .damaged(stream.msg.map { unsafe String(cString: $0) } ?? "zlib error \(result)")
        }
      }
      return isAtEnd ? .ended(trailing: 0) : .fine
    }
  }
}

/// Undoes brotli (RFC 7932).
@safe final class BrotliReverser: CodingReverser {
  private let state = unsafe BrotliDecoderCreateInstance(nil, nil, nil)
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
  private(set) var isAtEnd = false

  deinit {
    unsafe BrotliDecoderDestroyInstance(state)
    unsafe output.deallocate()
  }

  func push(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState {
    // Safe: the decoder reads the input within the closure and writes at most `output.count` bytes.
    unsafe bytes.withUnsafeBytes { input -> CodingState in
      var available = input.count
      var next = unsafe input.baseAddress?.assumingMemoryBound(to: UInt8.self)
      while true {
        if isAtEnd { return .ended(trailing: available) }
        var room = unsafe output.count
        var place = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let result = unsafe BrotliDecoderDecompressStream(state, &available, &next, &room, &place, nil)
        let made = unsafe output.count - room
        if made > 0 { unsafe emit(UnsafeRawBufferPointer(rebasing: output[0..<made]).bytes) }
        switch result {
        case BROTLI_DECODER_RESULT_SUCCESS: isAtEnd = true
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return .fine
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: continue
        default: return unsafe .damaged(String(cString: BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state))))
        }
      }
    }
  }
}

/// Undoes base64 (RFC 4648, 4) and passes over everything that is none of its letters (RFC 2045, 6.8).
final class Base64Reverser: CodingReverser {
  private var bits: UInt32 = 0
  private var count = 0
  private(set) var isAtEnd = true

  func push(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.byteCount / 4 * 3 + 3)
    for offset in bytes.byteOffsets {
      guard let value = Base64.digit(bytes[offset]) else {
        // Padding ends a group; another may follow it.
        if bytes[offset] == 0x3d { out += endGroup() }
        continue
      }
      bits = bits << 6 | UInt32(value)
      count += 1
      if count == 4 {
        out.append(UInt8(truncatingIfNeeded: bits >> 16))
        out.append(UInt8(truncatingIfNeeded: bits >> 8))
        out.append(UInt8(truncatingIfNeeded: bits))
        count = 0
        bits = 0
      }
    }
    isAtEnd = count == 0
    // Safe: the view ends before `out` does.
    if !out.isEmpty { unsafe emit(out.span.bytes) }
    return .fine
  }

  /// Hands out what the last, incomplete group holds.
  func finish(_ emit: (RawSpan) -> Void) {
    let isBroken = count == 1
    let out = endGroup()
    isAtEnd = !isBroken
    // Safe: the view ends before `out` does.
    if !out.isEmpty { unsafe emit(out.span.bytes) }
  }

  /// The bytes of a group of two or three letters; one letter alone says nothing.
  private func endGroup() -> [UInt8] {
    defer {
      count = 0
      bits = 0
    }
    if count == 2 { return [UInt8(truncatingIfNeeded: bits >> 4)] }
    if count == 3 { return [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)] }
    return []
  }
}

/// Undoes quoted-printable (RFC 2045, 6.7); what is no valid escape stays as it stands.
final class QuotedPrintableReverser: CodingReverser {
  private var held: [UInt8] = []
  var isAtEnd: Bool { held.isEmpty }

  func push(_ bytes: RawSpan, _ emit: (RawSpan) -> Void) -> CodingState {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.byteCount)
    for offset in bytes.byteOffsets { take(bytes[offset], &out) }
    // Safe: the view ends before `out` does.
    if !out.isEmpty { unsafe emit(out.span.bytes) }
    return .fine
  }

  private func take(_ byte: UInt8, _ out: inout [UInt8]) {
    if held.isEmpty {
      if byte == 0x3d { held = [byte] } else { out.append(byte) }
      return
    }
    held.append(byte)
    if held.count == 2 {
      if byte == 0x0a { held = [] }
      return
    }
    if held[1] == 0x0d, byte == 0x0a {
      held = []
    } else if let pair = Hexadecimal.decode(String(decoding: held[1...], as: UTF8.self)) {
      out += pair
      held = []
    } else {
      // The escape sign stands for itself; what follows it may begin another.
      let rest = held.dropFirst()
      out.append(held[0])
      held = []
      for byte in rest { take(byte, &out) }
    }
  }

  func finish(_ emit: (RawSpan) -> Void) {
    // Safe: the view ends before `held` is emptied.
    if !held.isEmpty { unsafe emit(held.span.bytes) }
    held = []
  }
}
