import ByteReading
import CLibAV

/// The pixels of a picture file, decoded by libavcodec in one way on every machine.
///
/// Of a picture that moves the first frame, of a TIFF file the first picture. Transparency is left away, and it is not turned
/// for display: what counts are the stored colours.
public struct StillPicture: Sendable {
  /// Forms that are read; the name stands in records.
  public enum Form: String, Sendable, CaseIterable { case jpeg, png, gif, bmp, webp, tiff }

  /// Bytes of a file and pixels of a picture that are read at the most.
  public static let maximumBytes = 128 << 20
  public static let maximumPixels = 1 << 26
  /// Bytes of the beginning by which a form is told.
  public static let headByteCount = 18

  /// Pixels.
  public let width: Int
  public let height: Int
  /// Red, green and blue of each pixel, a byte each, row after row.
  public let rgb: [UInt8]
  /// What libavcodec complained of, in its words; the pixels are then perhaps not those that were meant.
  public let complaint: String?

  /// The form by the first bytes of a file; nil when it is none of them.
  public static func form(ofHead head: [UInt8]) -> Form? {
    if head.starts(with: [0xff, 0xd8, 0xff]) { return .jpeg }
    if head.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return .png }
    if head.starts(with: Array("GIF87a".utf8)) || head.starts(with: Array("GIF89a".utf8)) { return .gif }
    if head.starts(with: Array("RIFF".utf8)), head.dropFirst(8).starts(with: Array("WEBP".utf8)) { return .webp }
    if head.starts(with: [0x49, 0x49, 0x2a, 0]) || head.starts(with: [0x4d, 0x4d, 0, 0x2a]) { return .tiff }
    // Two letters say little: the reserved words are zero, and the next header has one of the sizes that there are.
    guard head.count >= 18, head.starts(with: Array("BM".utf8)), head[6..<10].allSatisfy({ $0 == 0 }),
      [12, 40, 52, 56, 64, 108, 124].contains(head[14]), head[15..<18].allSatisfy({ $0 == 0 })
    else { return nil }
    return .bmp
  }

  /// Decodes a whole file. Throws `limit` when it is too large and `damaged` when it gives no picture, with the reason.
  public init(decoding bytes: RawSpan, as form: Form) throws(RecordingFault) {
    guard bytes.byteCount <= Self.maximumBytes else {
      throw RecordingFault(.limit, "the file is larger than \(Self.maximumBytes) bytes")
    }
    av_force_cpu_flags(0)
    av_max_alloc(RecordingFile.maximumAllocation)
    let messages = MediaMessages.begin()
    defer { messages.end() }
    guard let codec = unsafe avcodec_find_decoder(form.codec) else {
      throw RecordingFault(.system, "libavcodec has no decoder for it")
    }
    var context = unsafe avcodec_alloc_context3(codec)
    var packet = unsafe av_packet_alloc()
    var frame = unsafe av_frame_alloc()
    // Safe: each was made above, or is nil, and is given back once.
    defer {
      unsafe avcodec_free_context(&context)
      unsafe av_packet_free(&packet)
      unsafe av_frame_free(&frame)
    }
    guard let made = unsafe context, let input = unsafe packet, let output = unsafe frame,
      unsafe av_new_packet(input, Int32(bytes.byteCount)) == 0, let room = unsafe input.pointee.data
    else { throw RecordingFault(.system, "out of memory") }
    // Safe: the packet has room for all of them.
    unsafe bytes.withUnsafeBytes {
      unsafe UnsafeMutableRawBufferPointer(start: room, count: $0.count).copyMemory(from: $0)
    }
    unsafe RecordingCodec.settle(&made.pointee)
    unsafe made.pointee.max_pixels = Int64(Self.maximumPixels)
    var status = unsafe avcodec_open2(made, codec, nil)
    if status == 0 { status = unsafe avcodec_send_packet(made, input) }
    if status == 0 {
      unsafe avcodec_send_packet(made, nil)
      status = unsafe avcodec_receive_frame(made, output)
    }
    guard status == 0 else {
      let (width, height) = unsafe (Int64(made.pointee.width), Int64(made.pointee.height))
      let heard = messages.take()
      if width * height > Self.maximumPixels || heard.contains(where: { $0.hasPrefix("Picture size") }) {
        throw RecordingFault(.limit, "the picture has more than \(Self.maximumPixels) pixels, or a size that cannot be")
      }
      throw RecordingFault(.damaged, heard.first ?? RecordingFile.words(status))
    }
    guard let picture = unsafe PictureWriter.rgb(output) else {
      throw RecordingFault(.damaged, messages.take().first ?? "its colours cannot be converted")
    }
    defer {
      var picture: UnsafeMutablePointer<AVFrame>? = unsafe picture
      unsafe av_frame_free(&picture)
    }
    width = unsafe Int(picture.pointee.width)
    height = unsafe Int(picture.pointee.height)
    let (rows, stride, rowBytes) = unsafe (height, Int(picture.pointee.linesize.0), width * 3)
    guard let pixels = unsafe picture.pointee.data.0, stride >= rowBytes else {
      throw RecordingFault(.damaged, "its colours cannot be converted")
    }
    rgb = unsafe [UInt8](unsafeUninitializedCapacity: rowBytes * rows) { buffer, count in
      // Safe: the frame has `rows` rows of `stride` bytes, of which the first `rowBytes` are pixels.
      for row in 0..<rows {
        unsafe UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[row * rowBytes..<(row + 1) * rowBytes]
        )
        .copyMemory(from: UnsafeRawBufferPointer(start: pixels + row * stride, count: rowBytes))
      }
      count = rowBytes * rows
    }
    complaint = messages.take().first
  }
}

extension StillPicture.Form {
  fileprivate var codec: AVCodecID {
    switch self {
    case .jpeg: AV_CODEC_ID_MJPEG
    case .png: AV_CODEC_ID_PNG
    case .gif: AV_CODEC_ID_GIF
    case .bmp: AV_CODEC_ID_BMP
    case .webp: AV_CODEC_ID_WEBP
    case .tiff: AV_CODEC_ID_TIFF
    }
  }
}
