import EvidenceModel
import FlowAssembly
import PacketLayers
import TestSupport
import Testing

/// Feeds fragments of packets from A to B, and keeps what comes of them.
private final class Post {
  var assembler: FragmentAssembler
  var whole: [FragmentAssembler.Whole] = []
  var unfinished: [FragmentAssembler.Unfinished] = []
  private var number: UInt64 = 0
  /// Nanoseconds.
  var time: Int64 = 0

  init(_ change: (inout FragmentAssembler.Limits) -> Void = { _ in }) {
    var limits = FragmentAssembler.Limits()
    change(&limits)
    assembler = FragmentAssembler(limits: limits)
  }

  @discardableResult
  func send(
    _ bytes: [UInt8], at offset: Int, isLast: Bool = false, id: UInt32 = 1, isVersion6: Bool = false,
    number protocolNumber: UInt8 = 17,
    isCut: Bool = false
  ) -> String {
    number += 1
    var view = PacketView()
    view.outcome = .fragment
    view.source = Wire.a
    view.destination = Wire.b
    view.fragment.offset = offset
    view.fragment.isLast = isLast
    view.fragment.identification = id
    view.fragment.isIPv6 = isVersion6
    view.fragment.protocolNumber = protocolNumber
    view.payloadCount = bytes.count
    view.announcedPayloadCount = bytes.count + (isCut ? 1 : 0)
    // Safe: the view ends with this call.
    let reception = unsafe assembler.take(
      view, bytes.span.bytes, [CountedPacket(PacketPosition(original: 0, packet: number), LedgerSum(packets: 1))],
      at: CaptureTime(nanoseconds: time)
    ) { unfinished.append($0) }
    switch reception {
    case .waiting: return "waiting"
    case .duplicate: return "duplicate"
    case .refused: return "refused"
    case .whole(let packet):
      whole.append(packet)
      return "whole"
    }
  }

  func finish() { assembler.finish { unfinished.append($0) } }

  func packets(_ of: FragmentAssembler.Unfinished) -> [UInt64] { of.packets.map { $0.position.packet } }
}

struct FragmentAssemblerTests {
  private static let message = (0..<64).map { UInt8($0) }

  @Test func putsFragmentsTogetherInAnyOrder() {
    let pieces = stride(from: 0, to: 64, by: 16).map { $0 }
    for order in permutations(pieces) {
      let post = Post()
      for (place, start) in order.enumerated() {
        let result = post.send(Array(Self.message[start..<start + 16]), at: start, isLast: start == 48)
        #expect(result == (place == 3 ? "whole" : "waiting"))
      }
      #expect(post.whole.map(\.bytes) == [Self.message])
      #expect(post.whole.first?.packets.map(\.position.packet) == [1, 2, 3, 4])
      #expect(post.whole.first?.hasOverlap == false && post.whole.first?.view.fragment.offset == 0)
      post.finish()
      #expect(post.unfinished.isEmpty)
    }
  }

  @Test func keepsPacketsApart() {
    let post = Post()
    post.send([1], at: 0, id: 1)
    post.send([2], at: 0, id: 2)
    post.send([3], at: 0, id: 1, number: 6)
    post.send([4], at: 0, id: 1, isVersion6: true)
    post.send([9], at: 1, isLast: true, id: 1, number: 6)
    post.send([9], at: 1, isLast: true, id: 2)
    // In IPv6 the first fragment's protocol counts (RFC 8200, 4.5).
    post.send([9], at: 1, isLast: true, id: 1, isVersion6: true, number: 6)
    post.send([9], at: 1, isLast: true, id: 1)
    #expect(post.whole.map(\.bytes) == [[3, 9], [2, 9], [4, 9], [1, 9]])
    #expect(post.whole.map { $0.view.fragment.protocolNumber } == [6, 17, 17, 17])
  }

  @Test func firstBytesStayWhereFragmentsOverlap() {
    let post = Post()
    post.send([1, 2, 3, 4], at: 2)
    post.send([9, 9, 3, 4], at: 2)
    post.send([0, 0, 1, 2, 3, 4, 5, 6], at: 0)
    post.send([6, 7, 7], at: 7, isLast: true)
    #expect(post.whole.first?.bytes == [0, 0, 1, 2, 3, 4, 5, 6, 7, 7])
    #expect(post.whole.first?.hasOverlap == true && post.whole.first?.hasConflict == true)

    post.send([1, 2], at: 0, id: 2)
    post.send([1, 2, 3], at: 0, id: 2)
    post.send([2, 3, 4], at: 1, isLast: true, id: 2)
    #expect(post.whole.last?.bytes == [1, 2, 3, 4])
    #expect(post.whole.last?.hasOverlap == true && post.whole.last?.hasConflict == false)
  }

