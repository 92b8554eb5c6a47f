import CLibAV
public import EvidenceModel

/// A picture that was decoded from a key frame of a call's video.
public struct VideoPicture: Sendable {
  /// The frame's place among the track's frames.
  public let frame: Int
  public let size: PictureSize
  /// The picture as a PNG file: RGB, 8 bits.
  public let png: [UInt8]
}

/// What decoding pictures may cost in one call.
public struct PictureBudget: Sendable {
  /// Pictures and pixels of all streams of a call.
  public static let maximumPictures = 200
  public static let maximumPixels = 1 << 28
  public private(set) var pictures = maximumPictures
  public private(set) var pixels = maximumPixels

  public init() {}

  var isUsed: Bool { pictures <= 0 || pixels <= 0 }

  mutating func spend(_ size: PictureSize) {
    pictures -= 1
    pixels -= max(1, size.width * size.height)
  }
}

/// Decodes some of a track's key frames, each by itself, spread over the call.
public struct VideoPictures {
  /// Pictures of one track, and units of 90,000 hertz between two at least.
  public static let maximumPictures = 100
  static let leastInterval: Int64 = 5 * 90_000
  /// Pixels of one picture.
  public static let maximumPixels = 1 << 23

  /// Key frames that were to be decoded and gave no picture.
  public private(set) var failures = PacketSet()
  public private(set) var failureCount: Int64 = 0
  /// Whether the budget ended before the track did.
  public private(set) var isOverBudget = false

  public init() {}

  /// Gives the pictures in the order of decoding.
  public mutating func decode(
    _ track: VideoTrack, _ header: CodecHeader, store: FrameStore, budget: inout PictureBudget,
    step: () -> Void = {}, _ receive: (VideoPicture) throws -> Void
  ) rethrows {
    let positions = track.frames.filter { $0.state != .leftOut }.map(\.position)
    let length = (positions.max() ?? 0) - (positions.min() ?? 0)
    let interval = max(Self.leastInterval, length / Int64(Self.maximumPictures))
    var next = Int64.min
    var count = 0
    for (place, frame) in track.frames.enumerated() where frame.isKey && frame.state == .kept {
      guard frame.position >= next, count < Self.maximumPictures else { continue }
      guard !budget.isUsed else {
        isOverBudget = true
        return
      }
      step()
      next = frame.position + interval
      count += 1
      // The decoder says the true size; what it refuses costs as much as the header claims, within the limit.
      budget.spend(clipped(header.size))
      guard let bytes = store.bytes(frame), let decoder = PictureDecoder(track.format.coding, header),
        let (size, png) = decoder.picture(bytes)
      else {
        failureCount += 1
        failures.formUnion(frame.packets)
        continue
      }
      try receive(VideoPicture(frame: place, size: size, png: png))
    }
  }

  private func clipped(_ size: PictureSize) -> PictureSize {
    size.width * size.height <= Self.maximumPixels ? size : PictureSize(width: Self.maximumPixels, height: 1)
  }
}

/// A decoder of libavcodec for one key frame; a picture in which it had to conceal something is refused.
///
/// Its concealment stays on, because the decoder of H.264 tells faults by it.
@safe private final class PictureDecoder {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let packet: UnsafeMutablePointer<AVPacket>
  private let frame: UnsafeMutablePointer<AVFrame>

  init?(_ coding: VideoFormat.Coding, _ header: CodecHeader) {
    av_force_cpu_flags(0)
    av_log_set_level(AV_LOG_QUIET)
    let identifier =
      switch coding {
      case .h264: AV_CODEC_ID_H264
      case .h265: AV_CODEC_ID_HEVC
      case .vp8: AV_CODEC_ID_VP8
      case .vp9: AV_CODEC_ID_VP9
      case .h263, .h263Plus: AV_CODEC_ID_H263
      case .av1: AV_CODEC_ID_AV1
      }
    // libavcodec's own decoder of AV1 needs hardware.
    let codec = unsafe coding == .av1 ? avcodec_find_decoder_by_name("libdav1d") : avcodec_find_decoder(identifier)
    guard unsafe codec != nil, let context = unsafe avcodec_alloc_context3(codec),
      let packet = unsafe av_packet_alloc(), let frame = unsafe av_frame_alloc()
    else { return nil }
    unsafe self.context = context
    unsafe self.packet = packet
    unsafe self.frame = frame
    unsafe context.pointee.thread_count = 1
    unsafe context.pointee.flags |= Int32(AV_CODEC_FLAG_BITEXACT)
    unsafe context.pointee.err_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE
    unsafe context.pointee.max_pixels = Int64(VideoPictures.maximumPixels)
    if !header.bytes.isEmpty {
      guard let memory = unsafe CodecMemory.padded(header.bytes) else { return nil }
      unsafe context.pointee.extradata = memory
      unsafe context.pointee.extradata_size = Int32(header.bytes.count)
    }
    guard unsafe avcodec_open2(context, codec, nil) == 0 else { return nil }
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = unsafe context
    var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
    var frame: UnsafeMutablePointer<AVFrame>? = unsafe frame
    unsafe avcodec_free_context(&context)
    unsafe av_packet_free(&packet)
    unsafe av_frame_free(&frame)
  }

  /// The picture of a frame as PNG; nil when it gives none, or one with faults.
  func picture(_ bytes: [UInt8]) -> (PictureSize, [UInt8])? {
    guard let count = Int32(exactly: bytes.count), unsafe av_new_packet(packet, count) == 0,
      let data = unsafe packet.pointee.data
    else { return nil }
    // Safe: the packet has room for `count` bytes.
    unsafe data.update(from: bytes, count: bytes.count)
    unsafe packet.pointee.flags = AV_PKT_FLAG_KEY
    defer { unsafe av_packet_unref(packet) }
    guard unsafe avcodec_send_packet(context, packet) == 0 else { return nil }
    unsafe avcodec_send_packet(context, nil)
    guard unsafe avcodec_receive_frame(context, frame) == 0 else { return nil }
    // Some decoders give the pictures of lower spatial layers before; there are 8 layers at the most.
    var isWhole = true
    for _ in 0..<8 {
      isWhole = unsafe isWhole && frame.pointee.decode_error_flags == 0
      let next = unsafe av_frame_alloc()
      var freed = unsafe next
      defer { unsafe av_frame_free(&freed) }
      guard unsafe avcodec_receive_frame(context, next) == 0 else { break }
      unsafe av_frame_unref(frame)
      unsafe av_frame_move_ref(frame, next)
    }
    guard isWhole, unsafe frame.pointee.decode_error_flags == 0,
      unsafe frame.pointee.flags & AV_FRAME_FLAG_CORRUPT == 0, let png = unsafe PictureWriter.png(frame)
    else { return nil }
    let size = unsafe PictureSize(width: Int(frame.pointee.width), height: Int(frame.pointee.height))
    return (size, png)
  }
}
