import CLibAV

/// Why a file is no recording, or could be read no further as one.
public struct RecordingFault: Error, Hashable, Sendable {
  public enum Code: String, Sendable {
    /// Its bytes are those of no format of recordings.
    case unknownFormat
    /// The format is known; the file lacks what is needed to read it, or contradicts itself.
    case damaged
    /// Reading it took more than its size allows: its parts point back at each other.
    case limit
    /// The system did not give its bytes, or memory.
    case system
  }
  public let code: Code
  /// One sentence without a full stop.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// A recording that libavformat reads by its content alone: a name or an ending says nothing here.
///
/// The library opens nothing beside the given descriptor: references to other files and addresses are refused.
@safe public final class RecordingFile {
  /// Packets that are read of one recording.
  public static let maximumPackets: UInt64 = 500_000_000
  /// Bytes that libavformat or libavcodec may ask for at once.
  static let maximumAllocation = 512 << 20
  /// Below this, libavformat guesses.
  static let leastProbeScore = 26
  private static let probeBytes: UInt32 = 1 << 20
  private static let analysisBytes: Int64 = 16 << 20
  private static let analysisMicroseconds: Int64 = 10_000_000

  public private(set) var facts = RecordingFacts()
  /// Packets that were read.
  public private(set) var packetCount: UInt64 = 0
  /// Why reading ended before the end; nil when it did not.
  public private(set) var fault: RecordingFault?
  let input: MediaInput
  private var context: UnsafeMutablePointer<AVFormatContext>?
  private let packet: UnsafeMutablePointer<AVPacket>
  private var left: UInt64

  /// Opens the recording. Throws `unknownFormat` when it is none. The descriptor stays the caller's.
  public init(descriptor: Int32, byteCount: UInt64) throws(RecordingFault) {
    av_force_cpu_flags(0)
    av_max_alloc(Self.maximumAllocation)
    left = MediaInput.budget(byteCount)
    guard let input = MediaInput(descriptor: descriptor, byteCount: byteCount), let packet = unsafe av_packet_alloc()
    else { throw RecordingFault(.system, "out of memory") }
    self.input = input
    unsafe self.packet = packet
    let messages = MediaMessages.begin()
    defer { messages.end() }
    var format: UnsafePointer<AVInputFormat>?
    // Safe: the context lives as long as `input`, and the name is an empty string.
    let score = unsafe av_probe_input_buffer2(input.context, &format, "", nil, 0, Self.probeBytes)
    guard score >= Self.leastProbeScore, let format = unsafe format, let name = unsafe format.pointee.name,
      !Self.isRefused(unsafe String(cString: name))
    else { throw RecordingFault(.unknownFormat, "its bytes are those of no format of recordings that is known") }
    guard let made = unsafe avformat_alloc_context() else { throw RecordingFault(.system, "out of memory") }
    unsafe Self.prepare(made, input)
    unsafe context = made
    // On failure libavformat frees the context.
    var status = unsafe avformat_open_input(&context, "", format, nil)
    if status == 0 { status = unsafe avformat_find_stream_info(context, nil) }
    guard status >= 0, let opened = unsafe context else {
      throw failure(status, messages) ?? RecordingFault(.damaged, "it cannot be opened")
    }
    unsafe facts = RecordingFacts(opened, format, score: Int(score))
    guard facts.streams.contains(where: { $0.codec != "unknown" && $0.medium != .data }) else {
      throw RecordingFault(.unknownFormat, "it holds no stream of a coding that is known")
    }
  }

  deinit {
    unsafe avformat_close_input(&context)
    var packet: UnsafeMutablePointer<AVPacket>? = unsafe packet
    unsafe av_packet_free(&packet)
  }

  private static func prepare(_ context: UnsafeMutablePointer<AVFormatContext>, _ input: MediaInput) {
    unsafe context.pointee.pb = input.context
    unsafe context.pointee.io_open = { _, _, _, _, _ in exhibit_av_refused }
    unsafe context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT
    unsafe context.pointee.probesize = analysisBytes
    unsafe context.pointee.max_analyze_duration = analysisMicroseconds
    unsafe context.pointee.error_recognition = 0
  }

  /// Formats that are no recordings: lists of other files and addresses, devices, pictures, text, music programs.
  private static func isRefused(_ name: String) -> Bool {
    let first = String(name.prefix { $0 != "," })
    return first.hasSuffix("_pipe") || refused.contains(first)
  }

  private static let refused: Set<String> = [
    "concat", "hls", "dash", "sdp", "rtsp", "rtp", "imf", "image2", "image2pipe", "webm_dash_manifest", "lavfi",
    "data", "ffmetadata", "tty", "bin", "xbin", "adf", "idf", "ico", "gif", "apng", "fits", "alias_pix",
    "brender_pix", "libgme", "libopenmpt", "vobsub", "avisynth", "vapoursynth", "aqtitle", "ass", "jacosub", "lrc",
    "microdvd", "mpl2", "mpsub", "pjs", "realtext", "sami", "scc", "srt", "stl", "subviewer", "subviewer1", "sup",
    "tedcaptions", "vplayer", "webvtt", "codec2raw", "bitpacked", "rawvideo",
  ]

  /// Why a call of libavformat failed; nil at the end of the file.
  private func failure(_ status: Int32, _ messages: MediaMessages) -> RecordingFault? {
    if input.isExhausted || left == 0 {
      return RecordingFault(.limit, "reading it takes more than its size allows: its parts point back at each other")
    }
    if input.systemError != 0 {
      return RecordingFault(.system, "the system does not give its bytes from some place on")
    }
    if status == exhibit_av_end_of_file, packetCount > 0 { return nil }
    let words = messages.take().first ?? Self.words(status)
    return RecordingFault(.damaged, words)
  }

  static func words(_ status: Int32) -> String {
    var text = [CChar](repeating: 0, count: 256)
    // Safe: the size is that of the array.
    guard unsafe av_strerror(status, &text, text.count) == 0 else { return "error \(status)" }
    return RecordingFacts.text(text)
  }

  /// Hands over each packet of the recording in turn, valid within the call.
  ///
  /// `fault` says afterwards whether it ended early. `body` gets what libavformat said in the meantime.
  func read(_ messages: MediaMessages, _ body: (UnsafeMutablePointer<AVPacket>) -> Void) {
    guard let context = unsafe context else { return }
    while fault == nil {
      let status = unsafe av_read_frame(context, packet)
      guard status >= 0 else {
        fault = failure(status, messages)
        return
      }
      packetCount += 1
      let size = UInt64(clamping: unsafe packet.pointee.size)
      guard left > size + 64, packetCount < Self.maximumPackets else {
        left = 0
        fault = failure(0, messages)
        unsafe av_packet_unref(packet)
        return
      }
      left -= size + 64
      unsafe body(packet)
      unsafe av_packet_unref(packet)
    }
  }

  /// The stream of libavformat at `index`; nil when there is none.
  func stream(_ index: Int) -> UnsafeMutablePointer<AVStream>? {
    guard let context = unsafe context, index >= 0, index < Int(unsafe context.pointee.nb_streams) else { return nil }
    // Safe: the index is below the count.
    return unsafe context.pointee.streams[index]
  }

  /// Byte at which libavformat stands in the file.
  public var position: UInt64 {
    guard let io = unsafe input.context else { return 0 }
    return UInt64(clamping: unsafe avio_seek(io, 0, SEEK_CUR))
  }
}