  @Test func everyPieceCountsHoweverSmall() {
    let post = Post()
    let order = Array(stride(from: 0, to: 64, by: 2)) + Array(stride(from: 63, to: 0, by: -2))
    for place in order { post.send([Self.message[place]], at: place, isLast: place == 63) }
    #expect(post.whole.map(\.bytes) == [Self.message])
  }

  @Test func knowsARepeatedFragmentForAMoment() {
    let post = Post()
    post.send([1, 2], at: 0)
    #expect(post.send([3], at: 2, isLast: true) == "whole")
    post.time = 500_000_000
    #expect(post.send([3], at: 2, isLast: true) == "duplicate")
    // Other bytes, or a later time: another packet that got the same identification.
    #expect(post.send([4], at: 2, isLast: true) == "waiting")
    #expect(post.send([1, 2], at: 0) == "whole")
    post.time = 2_000_000_000
    #expect(post.send([1, 2], at: 0) == "waiting")
    #expect(post.whole.map(\.bytes) == [[1, 2, 3], [1, 2, 4]])
  }

  @Test func givesUpAfterAWhile() {
    let post = Post()
    post.send([1, 2], at: 0)
    post.send([7], at: 5, isLast: true)
    post.send([7], at: 9, id: 2)
    post.time = 61_000_000_000
    post.send([1], at: 0, id: 3)
    #expect(post.unfinished.map { post.packets($0) } == [[1, 2], [3]])
    #expect(post.unfinished.map(\.missingBytes) == [3, nil] && post.unfinished.map(\.byteCount) == [3, 1])
    post.finish()
    #expect(post.unfinished.map { post.packets($0) } == [[1, 2], [3], [4]])
  }

  @Test func whatTheRecorderCutIsMissing() {
    let post = Post()
    post.send([1, 2], at: 0)
    #expect(post.send([3], at: 2, isLast: true, isCut: true) == "waiting")
    post.finish()
    #expect(post.unfinished.map(\.missingBytes) == [nil])
  }

  @Test func refusesWhatNoPacketCanHold() {
    let post = Post()
    #expect(post.send([1, 2, 3], at: 65_533) == "refused")
    #expect(post.send([1, 2], at: 65_533, isLast: true) == "waiting")
    #expect(post.send([], at: 8) == "waiting")
    post.finish()
    #expect(post.unfinished.map { post.packets($0) } == [[2, 3]])
  }

  @Test func limitsHold() {
    let packets = Post { $0.packets = 8 }
    for id in 1...9 { packets.send([1], at: 0, id: UInt32(id)) }
    #expect(packets.unfinished.map { packets.packets($0) } == [[1]])

    let bytes = Post { $0.waitingBytes = 100 }
    for id in 1...3 { bytes.send([UInt8](repeating: 1, count: 40), at: 0, id: UInt32(id)) }
    #expect(bytes.unfinished.map { bytes.packets($0) } == [[1]])

    let pieces = Post { $0.pieces = 3 }
    for place in 0..<3 { pieces.send([1], at: place * 2) }
    #expect(pieces.unfinished.map { pieces.packets($0) } == [[1, 2, 3]])

    let recent = Post { $0.recentBytes = 4 }
    for id in 1...2 { recent.send([1, 2, 3], at: 0, isLast: true, id: UInt32(id)) }
    #expect(recent.send([1, 2, 3], at: 0, isLast: true, id: 2) == "duplicate")
    #expect(recent.send([1, 2, 3], at: 0, isLast: true, id: 1) == "whole")
  }

  /// Every packet is delivered, named as a repetition or given up, exactly once, whatever comes.
  @Test func losesNoPacket() {
    var random = SeededGenerator(7)
    for _ in 0..<200 {
      let post = Post {
        $0.packets = 4
        $0.pieces = 6
      }
      var refused: UInt64 = 0
      for _ in 0..<60 {
        let offset = Int.random(in: 0..<4, using: &random) * 8
        let count = Int.random(in: 0...12, using: &random)
        let result = post.send(
          [UInt8](repeating: 1, count: count), at: offset, isLast: Bool.random(using: &random),
          id: UInt32.random(in: 0..<6, using: &random))
        if result == "refused" || result == "duplicate" { refused += 1 }
        post.time += Int64.random(in: 0..<10_000_000_000, using: &random)
      }
      post.finish()
      let named = post.whole.flatMap(\.packets) + post.unfinished.flatMap(\.packets)
      #expect(Set(named).count == named.count && UInt64(named.count) + refused == 60)
    }
  }

  private func permutations(_ items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.indices.flatMap { index in
      var rest = items
      let first = rest.remove(at: index)
      return permutations(rest).map { [first] + $0 }
    }
  }
}
