import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// What payloaders of GStreamer take apart is put together again, to the byte.
@Suite struct PayloaderTests {
  private static func packets(_ bytes: [UInt8]) -> [VideoPackets.Sent] {
    framed(bytes).filter { $0.count > 12 }.map { packet in
      let timestamp = packet[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
      return VideoPackets.Sent(
        payload: Array(packet[12...]), timestamp: timestamp, sequence: UInt16(packet[2]) << 8 | UInt16(packet[3]),
        marker: packet[1] & 0x80 != 0)
    }
  }

  /// Units behind start codes of three or four bytes.
  private static func units(_ bytes: [UInt8]) -> [[UInt8]] {
    var units: [[UInt8]] = []
    var begin: Int?
    var place = 0
    while place + 3 <= bytes.count {
      guard bytes[place] == 0, bytes[place + 1] == 0, bytes[place + 2] == 1 else {
        place += 1
        continue
      }
      if let begin {
        let unit = bytes[begin..<place]
        units.append(Array(unit.last == 0 ? unit.dropLast() : unit))
      }
      place += 3
      begin = place
    }
    if let begin { units.append(Array(bytes[begin...])) }
    return units
  }

  private static func lengthUnits(_ bytes: [UInt8]) -> [[UInt8]] {
    var units: [[UInt8]] = []
    var place = 0
    while place + 4 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      units.append(Array(bytes[place + 4..<place + 4 + length]))
      place += 4 + length
    }
    return units
  }

  @Test(arguments: [
    ("H264", "x264enc bitrate=200 key-int-max=10 bframes=2", "video/x-h264", "rtph264pay"),
    ("H265", "x265enc bitrate=200 key-int-max=10", "video/x-h265", "rtph265pay"),
  ]) func aggregatesAndFramesInAnotherOrder(_ name: String, _ encoder: String, _ form: String, _ payloader: String)
    throws
  {
    let made = try sentByGStreamer(
      "videotestsrc num-buffers=20 pattern=ball ! video/x-raw,width=176,height=144,framerate=10/1 ! \(encoder) ! "
        + "\(form),stream-format=byte-stream,alignment=au ! tee name=t t. ! queue ! filesink location=coded t. ! queue ! "
        + "\(payloader) aggregate-mode=zero-latency mtu=300 ! rtpstreampay ! filesink location=packets")
    guard let made else { return }
    let format = try #require(VideoFormat.named(name))
    let video = try VideoPackets(format, Self.packets(try made.file("packets")))
    #expect(video.track.frames.count == 20)
    #expect(video.states.allSatisfy { $0 == "kept" })
    let ours = video.track.frames.indices.flatMap { Self.lengthUnits(video.bytes($0) ?? []) }
    #expect(ours == Self.units(try made.file("coded")))
    try checkFile(video, name)
  }

  @Test func theOlderCodingByItsNewerPayloadFormat() throws {
    guard let ffmpeg = program("ffmpeg"), program("gst-launch-1.0") != nil else { return }
    let folder = try TemporaryFolder()
    let path = folder.path("coded.h263")
    let coded = try run(
      ffmpeg,
      ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=176x144:r=10:d=2", "-c:v", "h263", "-b:v", "200k", "-g", "10"]
        + ["-bitexact", "-f", "h263", path])
    #expect(coded.status == 0, "\(coded.errors)")
    let made = try #require(
      try sentByGStreamer(
        "filesrc location=\(path) ! h263parse ! rtph263ppay mtu=300 ! rtpstreampay ! filesink location=packets"))
    let video = try VideoPackets(
      try #require(VideoFormat.named("H263-1998")), Self.packets(try made.file("packets")))
    #expect(video.states.allSatisfy { $0 == "kept" })
    let ours = video.track.frames.indices.flatMap { video.bytes($0) ?? [] }
    #expect(ours == (try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))))
    #expect(video.track.sizes == [PictureSize(width: 176, height: 144)])
    try checkFile(video, "H263")
  }

  /// ffprobe reads as many frames in the file as there are, in the order of their times, and complains of nothing.
  private func checkFile(_ video: VideoPackets, _ name: String) throws {
    let header = try #require(CodecHeader(video.track))
    let folder = try TemporaryFolder()
    let path = try folder.write([], "video")
    let descriptor = try openedForWriting(path)
    defer { closeAgain(descriptor) }
    #expect(VideoFile.write(video.track, header, store: video.store, output: descriptor))
    guard let ffprobe = program("ffprobe") else { return }
    let shown = try run(ffprobe, ["-v", "error", "-show_entries", "frame=pts", "-of", "csv=p=0", path])
    #expect(shown.errors.isEmpty, "\(name): \(shown.errors)")
    let times = shown.lines.compactMap { Int64($0.prefix { $0.isNumber || $0 == "-" }) }
    #expect(times.count == video.track.frames.count)
    let positions = video.track.frames.map(\.position).sorted()
    #expect(times == positions.map { $0 - (positions.first ?? 0) })
  }

  @Test func bytesThatTwoPayloadsShareAreJoined() throws {
    let format = try #require(VideoFormat.named("H263"))
    // 3 bits of the shared byte belong to the second payload.
    let video = try VideoPackets(
      format, sent([[[0x03, 0, 0, 0, 0, 0, 0x80, 0x02, 0x04, 0, 0xa8], [0x28, 0, 0, 0, 0x15, 9]]]))
    #expect(video.bytes(0) == [0, 0, 0x80, 0x02, 0x04, 0, 0xa8 | 5, 9])
    let torn = try VideoPackets(
      format, sent([[[0x03, 0, 0, 0, 0, 0, 0x80, 0x02, 0x04, 0, 0xa8], [0x10, 0, 0, 0, 0x15, 9]]]))
    #expect(torn.states == ["malformed"])
  }
}
