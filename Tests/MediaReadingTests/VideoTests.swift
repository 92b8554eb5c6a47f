import ByteReading
import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// How payloads of video become frames, and what is said of those that are not whole.
@Suite struct VideoTests {
  /// A sequence and a picture parameter set as x264 makes them for 128 by 96 pixels.
  static let sequenceSet: [UInt8] = [
    0x67, 0x42, 0xd0, 0x0b, 0xda, 0x08, 0x36, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0x52,
    0x3c, 0x48, 0x9a, 0x80, 0x00,
  ]
  static let pictureSet: [UInt8] = [0x68, 0xce, 0x32, 0xc8]
  static let key: [UInt8] = [0x65, 0x88, 0x84, 0x01, 0x02]
  static let other: [UInt8] = [0x41, 0x9a, 0x03]
  static let disposable: [UInt8] = [0x01, 0x9a, 0x04]

  private static func prefixed(_ units: [UInt8]...) -> [UInt8] {
    units.flatMap { [0, 0, UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
  }

  private static func aggregate(_ units: [UInt8]...) -> [UInt8] {
    [0x78] + units.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
  }

  @Test func putsUnitsAggregatesAndFragmentsTogether() throws {
    let format = try #require(VideoFormat.named("H264"))
    let video = try VideoPackets(
      format,
      sent([
        [
          Self.aggregate(Self.sequenceSet, Self.pictureSet), [0x7c, 0x85, 0x88], [0x7c, 0x05, 0x84, 0x01],
          [0x7c, 0x45, 2],
        ],
        [Self.other],
      ]))
    #expect(video.states == ["kept", "kept"])
    #expect(video.bytes(0) == Self.prefixed(Self.sequenceSet, Self.pictureSet, Self.key))
    #expect(video.bytes(1) == Self.prefixed(Self.other))
    #expect(video.track.frames[0].isKey)
    #expect(video.track.frames.map(\.packets.count) == [4, 1])
    let header = try #require(CodecHeader(video.track))
    #expect(header.size == PictureSize(width: 128, height: 96))
    #expect(header.isFromMedia)
  }

  @Test func parameterSetsAloneGoWithTheNextFrame() throws {
    let format = try #require(VideoFormat.named("H264"))
    let video = try VideoPackets(format, sent([[Self.sequenceSet], [Self.pictureSet], [Self.key], [Self.other]]))
    #expect(video.states == ["kept", "kept"])
    #expect(video.bytes(0) == Self.prefixed(Self.sequenceSet, Self.pictureSet, Self.key))
    #expect(video.track.frames[0].packets.count == 3)
  }

  @Test func takesParameterSetsOfTheSignallingAndTellsOfOthers() throws {
    let sets = [Self.sequenceSet, Self.pictureSet].map { Data($0).base64EncodedString() }.joined(separator: ",")
    let format = try #require(VideoFormat.named("H264", "packetization-mode=1;sprop-parameter-sets=\(sets),!!"))
    #expect(format.parameterSets == [Self.sequenceSet, Self.pictureSet])
    let video = try VideoPackets(format, sent([[Self.key], [Self.other]]))
    let header = try #require(CodecHeader(video.track))
    #expect(!header.isFromMedia)
    #expect(!header.isSignallingDifferent)
    var changed = Self.sequenceSet
    changed[3] = 0x0c
    let lying = try VideoPackets(format, sent([[changed, Self.pictureSet, Self.key]]))
    #expect(CodecHeader(lying.track)?.isSignallingDifferent == true)
    let bare = try VideoPackets(try #require(VideoFormat.named("H264")), sent([[Self.key], [Self.other]]))
    #expect(CodecHeader(bare.track) == nil)
  }

  @Test func refusesWhatItDoesNotPutTogether() {
    #expect(VideoFormat.named("H264", "packetization-mode=2") == nil)
    #expect(VideoFormat.named("H265", "sprop-max-don-diff=3") == nil)
    #expect(VideoFormat(.init(type: 96, encoding: "VP8", clockRate: 8_000)) == nil)
    #expect(VideoFormat.named("RTX") == nil)
  }

  @Test(arguments: [
    ([[0x7c, 0x05, 1]] as [[UInt8]], "beginning of a fragmented unit"), ([[0x78, 0, 9, 1]], "aggregated unit"),
    ([[0x78]], "aggregated unit"), ([[0xe5, 0x88]], "forbidden_zero_bit"), ([[0x60, 1]], "NAL unit type"),
    ([[0x79, 0, 0, 1]], "packet type of the interleaved mode"), ([[0x7c]], "FU header"), ([[0x7c, 0x85]], "fragment"),
    ([[0x7c, 0x85, 0x88], [0x41, 0x9a]], "end of a fragmented unit"),
  ]) func leavesOutFramesThatContradictTheirFormat(_ payloads: [[UInt8]], _ field: String) throws {
    let format = try #require(VideoFormat.named("H264"))
    let video = try VideoPackets(
      format, sent([[Self.sequenceSet, Self.pictureSet, Self.key], payloads, [Self.other]]))
    #expect(video.states == ["kept", "malformed", "unsure"])
    #expect(video.track.damage.packetCount == 1)
    #expect(video.track.damage.first.hasPrefix(field), "\(video.track.damage.first)")
    let open = try VideoPackets(format, sent([[[0x7c, 0x85, 0x88]]]))
    #expect(open.states == ["malformed"])
  }

  @Test func namesWhatIsMissingAndWhatBuildsOnIt() throws {
    let format = try #require(VideoFormat.named("H264"))
    let head = Self.aggregate(Self.sequenceSet, Self.pictureSet)
    let frames = [[head, Self.key], [Self.other, Self.other], [Self.other], [head, Self.key], [Self.other]]
    var list = sent(frames, from: 65_533)
    // The second packet of the second frame: number 0, over the wrap.
    list.remove(at: 3)
    let video = try VideoPackets(format, list)
    #expect(video.states == ["kept", "packetsMissing", "unsure", "kept", "kept"])
    #expect(video.track.gaps.map(\.firstSequence) == [0])
    #expect(video.track.gaps.map(\.lastSequence) == [0])
    #expect(video.track.gaps[0].neighbours.count == 2)
    // A whole frame is missing: nobody can say how many, and the others are whole.
    list = sent(frames)
    list.removeSubrange(2...3)
    let whole = try VideoPackets(format, list)
    #expect(whole.states == ["kept", "unsure", "kept", "kept"])
    #expect(whole.track.missingPackets == 2)
    // A key frame that lacks its parameter sets is whole and not sure.
    list = sent(frames)
    list.remove(at: 5)
    #expect(try VideoPackets(format, list).states == ["kept", "kept", "kept", "unsure", "unsure"])
  }

  @Test func framesThatNoOtherBuildsOnSpoilNone() throws {
    let format = try #require(VideoFormat.named("H264"))
    var list = sent([
      [Self.sequenceSet, Self.pictureSet, Self.key], [Self.disposable, Self.disposable, Self.disposable], [Self.other],
    ])
    list.remove(at: 4)
    #expect(try VideoPackets(format, list).states == ["kept", "packetsMissing", "kept"])
  }

  @Test func leavesOutWhatStandsBeforeTheFirstKeyFrame() throws {
    let format = try #require(VideoFormat.named("H264"))
    let video = try VideoPackets(
      format, sent([[Self.other], [Self.other], [Self.sequenceSet, Self.pictureSet, Self.key], [Self.other]]))
    #expect(video.states == ["beforeKeyFrame", "beforeKeyFrame", "kept", "kept"])
    #expect(try VideoPackets(format, sent([[Self.other], [Self.other]])).states == ["unsure", "unsure"])
    let simple = try #require(VideoFormat.named("VP8"))
    #expect(try VideoPackets(simple, sent([[[0x10, 0x31, 1]]])).states == ["beforeKeyFrame"])
  }

  @Test func otherMediaInTheNumberingIsNoLoss() throws {
    let format = try #require(VideoFormat.named("H264"))
    var list = sent([[Self.sequenceSet, Self.pictureSet, Self.key], [Self.other], [Self.other]])
    list[3].type = 97
    let video = try VideoPackets(format, list)
    #expect(video.states == ["kept", "kept"])
    #expect(video.track.missingPackets == 0)
  }

  @Test func endlessFragmentsMeetTheirLimit() throws {
    let format = try #require(VideoFormat.named("H264"))
    let filler = [UInt8](repeating: 0x55, count: 65_000)
    let count = FrameDraft.maximumBytes / 65_000 + 2
    var payloads: [[UInt8]] = [[0x7c, 0x85] + filler]
    payloads += Array(repeating: [0x7c, 0x05] + filler, count: count)
    let video = try VideoPackets(format, sent([payloads, [Self.other]]))
    #expect(video.states == ["tooLarge", "unsure"])
  }

  @Test func hugePicturesAreRefused() throws {
    let format = try #require(VideoFormat.named("VP8"))
    let header: [UInt8] = [0x50, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f]
    let video = try VideoPackets(format, sent([[[0x10] + header + [UInt8](repeating: 7, count: 64)]]))
    #expect(video.states == ["kept"])
    let codec = try #require(CodecHeader(video.track))
    #expect(codec.size == PictureSize(width: 16_383, height: 16_383))
    var pictures = VideoPictures()
    var budget = PictureBudget()
    pictures.decode(video.track, codec, store: video.store, budget: &budget) { _ in Issue.record("a picture") }
    #expect(pictures.failureCount == 1)
  }

  @Test func readsTheDescriptorOfVP8() throws {
    let format = try #require(VideoFormat.named("VP8"))
    let key: [UInt8] = [0x30, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x00, 0x60, 0x40, 0x01]
    let long: [UInt8] = [0x90, 0xf0, 0x81, 0x02, 0x03, 0x04]
    let video = try VideoPackets(format, sent([[long + key, [0x80, 0x80, 0x05, 9, 9]], [[0x10, 0x31, 1, 2]]]))
    #expect(video.states == ["kept", "kept"])
    #expect(video.bytes(0) == key + [9, 9])
    #expect(video.track.sizes == [PictureSize(width: 128, height: 96)])
    var list = sent([[long + key, [0x00, 9]], [[0x10, 0x31, 1], [0x00, 2]]])
    list.remove(at: 2)
    // What is left does not begin a frame.
    #expect(try VideoPackets(format, list).states == ["kept", "packetsMissing"])
  }

  @Test func layersOfVP9AreOnePicture() throws {
    let format = try #require(VideoFormat.named("VP9"))
    let key: [UInt8] = [0x82, 0x49, 0x83, 0x42, 0, 0x07, 0xf0, 0x05, 0xf0, 9]
    // Sizes of two layers; then the upper layer in two packets.
    let structure: [UInt8] = [0x30, 0, 128, 0, 96, 1, 0, 0, 192]
    let lower = [0x2e, 0x00, 0] + structure + key
    let frames: [[[UInt8]]] = [
      [lower, [0x28, 0x02, 0, 0x87, 1], [0x24, 0x02, 0, 2]],
      [[0x6c, 0x00, 0, 0x87, 3], [0x6c, 0x03, 0, 0x87, 4, 5]],
      [[0x6c, 0x00, 0, 0x87, 6]],
    ]
    let video = try VideoPackets(format, sent(frames))
    #expect(video.states == ["kept", "kept", "kept"])
    #expect(video.bytes(0) == key + [0x87, 1, 2] + [0xc1, 10, 3, 0xc1])
    #expect(video.bytes(1) == [0x87, 3, 0x87, 4, 5, 0xc1, 2, 3, 0xc1])
    #expect(video.bytes(2) == [0x87, 6])
    #expect(video.track.frames.map(\.spatialLayers) == [3, 3, 1])
    #expect(video.track.sizes == [PictureSize(width: 256, height: 192)])
    for (gone, states) in [
      (0, ["packetsMissing", "beforeKeyFrame", "beforeKeyFrame"]),
      (1, ["packetsMissing", "beforeKeyFrame", "beforeKeyFrame"]),
      (2, ["packetsMissing", "beforeKeyFrame", "beforeKeyFrame"]), (3, ["kept", "packetsMissing", "unsure"]),
      (4, ["kept", "packetsMissing", "unsure"]),
    ] {
      var list = sent(frames)
      list.remove(at: gone)
      let cut = try VideoPackets(format, list)
      #expect(cut.states == states, "\(gone)")
      #expect(cut.track.damage.packetCount == 0)
    }
    // Layers in the wrong order, one without an end, a packet of another layer, an index within a layer.
    for odd: [[UInt8]] in [
      [[0x6c, 0x02, 0, 0x87, 3], [0x6c, 0x00, 0, 0x87, 4]], [[0x68, 0x00, 0, 0x87, 3], [0x6c, 0x02, 0, 0x87, 4]],
      [[0x68, 0x00, 0, 0x87, 3], [0x64, 0x02, 0, 4]],
      [[0x6c, 0x00, 0, 0x87, 0xc0, 1, 0xc0], [0x6c, 0x02, 0, 0x87, 4]],
    ] {
      #expect(try VideoPackets(format, sent([frames[0], odd])).states == ["kept", "malformed"])
    }
  }

  @Test func framesThatAreShownInAnotherOrderKeepTheirTimes() {
    let times = FrameTimes([0, 9_000, 3_000, 6_000, 18_000])
    #expect(times.shown == [0, 9_000, 3_000, 6_000, 18_000])
    #expect(times.decoded == [-3_000, 0, 3_000, 6_000, 15_000])
    #expect(zip(times.decoded, times.shown).allSatisfy { $0 <= $1 })
    #expect(FrameTimes([5, 5, 5]).shown == [0, 1, 2])
  }
}
