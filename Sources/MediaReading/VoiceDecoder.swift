import CLibAV

/// Decodes one stream of voice frames by libavcodec into 16-bit samples of one channel.
@safe final class VoiceDecoder: FrameDecoder {
  private let codec: AudioCodec

  /// Bytes of a frame that are decoded; RTP over UDP holds no more.
  static let maximumBytes = 65_536

  /// Nil when libavcodec lacks the decoder or memory.
  init?(_ format: VoiceFormat) {
    let opened = unsafe AudioCodec(
      Self.identifier(format.coding), sampleRate: format.sampleRate, channels: format.channels
    ) { context in
      if case .g726(let bits, _) = format.coding { unsafe context.bits_per_coded_sample = Int32(bits) }
      if case .ilbc(let milliseconds) = format.coding { unsafe context.block_align = milliseconds == 20 ? 38 : 50 }
    }
    guard let opened else { return nil }
    codec = opened
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
    // Decoded by libopus itself.
    case .opus: AV_CODEC_ID_NONE
    case .linear(let bits): bits == 8 ? AV_CODEC_ID_PCM_U8 : bits == 16 ? AV_CODEC_ID_PCM_S16BE : AV_CODEC_ID_PCM_S24BE
    }
  }

  func interrupt() {}

  /// Appends the samples of a frame; false when libavcodec refuses it.
  func decode(_ bytes: ArraySlice<UInt8>, into samples: inout [Int16]) -> Bool {
    guard !bytes.isEmpty, bytes.count <= Self.maximumBytes else { return false }
    // Safe: the bytes are copied within the closure.
    guard unsafe bytes.withUnsafeBufferPointer({ unsafe codec.send(copying: $0) }) else {
      codec.flush()
      return false
    }
    var isDecoded = false
    while let frame = unsafe codec.receive() { isDecoded = unsafe append(frame, &samples) || isDecoded }
    return isDecoded
  }

  /// Appends the frame's samples, the mean of its channels.
  private func append(_ frame: UnsafeMutablePointer<AVFrame>, _ samples: inout [Int16]) -> Bool {
    let count = unsafe Int(frame.pointee.nb_samples)
    let channels = unsafe Int(frame.pointee.ch_layout.nb_channels)
    guard count > 0, (1...8).contains(channels), unsafe frame.pointee.extended_data != nil else { return false }
    let format = unsafe AVSampleFormat(rawValue: frame.pointee.format)
    let isPlanar = av_sample_fmt_is_planar(format) == 1
    if channels == 1 {
      // Safe: libavcodec gives a pointer for the one plane of the frame.
      guard let data = unsafe frame.pointee.extended_data[0] else { return false }
      return unsafe append(&samples, UnsafeRawPointer(data), count, format)
    }
    var planes: [UnsafeRawPointer] = unsafe []
    for plane in 0..<(isPlanar ? channels : 1) {
      // Safe: libavcodec gives a pointer for each plane of the frame.
      guard let data = unsafe frame.pointee.extended_data[plane] else { return false }
      unsafe planes.append(UnsafeRawPointer(data))
    }
    // Safe: libavcodec says how many samples and channels each plane has, and in which form.
    switch format {
    case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P:
      unsafe append(&samples, planes, count, channels, as: Int16.self) { Int($0) }
    case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P:
      unsafe append(&samples, planes, count, channels, as: Int32.self) { Int($0 >> 16) }
    case AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P:
      unsafe append(&samples, planes, count, channels, as: UInt8.self) { (Int($0) - 128) << 8 }
    case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP:
      unsafe append(&samples, planes, count, channels, as: Float.self) { Int(Self.sample($0)) }
    default: return false
    }
    return true
  }

  /// Appends the samples of the only channel.
  private func append(_ samples: inout [Int16], _ plane: UnsafeRawPointer, _ count: Int, _ format: AVSampleFormat)
    -> Bool
  {
    // Safe: libavcodec says how many samples there are, and in which form.
    switch format {
    case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P:
      let source = unsafe UnsafeBufferPointer(start: plane.assumingMemoryBound(to: Int16.self), count: count)
      unsafe samples.append(contentsOf: source)
    case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P:
      unsafe extend(&samples, plane, count, as: Int32.self) { Int16(truncatingIfNeeded: $0 >> 16) }
    case AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P:
      unsafe extend(&samples, plane, count, as: UInt8.self) { (Int16($0) - 128) << 8 }
    case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP:
      unsafe extend(&samples, plane, count, as: Float.self) { Self.sample($0) }
    default: return false
    }
    return true
  }

  @inline(__always)
  private func extend<Sample: BitwiseCopyable>(
    _ samples: inout [Int16], _ plane: UnsafeRawPointer, _ count: Int, as: Sample.Type, _ sample: (Sample) -> Int16
  ) {
    let source = unsafe plane.assumingMemoryBound(to: Sample.self)
    unsafe withUnsafeTemporaryAllocation(of: Int16.self, capacity: count) { target in
      // Safe: both have as many samples, and all of the target are set before it is read.
      guard let place = target.baseAddress else { return }
      for index in 0..<count { unsafe (place + index).initialize(to: sample(source[index])) }
      unsafe samples.append(contentsOf: UnsafeBufferPointer(target))
    }
  }

  @inline(__always)
  private func append<Sample: BitwiseCopyable>(
    _ samples: inout [Int16], _ planes: [UnsafeRawPointer], _ count: Int, _ channels: Int, as: Sample.Type,
    _ integer: (Sample) -> Int
  ) {
    let size = MemoryLayout<Sample>.size
    let isPlanar = unsafe planes.count > 1
    for index in 0..<count {
      var sum = 0
      for channel in 0..<channels {
        let place = isPlanar ? index : index * channels + channel
        sum += integer(unsafe planes[isPlanar ? channel : 0].load(fromByteOffset: place * size, as: Sample.self))
      }
      samples.append(Int16(clamping: sum / channels))
    }
  }

  /// A sample from -1 to 1 as an integer, to the nearest and of two as near to the even one, as libswresample has it; 0 for no number.
  @inline(__always)
  private static func sample(_ sample: Float) -> Int16 {
    let scaled = sample * 32_768
    let limited = scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled == scaled ? scaled : 0
    // Beside 1.5 * 2^23, a number of single precision has no room for a fraction, and its lowest bits are the integer.
    return Int16(truncatingIfNeeded: Int32(bitPattern: (limited + 12_582_912).bitPattern) &- 0x4b40_0000)
  }
}
