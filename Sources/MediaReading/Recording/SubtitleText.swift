import ByteReading

/// The text of a subtitle packet, where its coding is text; pictures of text are not read.
public struct SubtitleText: Sendable {
  /// Nil when the coding is not text, or what should say how long it is lies.
  public let bytes: [UInt8]?

  /// `codec` is libavcodec's name of the coding.
  public init(_ packet: RawSpan, codec: String) {
    switch codec {
    case "subrip", "webvtt", "text", "ass", "ssa": bytes = Self.copy(packet)
    case "mov_text":
      // 16 bits of length, the text, and boxes of style behind it (3GPP TS 26.245, 5.17).
      guard packet.byteCount >= 2 else {
        bytes = nil
        return
      }
      let count = Int(packet[0]) << 8 | Int(packet[1])
      bytes = count <= packet.byteCount - 2 ? Self.copy(packet.extracting(2..<(2 + count))) : nil
    default: bytes = nil
    }
  }

  private static func copy(_ span: RawSpan) -> [UInt8] {
    // Safe: the copy is made within the closure.
    unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
