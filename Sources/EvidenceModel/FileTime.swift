extension CaptureTime {
  /// Makes a time of intervals of 100 ns since 1601 (MS-DTYP, 2.3.3); nil of none, or of one that ours cannot hold.
  public init?(fileTime: UInt64) {
    guard fileTime > 0, let value = Int64(exactly: fileTime) else { return nil }
    let (since, underflow) = value.subtractingReportingOverflow(116_444_736_000_000_000)
    let (nanoseconds, overflow) = since.multipliedReportingOverflow(by: 100)
    guard !underflow, !overflow else { return nil }
    self.init(nanoseconds: nanoseconds)
  }
}
