import ByteReading
public import EvidenceModel

/// The video of one coding in a stream: its frames, put together from the payloads in the order of their numbers.
///
/// A frame is what packets of one timestamp bring. Nothing is concealed: a frame that is not whole is left out and named.
public struct VideoTrack: Sendable {
  /// Frames of a stream that are put together.
  public static let maximumFrames = 500_000
  /// Gaps that are listed; all are counted.
  public static let maximumGaps = 1_000
  /// Sizes of pictures that are listed.
  static let maximumSizes = 16

  public let format: VideoFormat
  public internal(set) var frames: [VideoFrame] = []
  public private(set) var gaps: [MissingPackets] = []
  /// Packets whose numbers are missing, and places where the sender's numbering began anew.
  public private(set) var missingPackets: Int64 = 0
  public private(set) var gapCount: Int64 = 0
  public private(set) var restarts: Int64 = 0
  public private(set) var damage = PayloadDamage()
  /// Packets with a payload of this video.
  public private(set) var packets = PacketSet()
  /// Parameter sets in the payloads, the newest of each number last.
  public private(set) var parameterSets: [[UInt8]] = []
  /// The first one of the first whole key frame.
  private(set) var firstParameterSet: [UInt8]?
  /// Sizes that key frames state themselves, in the order in which they came.
  public private(set) var sizes: [PictureSize] = []
  /// Frames beyond the limit, which are neither put together nor listed.
  public private(set) var omittedFrames: Int64 = 0

  private struct Open {
    var draft = FrameDraft()
    let position: Int64
    let timestamp: UInt32
    let capturedAt: CaptureTime
    var packets = PacketSet()
    var repeats = PacketSet()
    var reason: VideoFrame.Reason?
    /// Whether its packets follow a gap, so that its beginning must show.
    let followsGap: Bool
    /// Whether nothing of the stream was captured before it.
    let isAtStart: Bool
    /// Whether all that is missing of it stood between packets of its own.
    var isLossOwn = true
    var isEnded = false
  }

  private var open: Open?
  private var depacketizer: any Depacketizer
  /// Whether something that the next frame may build on is missing.
  private var isBroken = true
  /// Units that hold no picture, which go with the next whole frame.
  private var pending: (bytes: [UInt8], packets: PacketSet, repeats: PacketSet) = ([], PacketSet(), PacketSet())

  /// Puts together the frames of the payload `types`; whole ones go into `store`.
  ///
  /// `step` is called for each packet.
  public init(
    _ analysis: StreamAnalysis, format: VideoFormat, types: Set<UInt8>, originals: [UInt16: Int32], store: FrameStore,
    step: () -> Void = {}
  ) {
    self.format = format
    depacketizer = format.coding.makeDepacketizer()
    let source = PayloadSource(originals)
    let order = analysis.placed.indices.sorted {
      (analysis.placed[$0].extended, $0) < (analysis.placed[$1].extended, $1)
    }
    var former: StreamAnalysis.Placed?
    // The capture may begin within a frame.
    var isAfterGap = true
    for place in order {
      step()
      let entry = analysis.placed[place]
      if let former, note(former, entry) { isAfterGap = true }
      former = entry
      if isWithheld(entry.packet, types) {
        // Its number came, and its content did not: of the frame in hand, or of one that nobody sees.
        damage.unreadable += 1
        if let current = open, current.timestamp == entry.packet.timestamp, current.reason == nil {
          open?.reason = .unreadable
        }
        isAfterGap = true
        continue
      }
      // Other media in the same numbering (repairs, padding) only fill it.
      guard types.contains(entry.packet.payloadType), entry.packet.payloadLength > 0 else { continue }
      begin(entry, isAfterGap: isAfterGap, store)
      isAfterGap = false
      if entry.isRepeated { open?.repeats.insert(entry.packet.position) }
      take(entry.packet, source)
    }
    // Nobody can tell whether a frame without its last packet's mark went on.
    close(store, isCut: true)
    settleBeginning()
  }

