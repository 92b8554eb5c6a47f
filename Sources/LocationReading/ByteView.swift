import ByteReading

extension [UInt8] {
  /// The bytes as a view that cannot outlive them.
  var view: RawSpan {
    @_lifetime(borrow self)
    get {
      // Safe: bytes of any value are valid as bytes, and the view borrows the array.
      unsafe span.bytes
    }
  }
}
