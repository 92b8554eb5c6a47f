import EvidenceModel

/// Lists a track's frames, one JSON object a line: when, how large, whether in the file, and from which packets.
public enum VideoFrameList {
  /// Gives the list line by line, in the order in which the frames are decoded.
  public static func write(_ track: VideoTrack, body: (RawSpan) -> Void) {
    var head: Fields = [
      "version": 1, "codec": .text(track.format.coding.rawValue), "clockRate": .integer(Int64(VideoFormat.clockRate)),
      "frameCount": .integer(Int64(track.frames.count)),
    ]
    if track.omittedFrames > 0 { head.set("framesOmitted", track.omittedFrames) }
    line(head, body)
    let origin = track.origin
    for (place, frame) in track.frames.enumerated() {
      var fields: Fields = [
        "frame": .integer(Int64(place + 1)), "position": .integer(frame.position - origin),
        "timestamp": .integer(Int64(frame.timestamp)), "isKey": .boolean(frame.isKey),
        "state": .text(frame.state.rawValue),
      ]
      if let reason = frame.reason { fields.set("reason", reason.rawValue) }
      if frame.byteCount > 0 { fields.set("byteCount", frame.byteCount) }
      if frame.capturedAt.isKnown { fields.set("capturedAt", frame.capturedAt) }
      // A picture of the lowest layer alone is nothing to tell.
      if frame.spatialLayers > 1 {
        fields.set("spatialLayers", .list(layers(frame.spatialLayers).map { .integer($0) }))
      }
      if !frame.repeats.isEmpty { fields.set("retransmitted", frame.repeats.value) }
      fields.set("provenance", frame.packets.value)
      line(fields, body)
    }
  }

  /// The numbers of the layers that a set holds.
  public static func layers(_ set: UInt8) -> [Int64] {
    (0..<8).filter { set >> UInt8($0) & 1 == 1 }
  }

  private static func line(_ fields: Fields, _ body: (RawSpan) -> Void) {
    let bytes = CanonicalJSON.bytes(fields) + [0x0a]
    // Safe: the view ends before the array does.
    unsafe body(bytes.span.bytes)
  }
}

extension VideoTrack {
  /// Where the file's first shown frame stands, in units of 90,000 hertz from the stream's first packet.
  public var origin: Int64 { frames.lazy.filter { $0.state != .leftOut }.map(\.position).min() ?? 0 }
}
