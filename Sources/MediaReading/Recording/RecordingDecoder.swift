import CLibAV

/// A decoder of libavcodec that is open for one stream of a recording, and the frame that it fills.
@safe final class RecordingDecoder {
  let context: UnsafeMutablePointer<AVCodecContext>
  let frame: UnsafeMutablePointer<AVFrame>
  /// libavcodec's name of it.
  let name: String
  let timeBase: AVRational

  /// Nil when libavcodec has no decoder for the stream, or none that opens.
  init?(_ stream: UnsafeMutablePointer<AVStream>, prepare: (inout AVCodecContext) -> Void = { _ in }) {
    guard let parameters = unsafe stream.pointee.codecpar,
      let codec = unsafe RecordingCodec.decoder(for: parameters.pointee),
      let context = unsafe RecordingCodec.open(codec, stream, prepare: prepare)
    else { return nil }
    guard let frame = unsafe av_frame_alloc() else {
      var context: UnsafeMutablePointer<AVCodecContext>? = unsafe context
      unsafe avcodec_free_context(&context)
      return nil
    }
    unsafe self.context = context
    unsafe self.frame = frame
    unsafe name = RecordingFacts.text(codec.pointee.name)
    unsafe timeBase = stream.pointee.time_base
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = unsafe context
    var frame: UnsafeMutablePointer<AVFrame>? = unsafe frame
    unsafe avcodec_free_context(&context)
    unsafe av_frame_free(&frame)
  }
}

/// When and where a packet of a recording stands.
enum PacketPlace {
  /// Microseconds at which it is shown, or else decoded; nil when it has no time.
  static func time(_ packet: UnsafeMutablePointer<AVPacket>, _ base: AVRational) -> Int64? {
    let stamp = unsafe packet.pointee.pts == .min ? packet.pointee.dts : packet.pointee.pts
    return RecordingFacts.microseconds(stamp, base)
  }

  /// Its bytes in the file; nil when the container does not say.
  static func bytes(_ packet: UnsafeMutablePointer<AVPacket>) -> ClosedRange<UInt64>? {
    let (position, size) = unsafe (packet.pointee.pos, Int64(packet.pointee.size))
    guard position >= 0, size > 0, position <= .max - size else { return nil }
    return UInt64(position)...UInt64(position + size - 1)
  }
}
