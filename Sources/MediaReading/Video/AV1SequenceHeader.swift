import ByteReading

/// A sequence header of AV1 (AV1 bitstream specification, 5.5), as far as a file's head repeats it.
struct AV1SequenceHeader {
  let profile: Int
  let isReducedStill: Bool
  /// Level and tier of the first operating point.
  private(set) var level = 0
  private(set) var tier = 0
  let size: PictureSize
  private var isHighDepth = false
  private var isTwelveBit = false
  private var isMonochrome = false
  private var subsampling = (x: 1, y: 1)
  private var samplePosition = 0

  /// Reads the unit's content, behind its header and size.
  init(_ content: RawSpan) throws(ReadError) {
    var bits = BitReader(content)
    profile = try bits.read(3, "seq_profile")
    guard profile <= 2 else { throw ReadError(.unsupported, at: 0, reading: "seq_profile") }
    try bits.skip(1, "still_picture")
    isReducedStill = try bits.read(1, "reduced_still_picture_header") == 1
    if isReducedStill {
      level = try bits.read(5, "seq_level_idx")
    } else {
      (level, tier) = try Self.operatingPoints(&bits)
    }
    let widthBits = try bits.read(4, "frame_width_bits_minus_1") + 1
    let heightBits = try bits.read(4, "frame_height_bits_minus_1") + 1
    let width = try bits.read(widthBits, "max_frame_width_minus_1") + 1
    let height = try bits.read(heightBits, "max_frame_height_minus_1") + 1
    size = PictureSize(width: width, height: height)
    if !isReducedStill, try bits.read(1, "frame_id_numbers_present_flag") == 1 {
      try bits.skip(7, "lengths of frame ids")
    }
    try bits.skip(3, "tools of a sequence")
    if !isReducedStill { try Self.skipTools(&bits) }
    try bits.skip(3, "filters of a sequence")
    try readColours(&bits)
  }

  /// Level and tier of the first operating point; the others are passed over.
  private static func operatingPoints(_ bits: inout BitReader) throws(ReadError) -> (level: Int, tier: Int) {
    var delayBits: Int?
    if try bits.read(1, "timing_info_present_flag") == 1 {
      try bits.skip(64, "timing_info")
      if try bits.read(1, "equal_picture_interval") == 1 { try skipLongNumber(&bits) }
      if try bits.read(1, "decoder_model_info_present_flag") == 1 {
        delayBits = try bits.read(5, "buffer_delay_length_minus_1") + 1
        try bits.skip(42, "decoder_model_info")
      }
    }
    let hasDelays = try bits.read(1, "initial_display_delay_present_flag") == 1
    var first = (level: 0, tier: 0)
    // 32 at the most.
    for point in 0...(try bits.read(5, "operating_points_cnt_minus_1")) {
      try bits.skip(12, "operating_point_idc")
      let level = try bits.read(5, "seq_level_idx")
      let tier = level > 7 ? try bits.read(1, "seq_tier") : 0
      if point == 0 { first = (level, tier) }
      if let delayBits, try bits.read(1, "decoder_model_present_for_this_op") == 1 {
        try bits.skip(2 * delayBits + 1, "operating_parameters_info")
      }
      if hasDelays, try bits.read(1, "initial_display_delay_present_for_this_op") == 1 {
        try bits.skip(4, "initial_display_delay_minus_1")
      }
    }
    return first
  }

  /// Passes over a number with as many zeros before it as it has bits (4.10.3).
  private static func skipLongNumber(_ bits: inout BitReader) throws(ReadError) {
    for zeros in 0..<32 where try bits.read(1, "num_ticks_per_picture_minus_1") == 1 {
      return try bits.skip(zeros, "num_ticks_per_picture_minus_1")
    }
    throw ReadError(.malformed, at: bits.offset, reading: "num_ticks_per_picture_minus_1")
  }

  private static func skipTools(_ bits: inout BitReader) throws(ReadError) {
    try bits.skip(4, "tools between frames")
    let hasOrder = try bits.read(1, "enable_order_hint") == 1
    if hasOrder { try bits.skip(2, "tools by order") }
    var forced = 2
    if try bits.read(1, "seq_choose_screen_content_tools") == 0 {
      forced = try bits.read(1, "seq_force_screen_content_tools")
    }
    if forced > 0, try bits.read(1, "seq_choose_integer_mv") == 0 { try bits.skip(1, "seq_force_integer_mv") }
    if hasOrder { try bits.skip(3, "order_hint_bits_minus_1") }
  }

  /// Reads color_config (5.5.2).
  private mutating func readColours(_ bits: inout BitReader) throws(ReadError) {
    isHighDepth = try bits.read(1, "high_bitdepth") == 1
    if profile == 2, isHighDepth { isTwelveBit = try bits.read(1, "twelve_bit") == 1 }
    if profile != 1 { isMonochrome = try bits.read(1, "mono_chrome") == 1 }
    var isIdentity = false
    if try bits.read(1, "color_description_present_flag") == 1 {
      let primaries = try bits.read(8, "color_primaries")
      let transfer = try bits.read(8, "transfer_characteristics")
      let matrix = try bits.read(8, "matrix_coefficients")
      isIdentity = primaries == 1 && transfer == 13 && matrix == 0
    }
    if isMonochrome { return try bits.skip(1, "color_range") }
    if isIdentity {
      subsampling = (0, 0)
      return
    }
    try bits.skip(1, "color_range")
    switch profile {
    case 0: break
    case 1: subsampling = (0, 0)
    default:
      subsampling = (1, 0)
      if isTwelveBit {
        subsampling.x = try bits.read(1, "subsampling_x")
        subsampling.y = subsampling.x == 1 ? try bits.read(1, "subsampling_y") : 0
      }
    }
    if subsampling == (1, 1) { samplePosition = try bits.read(2, "chroma_sample_position") }
  }

  /// The configuration record of a file, with the unit in it (AV1 in ISO base media files, 2.3.3).
  func record(_ unit: [UInt8]) -> [UInt8] {
    var flags = UInt8(tier) << 7 | (isHighDepth ? 0x40 : 0) | (isTwelveBit ? 0x20 : 0) | (isMonochrome ? 0x10 : 0)
    flags |= UInt8(subsampling.x) << 3 | UInt8(subsampling.y) << 2 | UInt8(samplePosition)
    return [0x81, UInt8(profile) << 5 | UInt8(level), flags, 0] + unit
  }
}
