import ByteReading
import EvidenceModel
import TestSupport
import Testing

@testable import MediaReading

/// Any bytes may come as payloads or parameter sets; none may trap, and no frame grows beyond its limit.
@Suite struct VideoTotalityTests {
  /// Payloads of each coding that hold each of its forms.
  private static let seeds: [VideoFormat.Coding: [[UInt8]]] = [
    .h264: [
      [0x78, 0, 4, 0x67, 1, 2, 3, 0, 2, 0x68, 4], [0x7c, 0x85, 0x88, 1], [0x7c, 0x45, 2], [0x65, 0x88, 1, 2],
    ],
    .h265: [
      [0x60, 1, 0, 3, 0x40, 1, 9, 0, 3, 0x42, 1, 8], [0x62, 1, 0x93, 0x80, 1], [0x62, 1, 0x53, 2], [0x26, 1, 0x80, 3],
    ],
    .vp8: [[0x90, 0xf0, 0x81, 2, 3, 4, 0x30, 1, 0, 0x9d, 1, 0x2a, 0x80, 0, 0x60, 0, 1], [0x80, 0x80, 5, 9]],
    .vp9: [
      [0xba, 0x81, 2, 0, 7, 0x18, 0, 128, 0, 96, 2, 4, 1, 8, 2, 3, 0x82, 0x49, 0x83, 0x42, 0, 7, 0xf0, 5, 0xf0],
      [0xf8, 1, 3, 3, 2, 0x86, 1],
    ],
    .h263: [
      [0x03, 0, 0, 0, 0, 0, 0x80, 0x02, 0x04, 0, 7, 8], [0xa8, 0, 0, 0, 0, 0, 0, 0, 5, 6],
      [0xe8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6],
    ],
    .av1: [
      [0x28, 11, 8, 0, 0, 0, 3, 0xb4, 0xff, 0x70, 6, 0x80, 0x20, 0x30, 0x10, 1, 2, 3],
      [0x68, 12, 10, 10, 0, 0, 0, 3, 0xb4, 0xff, 0x70, 6, 0x80, 0x20, 0x30], [0xd0, 0x10, 1], [0x90, 2],
      [0x00, 2, 0x12, 0, 3, 0x34, 8, 0x30, 0x81, 0, 5],
    ],
    .h263Plus: [[0x04, 0, 0x80, 0x02, 0x1c, 0x98, 0, 0, 0x06, 0x01, 7, 8], [0x06, 0x10, 0, 1, 2, 9]],
  ]

  private static func take(_ payload: [UInt8], _ coding: VideoFormat.Coding, _ draft: inout FrameDraft) {
    var depacketizer = coding.makeDepacketizer()
    // Safe: the view ends before the array does.
    let bytes = unsafe payload.span.bytes
    do throws(ReadError) { try depacketizer.take(bytes, into: &draft) } catch {
      #expect(error.offset <= payload.count)
    }
    #expect(draft.bytes.count <= FrameDraft.maximumBytes)
  }

  @Test(arguments: VideoFormat.Coding.allCases) func anyPayloadIsTakenOrRefused(_ coding: VideoFormat.Coding) {
    var draft = FrameDraft()
    for seed in Self.seeds[coding] ?? [] {
      for length in 1...seed.count { Self.take(Array(seed.prefix(length)), coding, &draft) }
      for place in seed.indices {
        for value in UInt8.min...UInt8.max {
          var changed = seed
          changed[place] = value
          var alone = FrameDraft()
          Self.take(changed, coding, &alone)
          Self.take(changed, coding, &draft)
        }
      }
      draft.empty()
    }
    var generator = SeededGenerator(testSeed("payloads \(coding)"))
    for _ in 0..<20_000 { Self.take(generator.bytes(Int.random(in: 1...40, using: &generator)), coding, &draft) }
  }

  @Test func anyParameterSetIsReadOrRefused() {
    let seed = VideoTests.sequenceSet
    for place in seed.indices {
      for value in UInt8.min...UInt8.max {
        var changed = seed
        changed[place] = value
        _ = try? SequenceParameterSet(h264: changed)
        _ = try? SequenceParameterSet(h265: changed)
        _ = try? SequenceParameterSet(h264: Array(changed.prefix(place)))
      }
    }
    var generator = SeededGenerator(testSeed("parameter sets"))
    for _ in 0..<20_000 {
      let bytes = generator.bytes(Int.random(in: 0...60, using: &generator))
      for set in [try? SequenceParameterSet(h264: [0x67, 100] + bytes), try? SequenceParameterSet(h265: bytes)] {
        guard let set else { continue }
        #expect((1...65_535).contains(set.size.width) && (1...65_535).contains(set.size.height))
      }
    }
  }

  @Test(arguments: VideoFormat.Coding.allCases) func anyStreamGivesATrackAndAFile(_ coding: VideoFormat.Coding) throws {
    var generator = SeededGenerator(testSeed("streams \(coding)"))
    let format = try #require(VideoFormat.named(coding.rawValue))
    let seeds = Self.seeds[coding] ?? []
    for _ in 0..<40 {
      var list: [VideoPackets.Sent] = []
      var timestamp: UInt32 = 1
      var sequence: UInt16 = 65_500
      for _ in 0..<60 {
        sequence &+= Int.random(in: 0..<9, using: &generator) == 0 ? UInt16(generator.next() & 0xffff) : 1
        timestamp &+= Int.random(in: 0..<3, using: &generator) == 0 ? 3_000 : 0
        var payload = seeds.randomElement(using: &generator) ?? [0]
        if Int.random(in: 0..<3, using: &generator) == 0, let place = payload.indices.randomElement(using: &generator) {
          payload[place] = UInt8(truncatingIfNeeded: generator.next())
        }
        list.append(
          .init(payload: payload, timestamp: timestamp, sequence: sequence, marker: generator.next() & 1 == 0))
      }
      let video = try VideoPackets(format, list)
      #expect(video.track.frames.allSatisfy { ($0.state == .leftOut) == ($0.reason != nil) })
      guard let header = CodecHeader(video.track) else { continue }
      let folder = try TemporaryFolder()
      let descriptor = try openedForWriting(folder.write([], "out"))
      defer { closeAgain(descriptor) }
      _ = VideoFile.write(video.track, header, store: video.store, output: descriptor)
      var budget = PictureBudget()
      var pictures = VideoPictures()
      pictures.decode(video.track, header, store: video.store, budget: &budget) { _ in }
      VideoFrameList.write(video.track) { _ in }
    }
  }
}
