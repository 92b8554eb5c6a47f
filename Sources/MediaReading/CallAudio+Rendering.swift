extension CallAudio {
  /// Samples that are rendered at once.
  static let blockSamples = 16_384

  /// Writes the files, block by block; gives how many blocks and frames could not be read or decoded.
  ///
  /// `write` gets each file's bytes in order. Without any decoded audio nothing is written. A party without audio gets no file of
  /// its own. `waveform` takes the peaks of both tracks, `listeners` the tones of keys in each, at the call's rate.
  public func render(
    originals: [UInt16: Int32], waveform: Waveform? = nil, listeners: [KeyDetector?] = [nil, nil],
    write: (File, RawSpan) -> Void
  ) -> Int {
    guard sampleCount > 0, !isSparse else { return 0 }
    let payloads = PayloadSource(originals)
    if tracks[0].sampleRate == tracks[1].sampleRate || tracks.contains(where: \.isEmpty) {
      return renderTogether(payloads, waveform, listeners, write)
    }
    var failures = 0
    for (track, file) in zip(tracks, [File.left, .right]) where !track.isEmpty {
      guard let reader = track.reader(payloads) else { return failures + 1 }
      begin(file, rate: track.sampleRate, count: track.sampleCount, write)
      let block = Block()
      block.run(count: track.sampleCount) { block, position, count in
        block.fill(0, reader, from: position, count: count)
        block.write(0, count: count, file, write)
      }
      failures += reader.failures
    }
    guard let left = reader(0, payloads), let right = reader(1, payloads) else { return failures + 1 }
    renderBoth(left, right, waveform, listeners, write)
    return failures
  }

  /// Both tracks at one rate: each is decoded once.
  private func renderTogether(
    _ payloads: PayloadSource, _ waveform: Waveform?, _ listeners: [KeyDetector?],
    _ write: (File, RawSpan) -> Void
  ) -> Int {
    guard let left = reader(0, payloads), let right = reader(1, payloads) else { return 1 }
    for (track, file) in zip(tracks, [File.left, .right]) where !track.isEmpty {
      begin(file, rate: sampleRate, count: sampleCount, write)
    }
    renderBoth(left, right, waveform, listeners, write, isEach: true)
    return left.failures + right.failures
  }

  private func renderBoth(
    _ left: any TrackReader, _ right: any TrackReader, _ waveform: Waveform?, _ listeners: [KeyDetector?],
    _ write: (File, RawSpan) -> Void, isEach: Bool = false
  ) {
    begin(.stereo, rate: sampleRate, count: sampleCount, write)
    let block = Block()
    block.run(count: sampleCount) { block, position, count in
      block.fill(0, left, from: position, count: count)
      block.fill(1, right, from: position, count: count)
      if let waveform {
        for track in 0..<2 where !tracks[track].isEmpty {
          block.measure(track, count: count, at: position, of: sampleCount, waveform)
        }
      }
      for (track, listener) in listeners.prefix(2).enumerated() where !tracks[track].isEmpty {
        if let listener { block.listen(track, count: count, listener) }
      }
      if isEach, !tracks[0].isEmpty { block.write(0, count: count, .left, write) }
      if isEach, !tracks[1].isEmpty { block.write(1, count: count, .right, write) }
      block.writeBoth(count: count, write)
    }
    for listener in listeners { listener?.finish() }
  }

  /// A reader of a track at the call's rate.
  private func reader(_ number: Int, _ payloads: PayloadSource) -> (any TrackReader)? {
    let track = tracks[number]
    guard let reader = track.reader(payloads) else { return nil }
    if track.isEmpty || track.sampleRate == sampleRate { return reader }
    return ResampledTrackReader(
      reader, sampleCount: track.sampleCount, from: track.sampleRate, to: sampleRate)
  }

  private func begin(_ file: File, rate: Int64, count: Int64, _ write: (File, RawSpan) -> Void) {
    let header = WAVHeader(
      channels: file == .stereo ? 2 : 1, sampleRate: UInt32(clamping: rate), sampleCount: count)
    // Safe: the view ends before the header does.
    unsafe write(file, header.bytes.span.bytes)
  }

  /// Room for a block of each track and of both side by side.
  @safe private final class Block {
    private let samples: UnsafeMutablePointer<Int16>

    init() { unsafe samples = .allocate(capacity: CallAudio.blockSamples * 4) }

    deinit { unsafe samples.deallocate() }

    func run(count: Int64, _ body: (Block, Int64, Int) -> Void) {
      var position: Int64 = 0
      while position < count {
        let part = Int(min(Int64(CallAudio.blockSamples), count - position))
        body(self, position, part)
        position += Int64(part)
      }
    }

    func fill(_ number: Int, _ reader: any TrackReader, from position: Int64, count: Int) {
      // Safe: four blocks were allocated; left and right take one each, stereo the last two.
      unsafe reader.fill(samples + number * CallAudio.blockSamples, from: position, count: count)
    }

    func measure(_ number: Int, count: Int, at position: Int64, of length: Int64, _ waveform: Waveform) {
      // Safe: the block holds at least `count` samples.
      let part = unsafe UnsafeBufferPointer(start: samples + number * CallAudio.blockSamples, count: count)
      unsafe waveform.take(part, track: number, at: position, of: length)
    }

    func listen(_ number: Int, count: Int, _ listener: KeyDetector) {
      // Safe: the block holds at least `count` samples.
      let part = unsafe UnsafeBufferPointer(start: samples + number * CallAudio.blockSamples, count: count)
      unsafe listener.take(part)
    }

    func write(_ number: Int, count: Int, _ file: File, _ write: (File, RawSpan) -> Void) {
      let begin = unsafe samples + number * CallAudio.blockSamples
      let bytes = unsafe UnsafeRawBufferPointer(start: begin, count: count * 2)
      unsafe write(file, bytes.bytes)
    }

    func writeBoth(count: Int, _ write: (File, RawSpan) -> Void) {
      let size = CallAudio.blockSamples
      let both = unsafe samples + size * 2
      // Safe: each of the tracks has room for a block, and both together for two.
      for index in 0..<count {
        unsafe both[2 * index] = samples[index]
        unsafe both[2 * index + 1] = samples[size + index]
      }
      let bytes = unsafe UnsafeRawBufferPointer(start: both, count: count * 4)
      unsafe write(.stereo, bytes.bytes)
    }
  }
}
