import CLibAV

/// One open decoder of libavcodec, without the processor's special instructions, so that the result is the same on every machine.
@safe final class AudioCodec {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let packet: UnsafeMutablePointer<AVPacket>
  private let frame: UnsafeMutablePointer<AVFrame>

  /// Room for the packets of most codings.
  private static let usualBytes = 1_500

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

  /// Copies bytes and hands them over; false when libavcodec refuses them.
  ///
  /// The copy stands in memory that libavcodec shares, and that is used again when it no longer does.
  func send(copying bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)
    if let held = unsafe packet.pointee.buf,
      unsafe held.pointee.size < bytes.count + padding || av_buffer_is_writable(held) == 0
    {
      unsafe av_packet_unref(packet)
    }
    if unsafe packet.pointee.buf == nil {
      unsafe packet.pointee.buf = av_buffer_alloc(max(bytes.count, Self.usualBytes) + padding)
    }
    guard let buffer = unsafe packet.pointee.buf, let data = unsafe buffer.pointee.data, let source = bytes.baseAddress
    else { return false }
    // Safe: there is room for the bytes and the padding, and nobody else uses it.
    unsafe data.update(from: source, count: bytes.count)
    unsafe (data + bytes.count).update(repeating: 0, count: padding)
    return unsafe send(data, count: bytes.count)
  }

  /// The next frame of what was handed over, valid until the next call; nil when there is none.
  func receive() -> UnsafeMutablePointer<AVFrame>? {
    guard unsafe avcodec_receive_frame(context, frame) == 0 else { return nil }
    return unsafe frame
  }

  /// Forgets what came before, after bytes that were refused.
  func flush() { unsafe avcodec_flush_buffers(context) }
}
