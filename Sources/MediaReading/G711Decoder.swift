import CLibAV

/// Decodes G.711 (ITU-T G.711) by libavcodec, a block at a time; table look-ups, so exact on every machine.
@safe final class G711Decoder {
  enum Law: Hashable { case a, mu }

  private let context: UnsafeMutablePointer<AVCodecContext>
  private let packet: UnsafeMutablePointer<AVPacket>
  private let frame: UnsafeMutablePointer<AVFrame>

  /// Nil when libavcodec lacks the decoder or memory.
  init?(_ law: Law) {
    av_force_cpu_flags(0)
    let codec = unsafe avcodec_find_decoder(law == .a ? AV_CODEC_ID_PCM_ALAW : AV_CODEC_ID_PCM_MULAW)
    guard unsafe codec != nil, let context = unsafe avcodec_alloc_context3(codec),
      let packet = unsafe av_packet_alloc(),
      let frame = unsafe av_frame_alloc()
    else { return nil }
    unsafe context.pointee.sample_rate = 8_000
    unsafe av_channel_layout_default(&context.pointee.ch_layout, 1)
    guard unsafe avcodec_open2(context, codec, nil) == 0 else { return nil }
    unsafe self.context = context
    unsafe self.packet = packet
    unsafe self.frame = frame
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = unsafe context
    var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
    var frame: UnsafeMutablePointer<AVFrame>? = unsafe frame
    unsafe avcodec_free_context(&context)
    unsafe av_packet_free(&packet)
    unsafe av_frame_free(&frame)
  }

  /// Decodes `count` bytes into as many samples; both buffers hold at least that many. False when libavcodec refuses.
  func decode(_ codes: UnsafeMutablePointer<UInt8>, _ count: Int, into samples: UnsafeMutablePointer<Int16>) -> Bool {
    // Safe: libavcodec reads `size` bytes; behind them stands the padding that it asks for.
    unsafe packet.pointee.data = codes
    unsafe packet.pointee.size = Int32(count)
    guard unsafe avcodec_send_packet(context, packet) == 0 else { return false }
    var done = 0
    while done < count, unsafe avcodec_receive_frame(context, frame) == 0 {
      let made = unsafe min(Int(frame.pointee.nb_samples), count - done)
      guard made > 0, let data = unsafe frame.pointee.data.0 else { break }
      unsafe data.withMemoryRebound(to: Int16.self, capacity: made) { source in
        unsafe (samples + done).update(from: source, count: made)
      }
      done += made
    }
    return done == count
  }
}
