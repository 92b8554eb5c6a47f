import CLibAV

/// One open decoder of libavcodec, without the processor's special instructions, so that the result is the same on every machine.
@safe final class AudioCodec {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let packet: UnsafeMutablePointer<AVPacket>
  private let frame: UnsafeMutablePointer<AVFrame>

  /// `prepare` sets what the coding needs beside its rate. Nil when libavcodec lacks the decoder or memory.
  init?(
    _ identifier: AVCodecID, sampleRate: UInt32, channels: UInt8 = 1, prepare: (inout AVCodecContext) -> Void = { _ in }
  ) {
    av_force_cpu_flags(0)
    av_log_set_level(AV_LOG_QUIET)
    let codec = unsafe avcodec_find_decoder(identifier)
    guard unsafe codec != nil, let context = unsafe avcodec_alloc_context3(codec),
      let packet = unsafe av_packet_alloc(), let frame = unsafe av_frame_alloc()
    else { return nil }
    unsafe self.context = context
    unsafe self.packet = packet
    unsafe self.frame = frame
    unsafe context.pointee.sample_rate = Int32(sampleRate)
    unsafe context.pointee.thread_count = 1
    unsafe context.pointee.flags |= Int32(AV_CODEC_FLAG_BITEXACT)
    unsafe av_channel_layout_default(&context.pointee.ch_layout, Int32(channels))
    unsafe prepare(&context.pointee)
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

  /// Hands over `count` bytes, behind which stands the padding that libavcodec asks for; false when it refuses them.
  func send(_ bytes: UnsafeMutablePointer<UInt8>, count: Int) -> Bool {
    // Safe: libavcodec reads `size` bytes and the padding behind them.
    unsafe packet.pointee.data = bytes
    unsafe packet.pointee.size = Int32(count)
    return unsafe avcodec_send_packet(context, packet) == 0
  }

  /// The next frame of what was handed over, valid until the next call; nil when there is none.
  func receive() -> UnsafeMutablePointer<AVFrame>? {
    guard unsafe avcodec_receive_frame(context, frame) == 0 else { return nil }
    return unsafe frame
  }

  /// Forgets what came before, after bytes that were refused.
  func flush() { unsafe avcodec_flush_buffers(context) }
}
