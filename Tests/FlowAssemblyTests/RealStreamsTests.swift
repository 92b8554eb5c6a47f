import CaptureReading
import EvidenceModel
import FlowAssembly
import PacketLayers
import TestSupport
import Testing

/// Compares streams of real captures with those that `tshark -z follow` shows.
struct RealStreamsTests {
  /// Keeps the bytes of each TCP conversation and whether any were missing.
  final class Collector: ConversationReceiver {
    final class Streams {
      var bytes: [Side: [UInt8]] = [:]
      var hasGap = false
    }
    var all: [(conversation: Conversation, streams: Streams)] = []

    private func streams(_ conversation: Conversation) -> Streams {
      if let known = conversation.attachment as? Streams { return known }
      let made = Streams()
      conversation.attachment = made
      all.append((conversation, made))
      return made
    }
    func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {}
    func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
      // Safe: the copy is made within the closure.
      streams(conversation).bytes[side, default: []] += unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
    func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
      streams(conversation).hasGap = true
    }
    func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext) {}
    func finish(_ conversation: Conversation, because end: StreamEnd) {}
  }

  /// Our streams: for each pair of endpoints the conversations in order; nil when the capture has tunnels or fragments.
  private static func ours(_ path: String) throws -> [String: [Collector.Streams]]? {
    var reader = try CaptureReader(path: path)
    let collector = Collector()
    let assembler = FlowAssembler(receiver: collector)
    var tcpCount = 0
    while case .packet(let packet) = reader.next() {
      let view = PacketView(reader.bytes, linkType: packet.linkType)
      if view.outcome == .fragment || view.isCut { return nil }
      guard view.outcome == .transport, view.transport == .tcp else { continue }
      tcpCount += 1
      let payload = reader.bytes.extracting(view.payloadStart..<view.payloadStart + view.payloadCount)
      _ = assembler.take(
        view, payload,
        PacketContext(
          position: PacketPosition(original: 1, packet: packet.number), time: packet.time, fileOffset: packet.dataOffset
        ))
    }
    assembler.finishAll()
    guard tcpCount > 10 else { return nil }
    var found: [String: [Collector.Streams]] = [:]
    for entry in collector.all.sorted(by: { $0.conversation.firstPacket < $1.conversation.firstPacket }) {
      found["\(entry.conversation.initiator) \(entry.conversation.responder)", default: []].append(entry.streams)
    }
    return found
  }

  /// What tshark shows: for each stream its two ends and what each sent.
  private static func theirs(_ path: String, _ count: Int) throws -> [(ends: [String], bytes: [[UInt8]])] {
    guard let tshark = program("tshark") else { return [] }
    let follow = (0..<count).flatMap { ["-z", "follow,tcp,raw,\($0)"] }
    let result = try run(tshark, ["-r", path, "-n", "-q"] + follow)
    var list: [(ends: [String], bytes: [[UInt8]])] = []
    for line in result.text.split(separator: "\n") {
      if line.hasPrefix("Follow:") { list.append(([], [[], []])) }
      guard !list.isEmpty else { continue }
      let place = list.count - 1
      if line.hasPrefix("Node ") {
        list[place].ends.append(String(line.dropFirst(8)))
      } else if !line.hasPrefix("="), !line.hasPrefix("F") {
        let isSecond = line.hasPrefix("\t")
        list[place].bytes[isSecond ? 1 : 0] += Hexadecimal.decode(isSecond ? line.dropFirst() : line) ?? []
      }
    }
    return list
  }

  @Test func assemblesStreamsAsWiresharkDoes() throws {
    guard program("tshark") != nil else {
      print("skipped: no tshark")
      return
    }
    var equal = 0
    var withGap = 0
    var different: [String] = []
    var unknown = 0
    for (place, path) in captures().enumerated() where place % 40 == 7 && CompressedOriginal(path: path) == nil {
      guard let ours = try? Self.ours(path), !ours.isEmpty else { continue }
      let total = ours.values.reduce(0) { $0 + $1.count }
      guard total <= 60 else { continue }
      var used: [String: Int] = [:]
      for stream in try Self.theirs(path, total)
      where stream.ends.count == 2 && stream.bytes.contains(where: { !$0.isEmpty }) {
        let straight = "\(stream.ends[0]) \(stream.ends[1])"
        let isSwapped = ours[straight] == nil
        let key = isSwapped ? "\(stream.ends[1]) \(stream.ends[0])" : straight
        let index = used[key, default: 0]
        used[key] = index + 1
        guard let list = ours[key], index < list.count else {
          unknown += 1
          print("\(path): only tshark has \(key) \(index)")
          continue
        }
        let mine = [list[index].bytes[.initiator] ?? [], list[index].bytes[.responder] ?? []]
        if list[index].hasGap {
          withGap += 1
        } else if mine == (isSwapped ? stream.bytes.reversed() : stream.bytes) {
          equal += 1
        } else {
          different.append(
            "\(path) \(key): ours \(mine.map(\.count)), tshark \(stream.bytes.map(\.count)) \(isSwapped)")
        }
      }
    }
    print("streams: \(equal) equal, \(withGap) with gaps, \(unknown) without partner, different: \(different)")
    guard captureFolder != nil else { return }
    #expect(different.isEmpty)
    #expect(equal > 20)
  }
}
