import CLibAV

/// A picture that was decoded from one packet of a recording's video.
public struct KeyFrame: Sendable {
  public let stream: Int
  /// The packet's number within its stream, from 1.
  public let packet: UInt64
  /// Microseconds from the beginning; nil when the packet has no time.
  public let time: Int64?
  /// The packet's bytes in the file; nil when the container does not say.
  public let bytes: ClosedRange<UInt64>?
  /// Pixels.
  public let width: Int
  public let height: Int
  /// The picture as a PNG file: RGB, 8 bits, as it was coded, without turning it for display.
  public let png: [UInt8]
}

/// Decodes some of the key frames of a video stream, each by itself, spread over the recording.
///
/// Nothing of one picture reaches another: the decoder forgets all after each.
@safe final class KeyFrames {
  /// Pictures of one stream.
  static let maximumPictures = 100
  /// Microseconds between two pictures, at least.
  static let leastInterval: Int64 = 5_000_000

  private let stream: Int
  private let decoder: RecordingDecoder
  private let interval: Int64
  private var next = Int64.min
  private(set) var count = 0
  /// Key frames that were to be decoded and gave no picture.
  private(set) var failures = 0

  /// Opens a decoder; nil when libavcodec has none. `duration` is the recording's, in microseconds, where it is known.
  init?(_ stream: UnsafeMutablePointer<AVStream>, index: Int, duration: Int64?) {
    guard let decoder = unsafe RecordingDecoder(stream, prepare: { unsafe $0.skip_frame = AVDISCARD_NONKEY }) else {
      return nil
    }
    self.decoder = decoder
    self.stream = index
    interval = max(Self.leastInterval, (duration ?? 0) / Int64(Self.maximumPictures))
  }

  /// The picture of a packet, where it is a key frame whose turn it is.
  func take(_ packet: UnsafeMutablePointer<AVPacket>, number: UInt64) -> KeyFrame? {
    guard unsafe packet.pointee.flags & AV_PKT_FLAG_KEY != 0, count < Self.maximumPictures else { return nil }
    let time = unsafe PacketPlace.time(packet, decoder.timeBase)
    if let time, next != .min, time < next { return nil }
    if time == nil, count > 0 { return nil }
    let (context, frame) = unsafe (decoder.context, decoder.frame)
    defer {
      unsafe av_frame_unref(frame)
      unsafe avcodec_flush_buffers(context)
    }
    guard let png = unsafe decode(packet) else {
      failures += 1
      return nil
    }
    count += 1
    if let time { next = time.addingReportingOverflow(interval).partialValue }
    return KeyFrame(
      stream: stream, packet: number, time: time, bytes: unsafe PacketPlace.bytes(packet),
      width: unsafe Int(frame.pointee.width), height: unsafe Int(frame.pointee.height), png: png)
  }

  /// Decodes one packet alone into the decoder's frame, and gives it as PNG; nil when it gives no picture.
  private func decode(_ packet: UnsafeMutablePointer<AVPacket>) -> [UInt8]? {
    guard unsafe avcodec_send_packet(decoder.context, packet) == 0 else { return nil }
    unsafe avcodec_send_packet(decoder.context, nil)
    guard unsafe avcodec_receive_frame(decoder.context, decoder.frame) == 0 else { return nil }
    return unsafe PictureWriter.png(decoder.frame)
  }
}