  /// Whether a packet has content that cannot be had: encrypted with other keys, or in IP fragments, which have no place.
  private func isWithheld(_ packet: MediaPacket, _ types: Set<UInt8>) -> Bool {
    packet.payloadType == SecureStream.unopened
      || (types.contains(packet.payloadType) && packet.payloadLength == 0 && packet.payloadOffset == 0)
  }

  /// Whether a frame shows its beginning; units of AV1 without a picture have none to show.
  private func isBeginningDue(_ draft: FrameDraft) -> Bool {
    format.coding.showsBeginning && (draft.hasPicture || format.coding != .av1)
  }

  /// Notes what is missing between two packets that follow each other; false when nothing is.
  private mutating func note(_ former: StreamAnalysis.Placed, _ entry: StreamAnalysis.Placed) -> Bool {
    let step = entry.extended - former.extended
    guard step > 1 else { return false }
    guard step <= Int64(SequenceNumbering.maximumDropout) else {
      restarts += 1
      return true
    }
    missingPackets += step - 1
    gapCount += 1
    guard gaps.count < Self.maximumGaps else { return true }
    var neighbours = PacketSet(former.packet.position)
    neighbours.insert(entry.packet.position)
    gaps.append(
      MissingPackets(
        firstSequence: former.packet.sequence &+ 1, lastSequence: entry.packet.sequence &- 1, count: step - 1,
        position: entry.position, neighbours: neighbours))
    return true
  }

  /// Makes the frame of a packet the one in hand.
  private mutating func begin(_ entry: StreamAnalysis.Placed, isAfterGap: Bool, _ store: FrameStore) {
    if let current = open, current.timestamp == entry.packet.timestamp {
      if isAfterGap { open?.reason = current.reason ?? .packetsMissing }
      return
    }
    close(store, isCut: isAfterGap)
    // Whole frames may be missing.
    if isAfterGap { isBroken = true }
    open = Open(
      position: entry.position, timestamp: entry.packet.timestamp, capturedAt: entry.packet.time,
      followsGap: isAfterGap, isAtStart: packets.isEmpty)
  }

  private mutating func take(_ packet: MediaPacket, _ source: PayloadSource) {
    packets.insert(packet.position)
    open?.packets.insert(packet.position)
    // The last packet decides: some senders mark the last one of each unit.
    open?.isEnded = packet.marker
    guard var current = open, current.reason == nil else { return }
    open = nil
    let isRead = source.read(packet.payloadFile, packet.payloadOffset, Int(packet.payloadLength)) { bytes in
      do throws(ReadError) {
        try depacketizer.take(bytes, into: &current.draft)
      } catch {
        if current.followsGap, current.draft.bytes.isEmpty || !current.draft.isBegun,
          error.field == "\(FrameDraft.missingBeginning)"
        {
          // The first fragment is among what is missing.
          current.reason = .packetsMissing
          current.isLossOwn = false
        } else {
          damage.note(error, packet)
          current.reason = error.code == .limitExceeded ? .tooLarge : .malformed
        }
      }
    }
    if !isRead {
      damage.unreadable += 1
      current.reason = .unreadable
    }
    if current.reason != nil { current.draft.empty() }
    open = current
  }

