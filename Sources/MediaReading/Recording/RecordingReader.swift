import CLibAV

/// What a recording holds beside sound and moving pictures, handed over as it is met.
public protocol RecordingReceiver: AnyObject {
  /// A picture that belongs to the recording, such as a cover; the bytes are those of a picture file.
  func picture(stream: Int, _ bytes: RawSpan)
  /// A picture of a moving picture.
  func keyFrame(_ frame: KeyFrame)
  /// A line of text with its time in microseconds; the bytes are the packet's.
  func subtitle(stream: Int, start: Int64?, end: Int64?, _ bytes: RawSpan)
  /// Something was read; called often.
  func tick()
}

/// Reads a recording from its beginning to its end, once: decodes its audio and counts everything.
public final class RecordingReader {
  /// What was read of a stream.
  public struct Count: Hashable, Sendable {
    public var packets: UInt64 = 0
    public var bytes: UInt64 = 0
    public var keyPackets: UInt64 = 0
    /// Microseconds: the earliest time of a packet, and the latest end of one.
    public var first: Int64?
    public var end: Int64?
  }

  /// Pictures that are handed over, and bytes of each.
  public static let maximumPictures = 100
  public static let maximumPictureBytes = 64 << 20
  /// Lines of text that are handed over.
  public static let maximumSubtitles = 200_000
  /// Audio streams that are decoded.
  public static let maximumAudios = 16
  /// Video streams of which key frames are decoded.
  public static let maximumVideos = 4
  /// What libavformat said of the container that is kept.
  private static let maximumMessages = 100

  public let file: RecordingFile
  public private(set) var counts: [Count]
  /// The audio that was decoded, in the order of the streams.
  public private(set) var audios: [RecordingAudio] = []
  /// Streams of audio for which libavcodec has no decoder, or none that opens.
  public private(set) var undecoded: [Int] = []
  /// What libavformat said while it read, outside of decoders.
  public private(set) var messages: [String] = []
  public private(set) var messageCount = 0
  public private(set) var pictureCount = 0
  public private(set) var subtitleCount = 0
  private let byteCount: UInt64
  private var audioPlaces: [Int?]
  private var keyFrames: [Int: KeyFrames] = [:]

  public init(_ file: RecordingFile, byteCount: UInt64) {
    self.file = file
    self.byteCount = byteCount
    counts = Array(repeating: Count(), count: file.facts.streams.count)
    audioPlaces = Array(repeating: nil, count: file.facts.streams.count)
  }

  /// Key frames of a video stream that were to be decoded and gave no picture; nil when there is no decoder.
  public func failedPictures(_ stream: Int) -> Int? { keyFrames[stream]?.failures }

  /// Reads everything. `output` gives the file that takes a stream's samples; nil leaves the stream out.
  public func read(output: (Int) -> Int32?, _ receiver: some RecordingReceiver) {
    let said = MediaMessages.begin()
    defer { said.end() }
    for stream in file.facts.streams where stream.medium == .audio {
      guard audios.count < Self.maximumAudios, let opened = unsafe file.stream(stream.index),
        let descriptor = output(stream.index),
        let audio = unsafe RecordingAudio(opened, index: stream.index, output: descriptor, byteCount: byteCount)
      else {
        undecoded.append(stream.index)
        continue
      }
      audioPlaces[stream.index] = audios.count
      audios.append(audio)
    }
    for stream in file.facts.streams where stream.medium == .video && keyFrames.count < Self.maximumVideos {
      guard let opened = unsafe file.stream(stream.index) else { continue }
      keyFrames[stream.index] = unsafe KeyFrames(opened, index: stream.index, duration: file.facts.duration)
    }
    _ = said.take()
    unsafe file.read(said) { packet in
      note(said)
      unsafe take(packet, said, receiver)
      receiver.tick()
    }
    note(said)
    for audio in audios { audio.finish(said) }
  }

  private func note(_ said: MediaMessages) {
    let lines = said.take()
    messageCount += lines.count
    for line in lines where messages.count < Self.maximumMessages && !messages.contains(line) { messages.append(line) }
  }

  private func take(
    _ packet: UnsafeMutablePointer<AVPacket>, _ said: MediaMessages, _ receiver: some RecordingReceiver
  ) {
    let index = unsafe Int(packet.pointee.stream_index)
    guard counts.indices.contains(index), let stream = unsafe file.stream(index) else { return }
    let base = unsafe stream.pointee.time_base
    let start = unsafe PacketPlace.time(packet, base)
    let length = unsafe RecordingFacts.microseconds(packet.pointee.duration, base) ?? 0
    let (end, overflow) = (start ?? 0).addingReportingOverflow(max(0, length))
    counts[index].packets += 1
    counts[index].bytes += UInt64(clamping: unsafe packet.pointee.size)
    if unsafe packet.pointee.flags & AV_PKT_FLAG_KEY != 0 { counts[index].keyPackets += 1 }
    if let start {
      counts[index].first = min(counts[index].first ?? start, start)
      if !overflow { counts[index].end = max(counts[index].end ?? end, end) }
    }
    if let place = audioPlaces[index] { return unsafe audios[place].take(packet, said) }
    if let frames = keyFrames[index] {
      if let frame = unsafe frames.take(packet, number: counts[index].packets) { receiver.keyFrame(frame) }
      // What a picture lacks shows in it; the stream's damage is not measured.
      _ = said.take()
      return
    }
    guard let data = unsafe packet.pointee.data, unsafe packet.pointee.size > 0 else { return }
    // Safe: the packet stays valid within this call.
    let bytes = unsafe RawSpan(_unsafeStart: data, byteCount: Int(packet.pointee.size))
    switch file.facts.streams[index].medium {
    case .picture:
      pictureCount += 1
      guard pictureCount <= Self.maximumPictures, bytes.byteCount <= Self.maximumPictureBytes else { return }
      receiver.picture(stream: index, bytes)
    case .subtitle:
      subtitleCount += 1
      guard subtitleCount <= Self.maximumSubtitles else { return }
      receiver.subtitle(stream: index, start: start, end: start == nil || overflow || length <= 0 ? nil : end, bytes)
    case .audio, .video, .attachment, .data: break
    }
  }
}
