import CLibAV

/// Chooses and opens decoders of libavcodec for recordings, so that the same bytes come out on every machine.
enum RecordingCodec {
  /// Samples of one frame, and pixels of one picture.
  private static let maximumSamples: Int64 = 1 << 22
  private static let maximumPixels: Int64 = 1 << 27

  /// Decoders that compute in integers, where libavcodec has one beside that in floating point.
  private static let integerDecoders: [AVCodecID.RawValue: String] = [
    AV_CODEC_ID_AAC.rawValue: "aac_fixed", AV_CODEC_ID_AC3.rawValue: "ac3_fixed", AV_CODEC_ID_MP3.rawValue: "mp3",
    AV_CODEC_ID_MP2.rawValue: "mp2", AV_CODEC_ID_MP1.rawValue: "mp1", AV_CODEC_ID_MP3ADU.rawValue: "mp3adu",
    AV_CODEC_ID_MP3ON4.rawValue: "mp3on4",
  ]

  /// The decoder for a stream; nil when libavcodec has none. Of Opus it is libopus, for libavcodec's own reads packets with copies of
  /// others wrongly.
  static func decoder(for parameters: AVCodecParameters) -> UnsafePointer<AVCodec>? {
    let identifier = unsafe parameters.codec_id
    // Another decoder of Opus gives noise without saying so.
    if identifier == AV_CODEC_ID_OPUS { return unsafe avcodec_find_decoder_by_name("libopus") }
    if let name = integerDecoders[identifier.rawValue], unsafe !needsFloats(parameters),
      let codec = unsafe avcodec_find_decoder_by_name(name)
    {
      return unsafe codec
    }
    return unsafe avcodec_find_decoder(identifier)
  }

  /// AAC Main and LTP predict, which the integer decoder does not.
  private static func needsFloats(_ parameters: AVCodecParameters) -> Bool {
    guard unsafe parameters.codec_id == AV_CODEC_ID_AAC else { return false }
    return unsafe parameters.profile == FF_PROFILE_AAC_MAIN || parameters.profile == FF_PROFILE_AAC_LTP
  }

  /// Opens a decoder for a stream, for one thread; nil when it refuses. The caller frees the context.
  static func open(
    _ codec: UnsafePointer<AVCodec>, _ stream: UnsafeMutablePointer<AVStream>,
    prepare: (inout AVCodecContext) -> Void = { _ in }
  ) -> UnsafeMutablePointer<AVCodecContext>? {
    var context = unsafe avcodec_alloc_context3(codec)
    guard let made = unsafe context else { return nil }
    guard unsafe avcodec_parameters_to_context(made, stream.pointee.codecpar) >= 0 else {
      unsafe avcodec_free_context(&context)
      return nil
    }
    unsafe made.pointee.pkt_timebase = stream.pointee.time_base
    unsafe settle(&made.pointee)
    unsafe prepare(&made.pointee)
    guard unsafe avcodec_open2(made, codec, nil) == 0 else {
      unsafe avcodec_free_context(&context)
      return nil
    }
    return unsafe made
  }

  /// Sets what makes a decoder give the same on every machine, and what bounds it.
  static func settle(_ context: inout AVCodecContext) {
    unsafe context.thread_count = 1
    unsafe context.flags |= Int32(AV_CODEC_FLAG_BITEXACT)
    // Sums that the format carries are checked; what they contradict is told, and decoded all the same.
    unsafe context.err_recognition = AV_EF_CRCCHECK
    unsafe context.max_samples = maximumSamples
    unsafe context.max_pixels = maximumPixels
  }

  /// Bits of the samples that are kept: what the recording has where nothing is lost, else 16.
  static func bits(_ context: UnsafeMutablePointer<AVCodecContext>, _ parameters: AVCodecParameters) -> Int {
    guard let descriptor = unsafe avcodec_descriptor_get(parameters.codec_id),
      unsafe descriptor.pointee.props & AV_CODEC_PROP_LOSSY == 0
    else { return 16 }
    switch unsafe av_get_packed_sample_fmt(context.pointee.sample_fmt) {
    case AV_SAMPLE_FMT_S32:
      let raw = unsafe context.pointee.bits_per_raw_sample
      return raw > 0 && raw <= 24 ? 24 : 32
    case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_DBL, AV_SAMPLE_FMT_S64: return 32
    default: return 16
    }
  }
}
