/// Writes numbers and texts in network order, for files that only our own processes read.
struct BinaryWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }

  mutating func write(_ text: String) {
    let units = Array(text.utf8)
    write(UInt32(units.count))
    bytes += units
  }

  mutating func write(raw more: [UInt8]) { bytes += more }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