  /// Ends the frame in hand; `isCut` when what follows its last packet was not captured.
  private mutating func close(_ store: FrameStore, isCut: Bool) {
    guard var current = open else { return }
    open = nil
    if current.reason == nil {
      if isCut, !current.isEnded {
        current.reason = .packetsMissing
        current.isLossOwn = false
      } else if current.followsGap, !current.draft.isBegun || current.draft.isBeginningUnsure {
        current.reason = .packetsMissing
        current.isLossOwn = false
      } else if format.coding == .vp9, !current.draft.isLayerEnded {
        // The last packet of a layer says so (RFC 9628, 4.2), whatever the numbers say.
        current.reason = .packetsMissing
      } else if current.draft.isUnitOpen || (!current.draft.isBegun && isBeginningDue(current.draft)) {
        current.reason = .malformed
      }
    }
    if current.reason == nil {
      do throws(ReadError) { try current.draft.endLayers() } catch {
        current.reason = .malformed
        current.draft.empty()
      }
    }
    // Those of H.264 and H.265 count for later frames, too, whatever became of this one.
    if current.reason == nil || format.coding != .av1 {
      for unit in current.draft.parameterSets { keep(unit) }
    }
    if current.reason == nil, let size = current.draft.size, !sizes.contains(size), sizes.count < Self.maximumSizes {
      sizes.append(size)
    }
    guard current.reason == nil else { return add(current, nil, store) }
    guard current.draft.hasPicture else {
      guard pending.bytes.count + current.draft.bytes.count <= FrameDraft.maximumBytes else {
        current.reason = .tooLarge
        return add(current, nil, store)
      }
      pending.bytes += current.draft.bytes
      pending.packets.formUnion(current.packets)
      pending.repeats.formUnion(current.repeats)
      return
    }
    if pending.bytes.isEmpty { return add(current, current.draft.bytes, store) }
    let bytes = pending.bytes + current.draft.bytes
    current.packets.formUnion(pending.packets)
    current.repeats.formUnion(pending.repeats)
    pending = ([], PacketSet(), PacketSet())
    add(current, bytes, store)
  }

  private mutating func add(_ current: Open, _ bytes: [UInt8]?, _ store: FrameStore) {
    guard frames.count < Self.maximumFrames else {
      omittedFrames += 1
      return
    }
    var offset: UInt64?
    if let bytes { offset = store.append(bytes) }
    let isWhole = bytes != nil && offset != nil
    var state = VideoFrame.State.leftOut
    if isWhole {
      // Behind a gap, parameter sets of a key frame may be missing that its picture does not show the lack of.
      if current.draft.isKey {
        firstParameterSet = firstParameterSet ?? current.draft.parameterSets.first
        isBroken =
          current.followsGap && !current.draft.isHeadWhole && !current.isAtStart && !parameterSets.isEmpty
      }
      state = isBroken ? .unsure : .kept
    } else if !(current.draft.isDisposable && current.isLossOwn) {
      isBroken = true
    }
    frames.append(
      VideoFrame(
        state: state, reason: isWhole ? nil : current.reason ?? .unreadable, isKey: current.draft.isKey,
        position: current.position, timestamp: current.timestamp, capturedAt: current.capturedAt,
        packets: current.packets, repeats: current.repeats, spatialLayers: current.draft.spatialLayers,
        offset: offset ?? 0, byteCount: isWhole ? bytes?.count ?? 0 : 0))
  }

  private mutating func keep(_ unit: [UInt8]) {
    if let place = parameterSets.firstIndex(of: unit) { parameterSets.remove(at: place) }
    parameterSets.append(unit)
    if parameterSets.count > VideoFormat.maximumParameterSets { parameterSets.removeFirst() }
  }

  /// Leaves out what stands before the first whole key frame.
  ///
  /// Without any, H.264 and H.265 stay, because some senders refresh pictures bit by bit.
  private mutating func settleBeginning() {
    let key = frames.firstIndex { $0.isKey && $0.state != .leftOut }
    guard let first = key ?? (format.coding.showsBeginning ? frames.endIndex : nil) else { return }
    for place in frames[..<first].indices where frames[place].state == .unsure {
      frames[place].state = .leftOut
      frames[place].reason = .beforeKeyFrame
    }
    guard first < frames.endIndex else { return }
    // What stands farther away than a file may reach.
    let origin = frames[first].position
    for place in frames.indices where frames[place].state != .leftOut {
      guard abs(frames[place].position - origin) > VideoFile.maximumUnits else { continue }
      frames[place].state = .leftOut
      frames[place].reason = .tooLong
    }
  }

  /// How many frames are in a state.
  public func count(_ state: VideoFrame.State) -> Int64 { Int64(frames.count { $0.state == state }) }

  /// How many frames are left out for a reason.
  public func count(_ reason: VideoFrame.Reason) -> Int64 { Int64(frames.count { $0.reason == reason }) }
}
