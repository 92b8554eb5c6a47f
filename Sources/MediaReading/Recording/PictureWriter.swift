import CLibAV

/// Turns decoded pictures into PNG files by libswscale and libavcodec's encoder, without the processor's special instructions.
enum PictureWriter {
  static func png(_ frame: UnsafeMutablePointer<AVFrame>) -> [UInt8]? {
    guard let picture = unsafe rgb(frame) else { return nil }
    defer {
      var picture: UnsafeMutablePointer<AVFrame>? = unsafe picture
      unsafe av_frame_free(&picture)
    }
    return unsafe encode(picture)
  }

  /// The picture in red, green and blue, 8 bits each, without transparency; the caller frees it. Nil when it cannot be converted.
  static func rgb(_ frame: UnsafeMutablePointer<AVFrame>) -> UnsafeMutablePointer<AVFrame>? {
    let (width, height) = unsafe (frame.pointee.width, frame.pointee.height)
    var picture = unsafe av_frame_alloc()
    guard let made = unsafe picture else { return nil }
    unsafe made.pointee.format = AV_PIX_FMT_RGB24.rawValue
    unsafe made.pointee.width = width
    unsafe made.pointee.height = height
    let flags = SWS_BITEXACT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BILINEAR
    guard unsafe av_frame_get_buffer(made, 0) == 0,
      let scaler = unsafe sws_getContext(
        width, height, AVPixelFormat(rawValue: frame.pointee.format), width, height, AV_PIX_FMT_RGB24, flags, nil, nil,
        nil)
    else {
      unsafe av_frame_free(&picture)
      return nil
    }
    defer { unsafe sws_freeContext(scaler) }
    guard unsafe sws_scale_frame(scaler, made, frame) >= 0 else {
      unsafe av_frame_free(&picture)
      return nil
    }
    return unsafe made
  }

  private static func encode(_ picture: UnsafeMutablePointer<AVFrame>) -> [UInt8]? {
    guard let codec = unsafe avcodec_find_encoder(AV_CODEC_ID_PNG), let made = unsafe avcodec_alloc_context3(codec)
    else { return nil }
    var context: UnsafeMutablePointer<AVCodecContext>? = unsafe made
    defer { unsafe avcodec_free_context(&context) }
    unsafe made.pointee.width = picture.pointee.width
    unsafe made.pointee.height = picture.pointee.height
    unsafe made.pointee.pix_fmt = AV_PIX_FMT_RGB24
    unsafe made.pointee.time_base = AVRational(num: 1, den: 1)
    unsafe made.pointee.thread_count = 1
    unsafe made.pointee.flags |= Int32(AV_CODEC_FLAG_BITEXACT)
    unsafe av_opt_set(made.pointee.priv_data, "pred", "up", 0)
    guard unsafe avcodec_open2(made, codec, nil) == 0, let packet = unsafe av_packet_alloc() else { return nil }
    defer {
      var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
      unsafe av_packet_free(&packet)
    }
    guard unsafe avcodec_send_frame(made, picture) == 0, unsafe avcodec_receive_packet(made, packet) == 0,
      let data = unsafe packet.pointee.data
    else { return nil }
    // Safe: the packet holds `size` bytes.
    return unsafe [UInt8](UnsafeBufferPointer(start: data, count: Int(packet.pointee.size)))
  }
}
