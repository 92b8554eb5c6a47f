import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Video in calls of real programs, through the whole program.
@Suite struct CallVideoTests {
  struct Coding: CustomTestStringConvertible, Sendable {
    let sample: String
    let name: String
    let suffix: String
    /// GStreamer's depayloader, and what its frames are to look like.
    let depayloader: String
    let form: String
    let isUnits: Bool
    var testDescription: String { sample }
  }

  static let codings = [
    Coding(
      sample: "vp8-call.pcap", name: "VP8", suffix: "webm", depayloader: "rtpvp8depay", form: "", isUnits: false),
    Coding(
      sample: "vp9-call.pcap", name: "VP9", suffix: "webm", depayloader: "rtpvp9depay", form: "", isUnits: false),
    Coding(
      sample: "h264-call.pcap", name: "H264", suffix: "mp4", depayloader: "rtph264depay",
      form: "video/x-h264,stream-format=byte-stream,alignment=nal", isUnits: true),
    Coding(
      sample: "h265-call.pcap", name: "H265", suffix: "mp4", depayloader: "rtph265depay",
      form: "video/x-h265,stream-format=byte-stream,alignment=nal", isUnits: true),
    Coding(
      sample: "h263-call.pcap", name: "H263", suffix: "3gp", depayloader: "rtph263depay", form: "", isUnits: false),
  ]

  private static func videos(_ result: DuplicateTests.Run) -> [(stream: Fields, video: Fields)] {
    result.records("rtp-stream").flatMap { stream in stream.objects("video").map { (stream, $0) } }
  }

  private static func file(_ result: DuplicateTests.Run, _ video: Fields, _ suffix: String) throws -> String {
    let sha256 = try #require(video.text("videoSha256"))
    return "\(result.bundle)/data/artefacts/\(sha256.prefix(2))/\(sha256).\(suffix)"
  }

  /// The coded bytes of a file's frames, one after another, as ffmpeg takes them out.
  private static func frames(_ path: String) throws -> [UInt8]? {
    guard let ffmpeg = program("ffmpeg") else { return nil }
    let made = try run(ffmpeg, ["-v", "error", "-i", path, "-map", "0:v", "-c", "copy", "-f", "data", "-"])
    #expect(made.status == 0, "\(made.errors)")
    return made.output
  }

