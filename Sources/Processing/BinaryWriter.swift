/// Writes numbers and texts in network order, for files that only our own processes read.
struct BinaryWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write<T: FixedWidthInteger>(_ value: T) {
    // Safe: the copy is made within the closure.
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func write(_ text: String) {
    let units = Array(text.utf8)
    write(UInt32(units.count))
    bytes += units
  }

  mutating func write(raw more: [UInt8]) { bytes += more }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
