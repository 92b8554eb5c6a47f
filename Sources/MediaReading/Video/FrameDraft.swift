import ByteReading

/// The frame in hand, as its payloads are put together.
struct FrameDraft {
  /// Its coded bytes; of H.264 and H.265 each unit with four bytes of length before it.
  private(set) var bytes: [UInt8] = []
  /// Whether it can be decoded without any other frame.
  var isKey = false
  /// Whether it holds a picture, and not only what describes pictures.
  var hasPicture = false
  /// Whether no other frame can refer to it, because decoders do not keep it.
  var isDisposable = false
  /// Whether its first payload shows that nothing of it stands before.
  var isBegun = false
  /// Whether it shows, too, that no parameter sets stand before.
  var isHeadWhole = false
  /// Whether something of it may stand before that its first payload does not tell of, once packets are missing there.
  var isBeginningUnsure = false
  /// Whether a sequence header of AV1 stands among its units.
  var hasSequenceHeader = false
  /// The spatial layers whose frames it holds, a bit each.
  var spatialLayers: UInt8 = 0
  /// Where the frames of its layers begin, of codings that tell their sizes in an index, and whether the newest is whole.
  private var layerStarts: [Int] = []
  var isLayerEnded = false
  /// Pixels of the layers' pictures, where its payloads give them.
  var layerSizes: [PictureSize] = []
  /// Pixels, where a key frame says so itself.
  var size: PictureSize?
  /// Parameter sets among its units.
  var parameterSets: [[UInt8]] = []
  /// Where the unit begins whose fragments are still to come.
  private var openUnit: Int?
  /// Bytes of a unit whose size must stand before it, and whose fragments are still to come.
  private var partial: [UInt8] = []

  /// Bytes of one frame; the largest that H.264's levels allow for is smaller.
  static let maximumBytes = 32 << 20
  /// Parameter sets of one frame that are kept for the file's head; all of them stay in the frame.
  static let maximumParameterSets = 64

  /// What a fault is about when a fragment came without the one that begins its unit.
  static let missingBeginning: StaticString = "beginning of a fragmented unit"

  var isUnitOpen: Bool { openUnit != nil || !partial.isEmpty }

  /// Adds bytes as they are.
  mutating func append(_ more: RawSpan) throws(ReadError) {
    guard more.byteCount <= Self.maximumBytes - bytes.count else {
      throw ReadError(.limitExceeded, at: 0, reading: "frame")
    }
    // Safe: the copy is made within the closure.
    unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// Adds bytes to the unit that is kept apart until it is whole.
  mutating func appendPartial(_ more: RawSpan) throws(ReadError) {
    // A unit grows by its size, which takes 8 bytes at the most.
    guard more.byteCount <= Self.maximumBytes - 8 - bytes.count - partial.count else {
      throw ReadError(.limitExceeded, at: 0, reading: "frame")
    }
    // Safe: the copy is made within the closure.
    unsafe more.withUnsafeBytes { unsafe partial.append(contentsOf: $0) }
  }

  /// Gives up the unit that is kept apart.
  mutating func takePartial() -> [UInt8] {
    defer { partial = [] }
    return partial
  }

  /// Takes the bits of the last byte that `mask` names, and sets the others from `byte`.
  mutating func join(_ byte: UInt8, mask: UInt8) {
    guard let last = bytes.popLast() else { return }
    bytes.append(last & mask | byte & ~mask)
  }

  /// Adds a whole unit with its length.
  mutating func appendUnit(_ unit: RawSpan) throws(ReadError) {
    try beginUnit([])
    try append(unit)
    endUnit()
  }

  /// Begins a unit of which `header` is put together from the first fragment.
  mutating func beginUnit(_ header: [UInt8]) throws(ReadError) {
    guard openUnit == nil else { throw ReadError(.malformed, at: 0, reading: "end of a fragmented unit") }
    guard bytes.count + 8 <= Self.maximumBytes else { throw ReadError(.limitExceeded, at: 0, reading: "frame") }
    openUnit = bytes.count
    bytes += [0, 0, 0, 0]
    bytes += header
  }

  /// Ends the unit that was begun, and gives where it stands, without its length.
  @discardableResult
  mutating func endUnit() -> Range<Int>? {
    guard let start = openUnit else { return nil }
    openUnit = nil
    let length = UInt32(clamping: bytes.count - start - 4)
    for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * place)) }
    return start + 4..<bytes.count
  }

  /// Begins the frame of a spatial layer, 0 to 7.
  mutating func beginLayer(_ layer: Int) {
    spatialLayers |= 1 << UInt8(layer)
    layerStarts.append(bytes.count)
  }

  /// Adds the index that tells a decoder where the frames of several layers begin (VP9 bitstream specification, annex B).
  ///
  /// Throws when one of them has such an index itself, for nothing can hold an index within another.
  mutating func endLayers() throws(ReadError) {
    guard layerStarts.count > 1 else { return }
    let sizes = zip(layerStarts, layerStarts.dropFirst() + [bytes.count]).map { $1 - $0 }
    for end in layerStarts.dropFirst() + [bytes.count] where bytes[end - 1] & 0xe0 == 0xc0 {
      let last = bytes[end - 1]
      let length = 2 + (Int(last >> 3 & 3) + 1) * (Int(last & 7) + 1)
      if length <= end, bytes[end - length] == last {
        throw ReadError(.unsupported, at: 0, reading: "superframe within a spatial layer")
      }
    }
    if isKey, let top = layerSizes.indices.last(where: { spatialLayers >> UInt8($0) & 1 == 1 }) {
      size = layerSizes[top]
    }
    var magnitude = 1
    while magnitude < 4, sizes.contains(where: { $0 >> (8 * magnitude) > 0 }) { magnitude += 1 }
    let marker = 0xc0 | UInt8(magnitude - 1) << 3 | UInt8(sizes.count - 1)
    bytes.append(marker)
    for size in sizes {
      for place in 0..<magnitude { bytes.append(UInt8(truncatingIfNeeded: size >> (8 * place))) }
    }
    bytes.append(marker)
  }

  /// Gives up its bytes; what is known of the frame stays.
  mutating func empty() {
    bytes = []
    partial = []
    layerStarts = []
    openUnit = nil
  }

  mutating func keepParameterSet(_ unit: [UInt8]) {
    guard unit.count <= VideoFormat.maximumParameterBytes, parameterSets.count < Self.maximumParameterSets else {
      return
    }
    parameterSets.append(unit)
  }
}

/// Width and height of a picture in pixels.
public struct PictureSize: Hashable, Sendable {
  public let width: Int
  public let height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// Takes payloads of one coding apart and puts them into the frame that they belong to.
protocol Depacketizer: Sendable {
  /// Adds a payload, which is not empty. Throws when it contradicts its format; its frame is then not whole.
  mutating func take(_ payload: RawSpan, into draft: inout FrameDraft) throws(ReadError)
}

extension VideoFormat.Coding {
  /// Whether the first payload of every frame says that it is; slices of H.264 and H.265 may come in any order.
  var showsBeginning: Bool { self != .h264 && self != .h265 }

  func makeDepacketizer() -> any Depacketizer {
    switch self {
    case .h264: H264Depacketizer()
    case .h265: H265Depacketizer()
    case .vp8: VP8Depacketizer()
    case .vp9: VP9Depacketizer()
    case .h263: H263Depacketizer(isPlus: false)
    case .h263Plus: H263Depacketizer(isPlus: true)
    case .av1: AV1Depacketizer()
    }
  }
}
