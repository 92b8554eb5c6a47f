import CLibAV
import Glibc

/// Writes a track's frames into a file that players open, their coded bytes unchanged: MP4, WebM of VP8 and VP9, 3GP of H.263.
///
/// Of AV1 libavformat leaves out what decoders pass over: padding, lists of tiles, repeated headers of frames.
///
/// libavformat writes the container, without clock or version, so that the same frames give the same bytes.
public enum VideoFile {
  /// Units of 90,000 hertz that a file may reach from its first key frame: six hours, which 32 bits of MP4 can tell.
  static let maximumUnits: Int64 = 6 * 3_600 * 90_000
  /// How long a single frame is shown, in the same units.
  private static let singleDuration: Int64 = 3_600

  /// Writes the file to `output`, which is open for writing and empty; false when that fails or there is no frame.
  public static func write(
    _ track: VideoTrack, _ header: CodecHeader, store: FrameStore, output: Int32, step: () -> Void = {}
  ) -> Bool {
    let frames = track.frames.filter { $0.state != .leftOut }
    guard !frames.isEmpty, let file = MediaOutput(descriptor: output),
      let muxer = Muxer(track.format.coding, header, file)
    else { return false }
    let times = FrameTimes(frames.map(\.position))
    for (place, frame) in frames.enumerated() {
      step()
      guard let bytes = store.bytes(frame),
        muxer.write(
          bytes, isKey: frame.isKey, shown: times.shown[place], decoded: times.decoded[place],
          duration: times.duration(place) ?? singleDuration)
      else { return false }
    }
    return muxer.finish() && !file.isFailed
  }
}

/// When frames are decoded and shown, from the first shown one on.
///
/// RTP tells when a frame is shown; frames stand in the order in which they are decoded. Where that differs, the times of decoding
/// are those of showing in order, moved back as far as they must be.
struct FrameTimes {
  private(set) var shown: [Int64] = []
  private(set) var decoded: [Int64] = []
  private var sorted: [Int64] = []

  init(_ positions: [Int64]) {
    let order = positions.indices.sorted { (positions[$0], $0) < (positions[$1], $1) }
    let first = order.first.map { positions[$0] } ?? 0
    shown = Array(repeating: 0, count: positions.count)
    for place in order {
      // No two frames are shown at one time: the later one comes a unit behind.
      let time = max(positions[place] - first, (sorted.last ?? -1) + 1)
      shown[place] = time
      sorted.append(time)
    }
    let shift = zip(sorted, shown).map { $0 - $1 }.max() ?? 0
    decoded = sorted.map { $0 - shift }
  }

  /// How long the frame at a place stands in decoding: to the next, the last one as long as the one before it.
  func duration(_ place: Int) -> Int64? {
    guard decoded.count > 1 else { return nil }
    return place + 1 < decoded.count ? decoded[place + 1] - decoded[place] : decoded[place] - decoded[place - 1]
  }
}

/// A muxer of libavformat with one stream.
@safe private final class Muxer {
  private var context: UnsafeMutablePointer<AVFormatContext>?
  private let packet: UnsafeMutablePointer<AVPacket>
  private let stream: UnsafeMutablePointer<AVStream>
  private let file: MediaOutput

  init?(_ coding: VideoFormat.Coding, _ header: CodecHeader, _ file: MediaOutput) {
    let (name, codec) =
      switch coding {
      case .h264: ("mp4", AV_CODEC_ID_H264)
      case .h265: ("mp4", AV_CODEC_ID_HEVC)
      case .vp8: ("webm", AV_CODEC_ID_VP8)
      case .vp9: ("webm", AV_CODEC_ID_VP9)
      case .h263, .h263Plus: ("3gp", AV_CODEC_ID_H263)
      case .av1: ("mp4", AV_CODEC_ID_AV1)
      }
    av_log_set_level(AV_LOG_QUIET)
    var made: UnsafeMutablePointer<AVFormatContext>?
    guard unsafe avformat_alloc_output_context2(&made, nil, name, nil) >= 0, let made = unsafe made else { return nil }
    guard let packet = unsafe av_packet_alloc() else {
      unsafe avformat_free_context(made)
      return nil
    }
    guard let stream = unsafe avformat_new_stream(made, nil) else {
      unsafe avformat_free_context(made)
      var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
      unsafe av_packet_free(&packet)
      return nil
    }
    unsafe context = made
    unsafe self.packet = packet
    unsafe self.stream = stream
    self.file = file
    unsafe made.pointee.pb = file.context
    unsafe made.pointee.flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT
    unsafe stream.pointee.time_base = AVRational(num: 1, den: Int32(VideoFormat.clockRate))
    let parameters = unsafe stream.pointee.codecpar
    unsafe parameters?.pointee.codec_type = AVMEDIA_TYPE_VIDEO
    unsafe parameters?.pointee.codec_id = codec
    // `hvc1`, which more players take than `hev1`.
    if coding == .h265 { unsafe parameters?.pointee.codec_tag = 0x3163_7668 }
    unsafe parameters?.pointee.width = Int32(header.size.width)
    unsafe parameters?.pointee.height = Int32(header.size.height)
    guard unsafe CodecMemory.copy(header.bytes, to: parameters), unsafe avformat_write_header(made, nil) >= 0 else {
      return nil
    }
  }

  deinit {
    unsafe avformat_free_context(context)
    var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
    unsafe av_packet_free(&packet)
  }

  func write(_ bytes: [UInt8], isKey: Bool, shown: Int64, decoded: Int64, duration: Int64) -> Bool {
    guard let count = Int32(exactly: bytes.count), unsafe av_new_packet(packet, count) == 0,
      let data = unsafe packet.pointee.data
    else { return false }
    // Safe: the packet has room for `count` bytes.
    unsafe data.update(from: bytes, count: bytes.count)
    unsafe packet.pointee.pts = shown
    unsafe packet.pointee.dts = decoded
    unsafe packet.pointee.duration = duration
    unsafe packet.pointee.flags = isKey ? AV_PKT_FLAG_KEY : 0
    // The header may have chosen another unit of time.
    unsafe av_packet_rescale_ts(
      packet, AVRational(num: 1, den: Int32(VideoFormat.clockRate)), stream.pointee.time_base)
    defer { unsafe av_packet_unref(packet) }
    return unsafe av_write_frame(context, packet) >= 0
  }

  func finish() -> Bool { unsafe av_write_trailer(context) >= 0 }
}

/// Gives libav the bytes of a codec's configuration.
enum CodecMemory {
  static func copy(_ bytes: [UInt8], to parameters: UnsafeMutablePointer<AVCodecParameters>?) -> Bool {
    guard let parameters = unsafe parameters else { return false }
    guard !bytes.isEmpty else { return true }
    guard let memory = unsafe padded(bytes) else { return false }
    unsafe parameters.pointee.extradata = memory
    unsafe parameters.pointee.extradata_size = Int32(bytes.count)
    return true
  }

  /// Memory of libav's own with the bytes and the padding that it asks for; whoever takes it frees it.
  static func padded(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8>? {
    guard let memory = unsafe av_mallocz(bytes.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else { return nil }
    let start = unsafe memory.assumingMemoryBound(to: UInt8.self)
    // Safe: there is room for all bytes.
    unsafe start.update(from: bytes, count: bytes.count)
    return unsafe start
  }
}
