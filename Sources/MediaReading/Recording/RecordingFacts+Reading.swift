import CLibAV
import Glibc

extension RecordingFacts {
  private static let noTime = Int64.min

  init(_ context: UnsafeMutablePointer<AVFormatContext>, _ format: UnsafePointer<AVInputFormat>, score: Int) {
    unsafe self.format = Self.text(format.pointee.name)
    unsafe formatDescription = Self.text(format.pointee.long_name)
    probeScore = score
    let file = unsafe context.pointee
    unsafe duration = file.duration == Self.noTime ? nil : max(0, file.duration)
    unsafe isDurationEstimated = file.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE
    unsafe start = file.start_time == Self.noTime ? nil : file.start_time
    unsafe bitRate = max(0, file.bit_rate)
    unsafe programCount = Int(file.nb_programs)
    unsafe tags = Self.tags(file.metadata, &omittedCount)
    let streamCount = unsafe Int(file.nb_streams)
    omittedCount += max(0, streamCount - Self.maximumStreams)
    for index in 0..<min(streamCount, Self.maximumStreams) {
      // Safe: the index is below the count.
      guard let stream = unsafe file.streams[index] else { continue }
      unsafe streams.append(RecordingStream(stream, index: index, &omittedCount))
    }
    let chapterCount = unsafe Int(file.nb_chapters)
    omittedCount += max(0, chapterCount - Self.maximumChapters)
    for index in 0..<min(chapterCount, Self.maximumChapters) {
      // Safe: the index is below the count.
      guard let chapter = unsafe file.chapters[index]?.pointee else { continue }
      unsafe chapters.append(
        Chapter(
          start: Self.microseconds(chapter.start, chapter.time_base) ?? 0,
          end: Self.microseconds(chapter.end, chapter.time_base) ?? 0, tags: Self.tags(chapter.metadata, &omittedCount))
      )
    }
  }

  static func text(_ bytes: UnsafePointer<CChar>?) -> String {
    guard let bytes = unsafe bytes else { return "" }
    return unsafe String(cString: bytes)
  }

  /// The text in an array that libav filled, up to its zero.
  static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func tags(_ dictionary: OpaquePointer?, _ omitted: inout Int) -> [Tag] {
    var result: [Tag] = []
    var entry: UnsafeMutablePointer<AVDictionaryEntry>?
    while let next = unsafe av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX) {
      unsafe entry = next
      guard result.count < maximumTags else {
        omitted += 1
        continue
      }
      unsafe result.append(Tag(name: bytes(next.pointee.key), value: bytes(next.pointee.value)))
    }
    return result
  }

  private static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
    guard let text = unsafe text else { return [] }
    // Safe: the text ends with a zero.
    let count = unsafe strnlen(text, maximumTagBytes)
    return unsafe UnsafeRawBufferPointer(start: text, count: count).map { $0 }
  }

  /// A time of a stream in microseconds; nil when there is none or it is beyond what can be held.
  static func microseconds(_ time: Int64, _ base: AVRational) -> Int64? {
    guard time != noTime, base.num > 0, base.den > 0 else { return nil }
    return Int64(exactly: Int128(time) * Int128(base.num) * 1_000_000 / Int128(base.den))
  }
}

extension RecordingStream {
  private static let maximumExtraBytes = 64 << 20

  init(_ stream: UnsafeMutablePointer<AVStream>, index: Int, _ omitted: inout Int) {
    self.init(index: index)
    guard let parameters = unsafe stream.pointee.codecpar?.pointee else { return }
    unsafe describe(parameters)
    unsafe codecTag = Self.name(ofTag: parameters.codec_tag)
    unsafe duration = RecordingFacts.microseconds(stream.pointee.duration, stream.pointee.time_base)
    unsafe start = RecordingFacts.microseconds(stream.pointee.start_time, stream.pointee.time_base)
    unsafe tags = RecordingFacts.tags(stream.pointee.metadata, &omitted)
    for bit in 0..<31 where unsafe stream.pointee.disposition & (1 << bit) != 0 {
      guard let name = unsafe av_disposition_to_string(1 << bit) else { continue }
      unsafe dispositions.append(String(cString: name))
    }
    switch unsafe parameters.codec_type {
    case AVMEDIA_TYPE_AUDIO: medium = .audio
    case AVMEDIA_TYPE_VIDEO:
      medium = unsafe stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0 ? .picture : .video
      unsafe describePicture(stream, parameters)
    case AVMEDIA_TYPE_SUBTITLE: medium = .subtitle
    case AVMEDIA_TYPE_ATTACHMENT:
      medium = .attachment
      let count = unsafe Int(parameters.extradata_size)
      if count > 0, count <= Self.maximumExtraBytes, let bytes = unsafe parameters.extradata {
        // Safe: the size is that of the bytes.
        unsafe extraBytes = UnsafeBufferPointer(start: bytes, count: count).map { $0 }
      }
    default: medium = .data
    }
  }

  private mutating func describe(_ parameters: AVCodecParameters) {
    if let descriptor = unsafe avcodec_descriptor_get(parameters.codec_id) {
      unsafe codec = RecordingFacts.text(descriptor.pointee.name)
      unsafe codecDescription = RecordingFacts.text(descriptor.pointee.long_name)
    }
    unsafe profile = RecordingFacts.text(avcodec_profile_name(parameters.codec_id, parameters.profile))
    unsafe bitRate = max(0, parameters.bit_rate)
    guard unsafe parameters.codec_type == AVMEDIA_TYPE_AUDIO else { return }
    unsafe sampleRate = Int(max(0, parameters.sample_rate))
    unsafe channels = Int(max(0, parameters.ch_layout.nb_channels))
    var layout = unsafe parameters.ch_layout
    var text = [CChar](repeating: 0, count: 128)
    // Safe: the size is that of the array.
    if unsafe av_channel_layout_describe(&layout, &text, text.count) > 0 {
      channelLayout = RecordingFacts.text(text)
    }
  }

  private mutating func describePicture(_ stream: UnsafeMutablePointer<AVStream>, _ parameters: AVCodecParameters) {
    unsafe width = Int(max(0, parameters.width))
    unsafe height = Int(max(0, parameters.height))
    unsafe pixelFormat = RecordingFacts.text(av_get_pix_fmt_name(AVPixelFormat(rawValue: parameters.format)))
    let rate = unsafe stream.pointee.avg_frame_rate
    if rate.num > 0, rate.den > 0 { frameRate = rate.den == 1 ? "\(rate.num)" : "\(rate.num)/\(rate.den)" }
    var size = 0
    guard let matrix = unsafe av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size), size >= 36 else {
      return
    }
    // Safe: the matrix has nine numbers of 32 bits, and libavformat aligns it.
    let numbers = unsafe UnsafeRawPointer(matrix).assumingMemoryBound(to: Int32.self)
    rotation = unsafe Self.rotation(numbers[0], numbers[1], numbers[3], numbers[4])
  }

  /// Degrees clockwise of a matrix that turns by quarters; 0 of any other.
  private static func rotation(_ a: Int32, _ b: Int32, _ c: Int32, _ d: Int32) -> Int {
    switch (a.signum(), b.signum(), c.signum(), d.signum()) {
    case (0, 1, -1, 0): 90
    case (-1, 0, 0, -1): 180
    case (0, -1, 1, 0): 270
    default: 0
    }
  }

  /// Four printable characters, or a number.
  static func name(ofTag tag: UInt32) -> String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: tag >> (8 * UInt32($0))) }
    guard bytes.allSatisfy({ (0x20...0x7e).contains($0) }) else { return tag == 0 ? "" : String(tag) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
