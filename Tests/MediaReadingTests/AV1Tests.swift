import ByteReading
import EvidenceModel
import Testing

@testable import MediaReading

/// How payloads of AV1 become temporal units (AOM, RTP Payload Format For AV1, 1.0).
@Suite struct AV1Tests {
  /// A sequence header as Chromium sends it for 160 by 120 pixels, and frames that say no more than their kind.
  static let sequence: [UInt8] = [0x08, 0, 0, 0, 0x03, 0xb4, 0xff, 0x70, 0x06, 0x80, 0x20]
  static let storedSequence: [UInt8] = [0x0a, 10, 0, 0, 0, 0x03, 0xb4, 0xff, 0x70, 0x06, 0x80, 0x20]
  static let key: [UInt8] = [0x30, 0x10, 1, 2, 3]
  static let storedKey: [UInt8] = [0x32, 4, 0x10, 1, 2, 3]
  static let other: [UInt8] = [0x30, 0x30, 4, 5]
  static let storedOther: [UInt8] = [0x32, 3, 0x30, 4, 5]
  static let hidden: [UInt8] = [0x30, 0x20, 6]

  private static func counted(_ head: UInt8, _ units: [UInt8]...) -> [UInt8] {
    [head] + units.dropLast().flatMap { [UInt8($0.count)] + $0 } + (units.last ?? [])
  }

  private static func all(_ units: [UInt8]...) -> [UInt8] { [0] + units.flatMap { [UInt8($0.count)] + $0 } }

  private func packets(_ frames: [[[UInt8]]], without places: [Int] = []) throws -> VideoPackets {
    var list = sent(frames)
    for place in places.reversed() { list.remove(at: place) }
    return try VideoPackets(try #require(VideoFormat.named("AV1")), list)
  }

  @Test func writesTheSizesThatSendersLeaveOut() throws {
    let first = Self.counted(0x28, Self.sequence, Self.key)
    for beginning in [[first], [Self.all(Self.sequence, Self.key)], [Self.all(Self.storedSequence, Self.storedKey)]] {
      let video = try packets([beginning, [Self.counted(0x10, Self.other)]])
      #expect(video.states == ["kept", "kept"])
      #expect(video.track.frames.map(\.isKey) == [true, false])
      #expect(video.bytes(0) == Self.storedSequence + Self.storedKey)
      #expect(video.bytes(1) == Self.storedOther)
      #expect(video.track.sizes == [PictureSize(width: 160, height: 120)])
      let header = try #require(CodecHeader(video.track))
      #expect(header.size == PictureSize(width: 160, height: 120))
      #expect(Array(header.bytes.prefix(4)) == [0x81, 0, 0x0c, 0])
      #expect(Array(header.bytes.dropFirst(4)) == Self.storedSequence)
    }
  }

  @Test func putsFragmentsTogether() throws {
    // The frame goes over three packets; its header with an extension over two.
    let whole = try packets([
      [
        Self.counted(0x68, Self.sequence, Array(Self.key.prefix(1))), [0xd0] + Self.key[1...2],
        Self.counted(0xa0, Array(Self.key[3...]), [0x7a, 1, 9]),
      ],
      [[0x50, 0x34], [0x90, 0x00, 0x30, 7]],
    ])
    #expect(whole.states == ["kept", "kept"])
    #expect(whole.bytes(0) == Self.storedSequence + Self.storedKey + [0x7a, 1, 9])
    #expect(whole.bytes(1) == [0x36, 0x00, 2, 0x30, 7])
    #expect(whole.track.frames.map(\.packets.count) == [3, 2])
  }

  @Test func leavesOutTemporalDelimiters() throws {
    let video = try packets([[Self.all([0x12, 0], Self.sequence, Self.key)], [Self.all([0x10], Self.other)]])
    #expect(video.states == ["kept", "kept"])
    #expect(video.bytes(0) == Self.storedSequence + Self.storedKey)
    #expect(video.bytes(1) == Self.storedOther)
  }

  @Test func longSizesTakeMoreBytes() throws {
    let body = [UInt8](repeating: 0x55, count: 1_000)
    let video = try packets([
      [Self.counted(0x28, Self.sequence, Self.key)], [[0x10, 0x30, 0x30] + body],
    ])
    #expect(video.bytes(1) == [0x32, 0xe9, 0x07, 0x30] + body)
    #expect(AV1Unit.bytes(of: 0) == [0])
    #expect(AV1Unit.bytes(of: 127) == [127])
    #expect(AV1Unit.bytes(of: 128) == [0x80, 1])
  }

  @Test func namesWhatIsMissingAndWhatBuildsOnIt() throws {
    let begin = Self.counted(0x28, Self.sequence, Self.key)
    let frames = [
      [begin], [[0x50] + Self.other, [0x90, 6], [0x10] + [0x20, 1]], [[0x10] + Self.other], [begin],
      [[0x10] + Self.other],
    ]
    #expect(try packets(frames).states == ["kept", "kept", "kept", "kept", "kept"])
    // The first, the middle and the last packet of a frame.
    let headless = try packets(frames, without: [1])
    #expect(headless.states == ["kept", "packetsMissing", "unsure", "kept", "kept"])
    #expect(headless.track.damage.packetCount == 0)
    #expect(try packets(frames, without: [2]).states == ["kept", "packetsMissing", "unsure", "kept", "kept"])
    #expect(try packets(frames, without: [3]).states == ["kept", "packetsMissing", "unsure", "kept", "kept"])
    // A whole frame.
    #expect(try packets(frames, without: [4]).states == ["kept", "kept", "kept", "kept"])
    #expect(try packets(frames, without: [1, 2, 3]).states == ["kept", "unsure", "kept", "kept"])
    // Without the key frame's packet, nothing before the next one can be decoded.
    #expect(
      try packets(frames, without: [0]).states == ["beforeKeyFrame", "beforeKeyFrame", "kept", "kept"])
  }

