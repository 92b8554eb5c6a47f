import ByteReading

/// What a sequence parameter set says that a container repeats (H.264, 7.3.2.1; H.265, 7.3.2.2).
struct SequenceParameterSet {
  private(set) var size = PictureSize(width: 0, height: 0)
  private(set) var chromaFormat = 1
  private(set) var lumaDepth = 8
  private(set) var chromaDepth = 8
  /// Of H.265: the twelve bytes from the profile to the level, and the number of sub-layers less one.
  private(set) var profile: [UInt8] = []
  private(set) var subLayers = 0
  private(set) var isNested = false

  /// Entries of a list that are passed over.
  private static let maximumEntries = 256

  /// Reads that of H.264.
  init(h264 unit: [UInt8]) throws(ReadError) {
    let payload = Self.unescaped(unit.dropFirst())
    // Safe: the view ends before the array does.
    var bits = unsafe BitReader(payload.span.bytes)
    let profile = try bits.read(8, "profile_idc")
    try bits.skip(16, "constraint flags and level_idc")
    _ = try bits.readExponential("seq_parameter_set_id")
    if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) {
      chromaFormat = try bits.readExponential("chroma_format_idc", limit: 3)
      if chromaFormat == 3 { try bits.skip(1, "separate_colour_plane_flag") }
      lumaDepth = 8 + (try bits.readExponential("bit_depth_luma_minus8", limit: 6))
      chromaDepth = 8 + (try bits.readExponential("bit_depth_chroma_minus8", limit: 6))
      try bits.skip(1, "qpprime_y_zero_transform_bypass_flag")
      if try bits.read(1, "seq_scaling_matrix_present_flag") == 1 {
        for list in 0..<(chromaFormat == 3 ? 12 : 8) where try bits.read(1, "seq_scaling_list_present_flag") == 1 {
          try Self.skipScalingList(list < 6 ? 16 : 64, &bits)
        }
      }
    }
    _ = try bits.readExponential("log2_max_frame_num_minus4")
    switch try bits.readExponential("pic_order_cnt_type", limit: 2) {
    case 0: _ = try bits.readExponential("log2_max_pic_order_cnt_lsb_minus4")
    case 1:
      try bits.skip(1, "delta_pic_order_always_zero_flag")
      for _ in 0..<2 { _ = try bits.readExponential("offset") }
      for _ in 0..<(try bits.readExponential("num_ref_frames_in_pic_order_cnt_cycle", limit: Self.maximumEntries)) {
        _ = try bits.readExponential("offset_for_ref_frame")
      }
    default: break
    }
    _ = try bits.readExponential("max_num_ref_frames")
    try bits.skip(1, "gaps_in_frame_num_value_allowed_flag")
    let width = 16 * (try bits.readExponential("pic_width_in_mbs_minus1", limit: 4_095) + 1)
    let units = try bits.readExponential("pic_height_in_map_units_minus1", limit: 4_095) + 1
    let fields = try bits.read(1, "frame_mbs_only_flag") == 1 ? 1 : 2
    if fields == 2 { try bits.skip(1, "mb_adaptive_frame_field_flag") }
    try bits.skip(1, "direct_8x8_inference_flag")
    let unitX = chromaFormat == 1 || chromaFormat == 2 ? 2 : 1
    let unitY = (chromaFormat == 1 ? 2 : 1) * fields
    try crop(width, 16 * units * fields, unitX, unitY, &bits)
  }

  /// Reads that of H.265.
  init(h265 unit: [UInt8]) throws(ReadError) {
    let payload = Self.unescaped(unit.dropFirst(2))
    // Safe: the view ends before the array does.
    var bits = unsafe BitReader(payload.span.bytes)
    try bits.skip(4, "sps_video_parameter_set_id")
    subLayers = try bits.read(3, "sps_max_sub_layers_minus1")
    isNested = try bits.read(1, "sps_temporal_id_nesting_flag") == 1
    for _ in 0..<12 { profile.append(UInt8(try bits.read(8, "profile_tier_level"))) }
    var present: [(profile: Bool, level: Bool)] = []
    for _ in 0..<subLayers {
      let isProfile = try bits.read(1, "sub_layer_profile_present_flag") == 1
      present.append((isProfile, try bits.read(1, "sub_layer_level_present_flag") == 1))
    }
    if subLayers > 0 { try bits.skip(2 * (8 - subLayers), "reserved_zero_2bits") }
    for layer in present { try bits.skip((layer.profile ? 88 : 0) + (layer.level ? 8 : 0), "sub-layer") }
    _ = try bits.readExponential("sps_seq_parameter_set_id")
    chromaFormat = try bits.readExponential("chroma_format_idc", limit: 3)
    if chromaFormat == 3 { try bits.skip(1, "separate_colour_plane_flag") }
    let width = try bits.readExponential("pic_width_in_luma_samples", limit: 65_535)
    let height = try bits.readExponential("pic_height_in_luma_samples", limit: 65_535)
    let isSmaller = chromaFormat == 1 || chromaFormat == 2
    try crop(width, height, isSmaller ? 2 : 1, chromaFormat == 1 ? 2 : 1, &bits)
    lumaDepth = 8 + (try bits.readExponential("bit_depth_luma_minus8", limit: 8))
    chromaDepth = 8 + (try bits.readExponential("bit_depth_chroma_minus8", limit: 8))
  }

  private mutating func crop(
    _ width: Int, _ height: Int, _ unitX: Int, _ unitY: Int, _ bits: inout BitReader
  ) throws(ReadError) {
    var (left, right, top, bottom) = (0, 0, 0, 0)
    if try bits.read(1, "cropping flag") == 1 {
      left = try bits.readExponential("left offset", limit: 65_535)
      right = try bits.readExponential("right offset", limit: 65_535)
      top = try bits.readExponential("top offset", limit: 65_535)
      bottom = try bits.readExponential("bottom offset", limit: 65_535)
    }
    let shown = PictureSize(width: width - unitX * (left + right), height: height - unitY * (top + bottom))
    guard (1...65_535).contains(shown.width), (1...65_535).contains(shown.height) else {
      throw ReadError(.malformed, at: bits.offset, reading: "size of the picture")
    }
    size = shown
  }

  private static func skipScalingList(_ count: Int, _ bits: inout BitReader) throws(ReadError) {
    var (last, next) = (8, 8)
    for _ in 0..<count {
      if next != 0 {
        let code = try bits.readExponential("delta_scale")
        let delta = code & 1 == 1 ? (code + 1) / 2 : -(code / 2)
        next = (last + delta + 256) % 256
      }
      if next != 0 { last = next }
    }
  }

  /// The bytes without those that keep a unit from looking like the beginning of another (H.264, 7.4.1.1).
  private static func unescaped(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var zeros = 0
    for byte in bytes {
      if zeros >= 2, byte == 3 {
        zeros = 0
        continue
      }
      zeros = byte == 0 ? zeros + 1 : 0
      result.append(byte)
    }
    return result
  }
}

extension BitReader {
  /// Reads a number in exponential Golomb code of up to 32 bits (H.264, 9.1). Throws `malformed` beyond `limit`.
  @_lifetime(self: copy self)
  mutating func readExponential(_ field: StaticString, limit: Int = .max) throws(ReadError) -> Int {
    var zeros = 0
    while try read(1, field) == 0 {
      zeros += 1
      guard zeros <= 31 else { throw ReadError(.malformed, at: offset, reading: field) }
    }
    let value = (1 << zeros) - 1 + (try read(zeros, field))
    guard value <= limit else { throw ReadError(.malformed, at: offset, reading: field) }
    return value
  }
}