  /// The units of H.264 and H.265 behind four bytes of length each.
  private static func units(_ bytes: [UInt8]) -> [[UInt8]] {
    var units: [[UInt8]] = []
    var place = 0
    while place + 4 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard place + 4 + length <= bytes.count else { break }
      units.append(Array(bytes[place + 4..<place + 4 + length]))
      place += 4 + length
    }
    return units
  }

  /// Those behind start codes.
  private static func startedUnits(_ bytes: [UInt8]) -> [[UInt8]] {
    var units: [[UInt8]] = []
    var begin: Int?
    var place = 0
    while place + 4 <= bytes.count {
      if bytes[place] == 0, bytes[place + 1] == 0, bytes[place + 2] == 0, bytes[place + 3] == 1 {
        if let begin { units.append(Array(bytes[begin..<place])) }
        begin = place + 4
        place += 4
      } else {
        place += 1
      }
    }
    if let begin { units.append(Array(bytes[begin...])) }
    return units
  }

  @Test(arguments: codings) func givesTheBytesThatGStreamersDepayloaderGives(_ coding: Coding) throws {
    let capture = try EditedCapture(coding.sample)
    let result = try DuplicateTests.Run([capture.bytes])
    let videos = Self.videos(result)
    #expect(videos.count == 2)
    #expect(Set(videos.map { $0.stream.text("party") }) == ["caller", "called"])
    for (stream, video) in videos {
      #expect(video["codec"] == .text(coding.name))
      #expect(video["framesLeftOut"] == 0)
      #expect(video["framesUnsure"] == 0)
      #expect(video["packetsMissing"] == 0)
      #expect(video["width"] == 128)
      #expect(video["height"] == 96)
      #expect(stream["audioSha256"] == nil)
      #expect(!video.objects("pictures").isEmpty)
      let path = try Self.file(result, video, coding.suffix)
      guard let ours = try Self.frames(path), let gstreamer = program("gst-launch-1.0") else { continue }
      let folder = try TemporaryFolder()
      let source = try folder.write(capture.bytes, "call.pcap")
      let port = try #require(stream.text("source")?.split(separator: ":").last)
      let form = coding.form.isEmpty ? [] : ["!", coding.form]
      let made = try run(
        gstreamer,
        ["-q", "filesrc", "location=\(source)", "!", "pcapparse", "src-port=\(port)", "!"]
          + ["application/x-rtp,media=video,clock-rate=90000,encoding-name=\(coding.name)", "!", coding.depayloader]
          + form + ["!", "filesink", "location=\(folder.path("out"))"])
      #expect(made.status == 0, "\(made.errors)")
      let theirs = try [UInt8](Data(contentsOf: folder.url("out")))
      #expect(!theirs.isEmpty)
      if coding.isUnits {
        #expect(Self.units(ours) == Self.startedUnits(theirs))
      } else {
        #expect(ours == theirs)
      }
      // All frames give pictures.
      let probe = try run(
        try #require(program("ffprobe")),
        ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path])
      #expect(probe.errors.isEmpty, "\(probe.errors)")
      #expect(probe.lines.first.flatMap { Int64($0) } == video.integer("frames"))
    }
    #expect(result.records("finding").isEmpty)
  }

  @Test func theReportShowsTheVideoAndWhatIsMissing() throws {
    var capture = try EditedCapture("vp8-call.pcap")
    // A packet in the middle of each stream.
    for place in capture.videos.values.map({ $0[$0.count / 2] }).sorted(by: >) { capture.packets.remove(at: place) }
    let made = try DuplicateTests.Run([capture.bytes])
    let page = try String(contentsOfFile: "\(made.bundle)/report/calls.html", encoding: .utf8)
    for (_, video) in Self.videos(made) {
      let path = try Self.file(made, video, "webm").dropFirst(made.bundle.count + 1)
      #expect(page.contains("src=\"../\(path)\""))
      let gap = try #require(video.objects("gaps").first)
      #expect(page.contains("number \(gap.integer("firstSequence") ?? -1)<"))
      #expect(video.objects("unsureRanges").count == 1)
    }
    #expect(page.contains("<video controls preload=\"none\""))
    #expect(page.contains("aria-label=\"Video of the caller\""))
    #expect(page.contains("packets missing: 1"))
    #expect(page.contains("alt=\"Picture of the video of the caller\""))
    #expect(page.contains("<h3>Voice and video packets</h3>"))
  }

  @Test(arguments: codings) func damagedPayloadsEndNothing(_ coding: Coding) throws {
    var capture = try EditedCapture(coding.sample)
    var generator = SeededGenerator(testSeed("damaged \(coding.name)"))
    for place in capture.videos.values.flatMap({ $0 }).sorted() {
      for _ in 0..<3 {
        let byte = Int.random(in: 70..<min(90, capture.packets[place].bytes.count), using: &generator)
        capture.packets[place].bytes[byte] = UInt8(truncatingIfNeeded: generator.next())
      }
    }
    let result = try DuplicateTests.Run([capture.bytes])
    let videos = Self.videos(result)
    #expect(videos.count == 2)
    for (_, video) in videos {
      let kinds = ["framesKept", "framesUnsure", "framesLeftOut"].map { video.integer($0) ?? 0 }
      #expect(kinds.reduce(0, +) == video.integer("frames"))
      #expect(video.integer("packetsMissing") == 0)
    }
    #expect(!result.records("finding").contains { $0.text("code")?.contains("crash") == true })
  }

  @Test func opensVideoThatSignalledKeysProtect() throws {
    let result = try DuplicateTests.Run([try EditedCapture("vp8-srtp-call.pcap").bytes])
    let videos = Self.videos(result)
    #expect(videos.count == 2)
    for (stream, video) in videos {
      #expect(stream.text("encryption") == "AES_CM_128_HMAC_SHA1_80")
      #expect(video["framesLeftOut"] == 0)
      let ours = try Self.frames(try Self.file(result, video, "webm"))
      #expect(ours?.isEmpty != true)
    }
  }

  @Test(arguments: codings) func namesExactlyThePacketsThatAreMissing(_ coding: Coding) throws {
    let whole = try EditedCapture(coding.sample)
    var generator = SeededGenerator(testSeed("missing \(coding.name)"))
    var dropped: [UInt32: Set<UInt16>] = [:]
    var doubled: [UInt32: Int64] = [:]
    var cut = whole
    var gone: Set<Int> = []
    for (identifier, places) in whole.videos {
      for place in places.dropFirst().dropLast() where Int.random(in: 0..<12, using: &generator) == 0 {
        gone.insert(place)
        dropped[identifier, default: []].insert(try #require(whole.packets[place].rtp).sequence)
      }
    }
    var list: [EditedCapture.Packet] = []
    for (place, packet) in whole.packets.enumerated() where !gone.contains(place) {
      list.append(packet)
      guard let rtp = packet.rtp, rtp.type >= 96, place % 9 == 0 else { continue }
      // Sent twice, in an IP packet of its own; else it would be one packet that was recorded twice.
      var copy = packet
      copy.bytes[34] ^= 0x55
      copy.bytes[40] ^= 0x55
      list.append(copy)
      doubled[rtp.identifier, default: 0] += 1
    }
    // Neighbours change places, and with them their times.
    for place in stride(from: 20, to: list.count - 1, by: 7) where list[place].rtp != nil && list[place + 1].rtp != nil
    {
      list.swapAt(place, place + 1)
    }
    cut.packets = list
    let result = try DuplicateTests.Run([cut.bytes])
    for (stream, video) in Self.videos(result) {
      let identifier = try #require(UInt32(stream.text("identifier")?.dropFirst(2) ?? "", radix: 16))
      var stated: Set<UInt16> = []
      for gap in video.objects("gaps") {
        var number = UInt16(truncatingIfNeeded: gap.integer("firstSequence") ?? 0)
        for _ in 0..<(gap.integer("count") ?? 0) {
          stated.insert(number)
          number &+= 1
        }
      }
      #expect(stated == dropped[identifier, default: []])
      #expect(video.integer("packetsMissing") == Int64(dropped[identifier, default: []].count))
      #expect(stream.integer("packetsLost") == video.integer("packetsMissing"))
      #expect(stream.integer("packetsDuplicate") == doubled[identifier, default: 0])
      try checkFrames(result, video, whole, dropped[identifier, default: []], identifier)
    }
    let findings = result.records("finding").compactMap { $0.text("code") }
    #expect(dropped.isEmpty || findings.contains("video/packetsMissing"))
  }

  /// No frame that lacks a packet stands as whole, and all that lack none and touch no gap are in the file.
  private func checkFrames(
    _ result: DuplicateTests.Run, _ video: Fields, _ whole: EditedCapture, _ dropped: Set<UInt16>, _ identifier: UInt32
  ) throws {
    let sha256 = try #require(video.text("frameListSha256"))
    let text = try String(
      contentsOfFile: "\(result.bundle)/data/artefacts/\(sha256.prefix(2))/\(sha256).ndjson", encoding: .utf8)
    var states: [UInt32: (state: String, reason: String)] = [:]
    for line in text.split(separator: "\n").dropFirst() {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      states[try #require(object["timestamp"] as? UInt32)] = (
        object["state"] as? String ?? "", object["reason"] as? String ?? ""
      )
    }
    var damaged: Set<UInt32> = []
    var touched: Set<UInt32> = []
    let packets = whole.packets.compactMap(\.rtp).filter { $0.identifier == identifier }
    for packet in packets where dropped.contains(packet.sequence) { damaged.insert(packet.timestamp) }
    for (former, next) in zip(packets, packets.dropFirst()) {
      if dropped.contains(former.sequence) { touched.insert(next.timestamp) }
      if dropped.contains(next.sequence) { touched.insert(former.timestamp) }
    }
    for (timestamp, frame) in states {
      if damaged.contains(timestamp) {
        #expect(frame.state != "kept")
      } else if !touched.contains(timestamp) {
        #expect(frame.state != "leftOut" || frame.reason == "beforeKeyFrame")
      }
    }
  }
}

/// The same bytes whatever the number of workers.
@Suite struct CallVideoOrderTests {
  @Test func workersChangeNothing() throws {
    let bytes = try EditedCapture("h264-call.pcap").bytes
    let one = try DuplicateTests.Run([bytes], jobs: 1)
    let many = try DuplicateTests.Run([bytes], jobs: 4)
    for kind in ["rtp-stream", "video-picture", "artefact", "sip-call"] {
      #expect(one.records(kind) == many.records(kind))
    }
    #expect(one.records("video-picture").count == 2)
  }
}