  @Test func behindALossAFrameMayLackHiddenOnes() throws {
    let begin = Self.counted(0x28, Self.sequence, Self.key)
    let frames = [[begin], [Self.all(Self.hidden, Self.other)], [[0x10] + Self.other], [[0x10] + Self.other]]
    #expect(try packets(frames).states == ["kept", "kept", "kept", "kept"])
    #expect(try packets(frames, without: [2]).states == ["kept", "kept", "packetsMissing"])
    // A higher layer alone shows that the lower one is missing.
    let layers = [[begin], [[0x10] + Self.other], [[0x10, 0x34, 0x08, 0x30, 1]]]
    #expect(try packets(layers).states == ["kept", "kept", "kept"])
    #expect(try packets(layers, without: [1]).states == ["kept", "packetsMissing"])
  }

  @Test(arguments: [
    ([[0x90, 1, 2]] as [[UInt8]], "beginning of a fragmented unit"), ([[0x98, 1]], "N beside Z"),
    ([[0x50, 0x30, 0x30], [0x10, 0x30]], "end of a fragmented unit"), ([[0x10]], "OBU element"),
    ([[0x20, 9, 0x30]], "OBU element"), ([[0x00, 0]], "empty OBU element"),
    ([[0x20, 2, 0x30, 0x30]], "empty OBU element"),
    ([[0x10, 0xb0, 1]], "obu_forbidden_bit"), ([[0x10, 0x34]], "obu_extension_header"),
    ([[0x10, 0x32, 5, 1]], "obu_size"), ([[0x10, 0x30]], "show_existing_frame"),
    ([[0x10, 0x08, 0x60]], "seq_profile"),
    ([[0x00] + [UInt8](repeating: 0xff, count: 8) + [1]], "length of an OBU element"),
  ]) func leavesOutFramesThatContradictTheirFormat(_ payloads: [[UInt8]], _ field: String) throws {
    let begin = Self.counted(0x28, Self.sequence, Self.key)
    let video = try packets([[begin], payloads, [[0x10] + Self.other]])
    #expect(video.states == ["kept", "malformed", "unsure"])
    #expect(video.track.damage.first.hasPrefix(field), "\(video.track.damage.first)")
  }

  @Test func endlessFragmentsMeetTheirLimit() throws {
    let filler = [UInt8](repeating: 0x55, count: 65_000)
    let count = FrameDraft.maximumBytes / 65_000 + 2
    let payloads: [[UInt8]] = [[0x50, 0x30, 0x30] + filler] + Array(repeating: [0xd0] + filler, count: count)
    let begin = Self.counted(0x28, Self.sequence, Self.key)
    #expect(try packets([[begin], payloads, [[0x10] + Self.other]]).states == ["kept", "tooLarge", "unsure"])
  }

  @Test func framesWithoutASequenceHeaderAreNoBeginning() throws {
    let video = try packets([[[0x10] + Self.key], [[0x10] + Self.other]])
    #expect(video.states == ["beforeKeyFrame", "beforeKeyFrame"])
    #expect(CodecHeader(video.track) == nil)
    // A sequence header that came alone goes with the next frame.
    let apart = try packets([[[0x18] + Self.sequence], [[0x10] + Self.key]])
    #expect(apart.states == ["beforeKeyFrame"])
  }
}
