import CLibAV

/// Decodes one stream of voice frames by libavcodec into 16-bit samples of one channel.
///
/// Without the processor's special instructions, so that the result is the same on every machine.
@safe final class VoiceDecoder {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let packet: UnsafeMutablePointer<AVPacket>
  private let frame: UnsafeMutablePointer<AVFrame>
  /// The bytes to decode with the padding that libavcodec asks for.
  private let input: UnsafeMutablePointer<UInt8>

  /// Bytes of a frame that are decoded; RTP over UDP holds no more.
  static let maximumBytes = 65_536

  /// Nil when libavcodec lacks the decoder or memory.
  init?(_ format: VoiceFormat) {
    av_force_cpu_flags(0)
    av_log_set_level(AV_LOG_QUIET)
    let codec = unsafe avcodec_find_decoder(Self.identifier(format.coding))
    guard unsafe codec != nil, let context = unsafe avcodec_alloc_context3(codec),
      let packet = unsafe av_packet_alloc(), let frame = unsafe av_frame_alloc()
    else { return nil }
    unsafe self.context = context
    unsafe self.packet = packet
    unsafe self.frame = frame
    let size = Self.maximumBytes + Int(AV_INPUT_BUFFER_PADDING_SIZE)
    unsafe input = .allocate(capacity: size)
    unsafe input.initialize(repeating: 0, count: size)
    unsafe context.pointee.sample_rate = Int32(format.sampleRate)
    unsafe context.pointee.thread_count = 1
    unsafe context.pointee.flags |= Int32(AV_CODEC_FLAG_BITEXACT)
    unsafe av_channel_layout_default(&context.pointee.ch_layout, Int32(format.channels))
    if case .g726(let bits, _) = format.coding { unsafe context.pointee.bits_per_coded_sample = Int32(bits) }
    if case .ilbc(let milliseconds) = format.coding {
      unsafe context.pointee.block_align = milliseconds == 20 ? 38 : 50
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
    unsafe input.deallocate()
  }

  private static func identifier(_ coding: VoiceFormat.Coding) -> AVCodecID {
    switch coding {
    case .aLaw: AV_CODEC_ID_PCM_ALAW
    case .muLaw: AV_CODEC_ID_PCM_MULAW
    case .g722: AV_CODEC_ID_ADPCM_G722
    case .g7231: AV_CODEC_ID_G723_1
    case .g726(_, let isLittleEndian): isLittleEndian ? AV_CODEC_ID_ADPCM_G726LE : AV_CODEC_ID_ADPCM_G726
    case .g729: AV_CODEC_ID_G729
    case .gsm: AV_CODEC_ID_GSM
    case .amr(let framing): framing.isWide ? AV_CODEC_ID_AMR_WB : AV_CODEC_ID_AMR_NB
    case .ilbc: AV_CODEC_ID_ILBC
    case .speex: AV_CODEC_ID_SPEEX
    case .opus: AV_CODEC_ID_OPUS
    case .linear(let bits): bits == 8 ? AV_CODEC_ID_PCM_U8 : bits == 16 ? AV_CODEC_ID_PCM_S16BE : AV_CODEC_ID_PCM_S24BE
    }
  }

  /// Appends the samples of a frame; false when libavcodec refuses it.
  func decode(_ bytes: ArraySlice<UInt8>, into samples: inout [Int16]) -> Bool {
    guard !bytes.isEmpty, bytes.count <= Self.maximumBytes else { return false }
    var place = 0
    // Safe: the count was checked; behind the bytes there is room for the padding, which is set to zero.
    for byte in bytes {
      unsafe input[place] = byte
      place += 1
    }
    unsafe (input + place).update(repeating: 0, count: Int(AV_INPUT_BUFFER_PADDING_SIZE))
    unsafe packet.pointee.data = input
    unsafe packet.pointee.size = Int32(place)
    guard unsafe avcodec_send_packet(context, packet) == 0 else {
      unsafe avcodec_flush_buffers(context)
      return false
    }
    var isDecoded = false
    while unsafe avcodec_receive_frame(context, frame) == 0 {
      isDecoded = append(&samples) || isDecoded
    }
    return isDecoded
  }

  /// Appends the frame's samples, the mean of its channels.
  private func append(_ samples: inout [Int16]) -> Bool {
    let count = unsafe Int(frame.pointee.nb_samples)
    let channels = unsafe Int(frame.pointee.ch_layout.nb_channels)
    guard count > 0, (1...8).contains(channels), unsafe frame.pointee.extended_data != nil else { return false }
    let format = unsafe AVSampleFormat(rawValue: frame.pointee.format)
    let isPlanar = av_sample_fmt_is_planar(format) == 1
    for index in 0..<count {
      var sum = 0
      for channel in 0..<channels {
        // Safe: libavcodec says how many samples and channels the frame has, and in which form.
        guard let plane = unsafe frame.pointee.extended_data[isPlanar ? channel : 0] else { return false }
        let place = isPlanar ? index : index * channels + channel
        switch format {
        case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P:
          sum += Int(unsafe UnsafeRawPointer(plane).loadUnaligned(fromByteOffset: place * 2, as: Int16.self))
        case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P:
          sum += Int(unsafe UnsafeRawPointer(plane).loadUnaligned(fromByteOffset: place * 4, as: Int32.self) >> 16)
        case AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P: sum += (Int(unsafe plane[place]) - 128) << 8
        case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP:
          sum += Self.integer(unsafe UnsafeRawPointer(plane).loadUnaligned(fromByteOffset: place * 4, as: Float.self))
        default: return false
        }
      }
      samples.append(Int16(clamping: sum / channels))
    }
    return true
  }

  /// A sample from -1 to 1 as an integer, to the nearest, as libswresample has it.
  private static func integer(_ sample: Float) -> Int {
    let scaled = (sample * 32_768).rounded(.toNearestOrEven)
    guard scaled > -32_768 else { return scaled.isNaN ? 0 : -32_768 }
    return scaled < 32_767 ? Int(scaled) : 32_767
  }
}
