import ByteReading

/// What stands at the head of a file about its video: the size of the pictures and the parameter sets.
public struct CodecHeader: Sendable {
  public let size: PictureSize
  /// The configuration record (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1); empty of codings that need none.
  let bytes: [UInt8]
  /// Whether its parameter sets came in the media; else in the signalling.
  public let isFromMedia: Bool
  /// Whether the signalling names other parameter sets than came in the media.
  public let isSignallingDifferent: Bool

  /// Nil when a track does not say what pictures it holds: no parameter sets, or no key frame.
  public init?(_ track: VideoTrack) {
    switch track.format.coding {
    case .vp8, .vp9, .h263, .h263Plus:
      guard let size = track.sizes.first, size.width > 0, size.height > 0,
        track.frames.contains(where: { $0.isKey && $0.state != .leftOut })
      else { return nil }
      self.init(size: size, bytes: [], isFromMedia: true, isSignallingDifferent: false)
    case .h264: self.init(track, kinds: [7, 8], mask: 0x1f, shift: 0)
    case .h265: self.init(track, kinds: [32, 33, 34], mask: 0x3f, shift: 1)
    case .av1:
      // The first one, which the first frames have; newer ones stand among the frames.
      guard let unit = track.firstParameterSet, let sequence = try? Self.sequence(unit),
        track.frames.contains(where: { $0.isKey && $0.state != .leftOut })
      else { return nil }
      self.init(size: sequence.size, bytes: sequence.record(unit), isFromMedia: true, isSignallingDifferent: false)
    }
  }

  /// Reads a sequence header of AV1 with its header and size.
  private static func sequence(_ unit: [UInt8]) throws(ReadError) -> AV1SequenceHeader {
    // Safe: the view ends before the array does.
    let bytes = unsafe unit.span.bytes
    var reader = ByteReader(bytes)
    try reader.skip(try AV1Unit(bytes).headerLength, "obu_header")
    _ = try AV1Unit.number(&reader, "obu_size")
    return try AV1SequenceHeader(reader.takeRest())
  }

  private init(size: PictureSize, bytes: [UInt8], isFromMedia: Bool, isSignallingDifferent: Bool) {
    self.size = size
    self.bytes = bytes
    self.isFromMedia = isFromMedia
    self.isSignallingDifferent = isSignallingDifferent
  }

  private init?(_ track: VideoTrack, kinds: [UInt8], mask: UInt8, shift: UInt8) {
    func sets(_ list: [[UInt8]], _ kind: UInt8) -> [[UInt8]] {
      list.filter { ($0.first ?? 0) >> shift & mask == kind }
    }
    let media = kinds.map { sets(track.parameterSets, $0) }
    let signalled = kinds.map { sets(track.format.parameterSets, $0) }
    isFromMedia = media.allSatisfy { !$0.isEmpty }
    isSignallingDifferent = zip(media, signalled).contains { media, signalled in
      !media.isEmpty && !signalled.isEmpty && !signalled.contains { media.contains($0) }
    }
    var chosen = zip(media, signalled).map { $0.isEmpty ? $1 : $0 }
    // A record counts 31 sets at most of a kind; of sets with one number the file's frames bring the newer ones themselves.
    chosen = chosen.map { Array($0.prefix(31)) }
    guard chosen.allSatisfy({ !$0.isEmpty }) else { return nil }
    do throws(ReadError) {
      if kinds.count == 2 {
        let sequence = try SequenceParameterSet(h264: chosen[0][0])
        size = sequence.size
        bytes = Self.h264(chosen, sequence)
      } else {
        let sequence = try SequenceParameterSet(h265: chosen[1][0])
        size = sequence.size
        bytes = Self.h265(chosen, sequence)
      }
    } catch { return nil }
    guard !bytes.isEmpty else { return nil }
  }

  private static func h264(_ sets: [[[UInt8]]], _ sequence: SequenceParameterSet) -> [UInt8] {
    let first = sets[0][0]
    guard first.count >= 4 else { return [] }
    var bytes: [UInt8] = [1, first[1], first[2], first[3], 0xff, 0xe0 | UInt8(sets[0].count)]
    for unit in sets[0] { append(unit, to: &bytes) }
    bytes.append(UInt8(sets[1].count))
    for unit in sets[1] { append(unit, to: &bytes) }
    if [100, 110, 122, 144].contains(first[1]) {
      bytes += [0xfc | UInt8(sequence.chromaFormat), 0xf8 | UInt8(sequence.lumaDepth - 8)]
      bytes += [0xf8 | UInt8(sequence.chromaDepth - 8), 0]
    }
    return bytes
  }

  private static func h265(_ sets: [[[UInt8]]], _ sequence: SequenceParameterSet) -> [UInt8] {
    var bytes: [UInt8] = [1] + sequence.profile
    bytes += [0xf0, 0, 0xfc, 0xfc | UInt8(sequence.chromaFormat), 0xf8 | UInt8(sequence.lumaDepth - 8)]
    bytes += [0xf8 | UInt8(sequence.chromaDepth - 8), 0, 0]
    bytes.append(UInt8(sequence.subLayers + 1) << 3 | (sequence.isNested ? 4 : 0) | 3)
    bytes.append(3)
    for (kind, units) in zip([32, 33, 34] as [UInt8], sets) {
      bytes += [kind, 0, UInt8(units.count)]
      for unit in units { append(unit, to: &bytes) }
    }
    return bytes
  }

  private static func append(_ unit: [UInt8], to bytes: inout [UInt8]) {
    bytes += [UInt8(truncatingIfNeeded: unit.count >> 8), UInt8(truncatingIfNeeded: unit.count)]
    bytes += unit
  }
}
