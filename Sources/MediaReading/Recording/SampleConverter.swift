import CLibAV

/// Turns decoded frames into interleaved integers of 16 or 32 bits by libswresample, without dither.
@safe final class SampleConverter {
  private var context: OpaquePointer?
  private var format: Int32 = -1
  private var rate: Int32 = 0
  private var channels: Int32 = 0
  private var order: AVChannelOrder = AV_CHANNEL_ORDER_UNSPEC
  private var mask: UInt64 = 0
  private var width = 0
  private var output: UnsafeMutablePointer<UInt8>?
  private var capacity = 0

  deinit {
    unsafe swr_free(&context)
    unsafe output?.deallocate()
  }

  /// Whether no frame was converted yet.
  var isNew: Bool { format < 0 }

  /// Whether the frame has the form of those before it.
  func fits(_ frame: UnsafeMutablePointer<AVFrame>) -> Bool {
    let layout = unsafe frame.pointee.ch_layout
    return unsafe format == frame.pointee.format && rate == frame.pointee.sample_rate && channels == layout.nb_channels
      && order == layout.order && (order != AV_CHANNEL_ORDER_NATIVE || mask == layout.u.mask)
  }

  /// Prepares for frames of another form; the result has the given rate and number of channels.
  func begin(_ frame: UnsafeMutablePointer<AVFrame>, rate target: Int, channels targetChannels: Int, isWide: Bool) {
    unsafe swr_free(&context)
    unsafe format = frame.pointee.format
    unsafe rate = frame.pointee.sample_rate
    let source = unsafe frame.pointee.ch_layout
    unsafe channels = source.nb_channels
    unsafe order = source.order
    unsafe mask = source.u.mask
    width = targetChannels * (isWide ? 4 : 2)
    var input = unsafe AVChannelLayout()
    unsafe withUnsafe(frame) { unsafe av_channel_layout_copy(&input, $0) }
    if order == AV_CHANNEL_ORDER_UNSPEC { unsafe av_channel_layout_default(&input, channels) }
    var wanted = unsafe AVChannelLayout()
    if Int(channels) == targetChannels {
      unsafe _ = av_channel_layout_copy(&wanted, &input)
    } else {
      unsafe av_channel_layout_default(&wanted, Int32(targetChannels))
    }
    defer {
      unsafe av_channel_layout_uninit(&input)
      unsafe av_channel_layout_uninit(&wanted)
    }
    let status = unsafe swr_alloc_set_opts2(
      &context, &wanted, isWide ? AV_SAMPLE_FMT_S32 : AV_SAMPLE_FMT_S16, Int32(target), &input,
      AVSampleFormat(rawValue: format), rate, 0, nil)
    guard status >= 0, unsafe swr_init(context) >= 0 else { return unsafe swr_free(&context) }
  }

  private func withUnsafe(
    _ frame: UnsafeMutablePointer<AVFrame>, _ body: (UnsafePointer<AVChannelLayout>) -> Int32
  ) {
    var layout = unsafe frame.pointee.ch_layout
    unsafe _ = body(&layout)
  }

  /// The frame's samples, valid until the next call; nil when they cannot be converted.
  func convert(_ frame: UnsafeMutablePointer<AVFrame>) -> UnsafeBufferPointer<UInt8>? {
    let data = unsafe UnsafeMutableRawPointer(frame.pointee.extended_data)?
      .assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
    return unsafe run(data, frame.pointee.nb_samples)
  }

  /// What was held back of frames of another rate; nil when nothing was.
  func finish() -> UnsafeBufferPointer<UInt8>? {
    guard unsafe context != nil else { return nil }
    return unsafe run(nil, 0)
  }

  private func run(
    _ data: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ count: Int32
  ) -> UnsafeBufferPointer<UInt8>? {
    guard let context = unsafe context else { return nil }
    let room = unsafe Int(swr_get_out_samples(context, count))
    guard room > 0, room < 1 << 26, width > 0 else { return nil }
    if capacity < room * width {
      unsafe output?.deallocate()
      unsafe output = .allocate(capacity: room * width)
      capacity = room * width
    }
    // Safe: there is room for what libswresample says that it may give, and it stays until the next call.
    var target = unsafe output
    let made = unsafe swr_convert(context, &target, Int32(room), data, count)
    guard made > 0 else { return nil }
    return unsafe UnsafeBufferPointer(start: output, count: Int(made) * width)
  }
}
