/// Gives a track's samples block by block.
protocol TrackReader: AnyObject {
  /// Blocks and frames that could not be read or decoded.
  var failures: Int { get }

  /// Fills `count` samples from `start`; blocks are asked for in order. What no packet brought is 0.
  func fill(_ samples: UnsafeMutablePointer<Int16>, from start: Int64, count: Int)
}

extension Track {
  /// A reader of its samples, whose payloads come from `payloads`. Nil when libavcodec or memory is lacking.
  func reader(_ payloads: PayloadSource) -> (any TrackReader)? {
    if isSimple { return SimpleTrackReader(self, payloads: payloads) }
    return VoiceTrackReader(self, payloads: payloads)
  }
}
