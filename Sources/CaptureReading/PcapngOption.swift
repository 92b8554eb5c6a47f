import ByteReading

/// One option of a pcapng block (draft-ietf-opsawg-pcapng, 3.5).
struct PcapngOption {
  /// The largest number of options in a block that are read.
  static let maximumCount = 10_000

  let code: UInt16
  let value: [UInt8]

  /// Reads options up to the end mark or the end of the block.
  ///
  /// Damaged ones end the list: nothing behind them is believed, and `isDamaged` tells it.
  static func read(_ reader: inout OrderedReader) -> (list: [PcapngOption], isDamaged: Bool) {
    var options: [PcapngOption] = []
    while reader.remaining >= 4 {
      guard options.count < maximumCount, let code: UInt16 = try? reader.read("option code"),
        let length: UInt16 = try? reader.read("option length")
      else { return (options, true) }
      if code == 0 { return (options, false) }
      guard Int(length) <= reader.remaining, let value = try? reader.take(Int(length), "option value").array()
      else { return (options, true) }
      let padding = (4 - Int(length) % 4) % 4
      if reader.remaining >= padding { try? reader.skip(padding, "option padding") }
      options.append(PcapngOption(code: code, value: value))
    }
    return (options, reader.remaining > 0)
  }

  /// The value as an unsigned number of 1, 2, 4 or 8 bytes in the section's byte order.
  func number(isLittleEndian: Bool) -> UInt64? {
    guard [1, 2, 4, 8].contains(value.count) else { return nil }
    return (isLittleEndian ? value.reversed() : value).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }
}
