/// Decodes one stream of voice frames, each of which may need those before.
protocol FrameDecoder: AnyObject {
  /// Appends the samples of a frame; false when it is refused.
  func decode(_ frame: ArraySlice<UInt8>, into samples: inout [Int16]) -> Bool

  /// Tells that the next frame does not follow the last one.
  func interrupt()
}
