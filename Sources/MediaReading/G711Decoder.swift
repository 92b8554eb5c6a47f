import CLibAV

/// Decodes G.711 (ITU-T G.711) by libavcodec, a block at a time; table look-ups, so exact on every machine.
@safe final class G711Decoder {
  enum Law: Hashable { case a, mu }

  private let codec: AudioCodec

  /// Nil when libavcodec lacks the decoder or memory.
  init?(_ law: Law) {
    guard let codec = unsafe AudioCodec(law == .a ? AV_CODEC_ID_PCM_ALAW : AV_CODEC_ID_PCM_MULAW, sampleRate: 8_000)
    else {
      return nil
    }
    self.codec = codec
  }

  /// Decodes `count` bytes into as many samples; both buffers hold at least that many. False when libavcodec refuses.
  func decode(_ codes: UnsafeMutablePointer<UInt8>, _ count: Int, into samples: UnsafeMutablePointer<Int16>) -> Bool {
    guard unsafe codec.send(codes, count: count) else { return false }
    var done = 0
    while done < count, let frame = unsafe codec.receive() {
      let made = unsafe min(Int(frame.pointee.nb_samples), count - done)
      guard made > 0, let data = unsafe frame.pointee.data.0 else { break }
      unsafe data.withMemoryRebound(to: Int16.self, capacity: made) { source in
        unsafe (samples + done).update(from: source, count: made)
      }
      done += made
    }
    return done == count
  }
}
