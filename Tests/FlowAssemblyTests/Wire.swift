import ByteReading
import EvidenceModel
import FlowAssembly
import PacketLayers

/// Feeds an assembler with packets between A and B, and keeps what it delivers as text.
final class Wire: ConversationReceiver {
  static let a = InternetAddress(version4: 0x0a00_0001)
  static let b = InternetAddress(version4: 0x0a00_0002)

  var log: [String] = []
  /// What each side sent, gaps as `nil`.
  var streams: [Side: [UInt8?]] = [:]
  var conversations = 0
  private var assembler: FlowAssembler?
  private(set) var number: UInt64 = 0
  /// What each packet brought, as an original would show it again.
  private var payloads: [UInt64: [UInt8]] = [:]
  /// Versions that differ: `first/other @packet+place/packet+place`.
  var conflicts: [String] = []
  var late: [String] = []
  /// Nanoseconds.
  var time: Int64 = 0

  init(_ change: (inout FlowLimits) -> Void = { _ in }) {
    var limits = FlowLimits()
    change(&limits)
    assembler = FlowAssembler(limits: limits, receiver: self)
  }

  var openCount: Int { assembler?.openCount ?? 0 }
  var crowdedOut: Int { assembler?.crowdedOut ?? 0 }

  @discardableResult
  func tcp(
    _ fromA: Bool, _ flags: TCPFlags, _ sequence: UInt32, _ acknowledgement: UInt32 = 0, _ data: [UInt8] = [],
    announced: Int? = nil, port: UInt16 = 1_000
  ) -> Reception {
    var view = PacketView()
    view.transport = .tcp
    view.flags = flags
    view.sequence = sequence
    view.acknowledgement = acknowledgement
    return take(&view, fromA, data, announced, port)
  }

  @discardableResult
  func udp(_ fromA: Bool, _ data: [UInt8] = [1], port: UInt16 = 1_000) -> Reception {
    var view = PacketView()
    view.transport = .udp
    return take(&view, fromA, data, nil, port)
  }

  private func take(_ view: inout PacketView, _ fromA: Bool, _ data: [UInt8], _ announced: Int?, _ port: UInt16)
    -> Reception
  {
    number += 1
    view.outcome = .transport
    view.hasAddresses = true
    view.source = fromA ? Self.a : Self.b
    view.destination = fromA ? Self.b : Self.a
    view.sourcePort = fromA ? port : 80
    view.destinationPort = fromA ? 80 : port
    view.payloadCount = data.count
    view.announcedPayloadCount = announced ?? data.count
    let packet = PacketContext(
      position: PacketPosition(original: 1, packet: number), time: CaptureTime(nanoseconds: time),
      fileOffset: number * 1_000)
    payloads[number] = data
    guard let assembler else { return .noPayload }
    // Safe: the view ends with this call.
    return unsafe assembler.take(view, data.span.bytes, packet).0
  }

  /// The handshake: A's stream begins at `a + 1`, B's at `b + 1`.
  func open(_ a: UInt32 = 100, _ b: UInt32 = 500, port: UInt16 = 1_000) {
    tcp(true, .syn, a, port: port)
    tcp(false, [.syn, .ack], b, a &+ 1, port: port)
    tcp(true, .ack, a &+ 1, b &+ 1, port: port)
  }

  func finishAll() { assembler?.finishAll() }

  // MARK: ConversationReceiver

  func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    log.append("\(side) datagram \(bytes.byteCount)")
  }
  func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    // Safe: the copy is made within the closure.
    let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    streams[side, default: []] += copy.map { $0 }
    let isText = copy.allSatisfy { (0x20...0x7e).contains($0) }
    log.append(
      "\(side) \(isText ? String(decoding: copy, as: UTF8.self) : "\(copy.count) bytes") @\(packet.position.packet)+\(packet.fileOffset % 1_000)"
    )
  }
  func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    streams[side, default: []] += [UInt8?](repeating: nil, count: min(byteCount, 1 << 22))
    log.append("\(side) gap \(byteCount)")
  }
  func repeated(
    _ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext, first: PacketContext
  ) -> Repetition {
    let place = Int(first.fileOffset % 1_000)
    let known = Array((payloads[first.position.packet] ?? [])[place..<(place + bytes.byteCount)])
    // Safe: the views end before the arrays do.
    if unsafe known.span.bytes.isSame(as: bytes) { return .same }
    // Safe: the same.
    unsafe conflict(known.span.bytes, first, with: bytes, packet, from: side, of: conversation)
    return .different
  }
  func conflict(
    _ first: RawSpan, _ firstPacket: PacketContext, with other: RawSpan, _ packet: PacketContext, from side: Side,
    of conversation: Conversation
  ) {
    let place = { (packet: PacketContext) in "\(packet.position.packet)+\(packet.fileOffset % 1_000)" }
    conflicts.append("\(String(repairing: first))/\(String(repairing: other)) @\(place(firstPacket))/\(place(packet))")
  }
  func late(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    late.append(String(repairing: bytes))
  }
  func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext) {
    log.append("\(side) \(end)")
  }
  func finish(_ conversation: Conversation, because end: StreamEnd) {
    conversations += 1
    log.append("over: \(end)")
  }
}

func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
