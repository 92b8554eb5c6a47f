import BuiltInDecoders
import ByteReading
import DecoderHosting
import DecoderKit
import DecoderTesting
import EvidenceModel
import Glibc

/// Shows a decoder a conversation or file that the input describes.
///
/// First a byte that says what carries it, then a port. Then steps, cut by marks, of which the first byte says what they are; of a
/// file the first line of the first step is the media type with its parameters. The decoder runs behind the conformance suite's
/// host, which knows the rules, and behind the real one, with the steps whole and cut small.
@Sendable func fuzzDecoder(_ place: Int, _ input: RawSpan) {
  var source = FuzzInput(input)
  let control = source.byte()
  let port = source.half()
  let conversation = FuzzConversation(control, port: port, parts(source.rest().array()))
  let decoder = builtInDecoders[place].init()
  let isClaimed = conversation.isClaimed(by: decoder)
  if isClaimed, conversation.byteCount <= 16_384 { conversation.checkRules(decoder) }
  conversation.play(place)
}

/// A conversation made of the fuzzer's bytes.
struct FuzzConversation {
  let carrier: DecodingContext.Carrier
  private(set) var steps: [ConversationStep] = []
  private var seed: UInt32

  /// The largest number of bytes that repetitions may add up to.
  static let maximumByteCount = 1 << 18

  init(_ control: UInt8, port: UInt16, _ parts: [[UInt8]]) {
    let client = Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000)
    let server = Endpoint(InternetAddress(version4: 0xc633_6407), port: port)
    seed = UInt32(port) << 8 | UInt32(control) | 1
    var parts = parts
    switch control & 3 {
    case 0: carrier = .udp(initiator: client, responder: server)
    case 1:
      let first = parts.first ?? []
      let end = first.firstIndex(of: 0x0a) ?? first.count
      let words = String(decoding: first[..<end], as: UTF8.self).split(
        separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
      carrier = .file(
        mediaType: words.first.map { $0.lowercased() } ?? "", parameters: words.count > 1 ? String(words[1]) : "")
      parts[0] = [0] + first[min(end + 1, first.count)...]
    default: carrier = .tcp(initiator: client, responder: server)
    }
    var total = 0
    for part in parts {
      let kind = part.first ?? 0
      let side: Side = kind & 1 == 0 || isFile ? .initiator : .responder
      let bytes = Array(part.dropFirst())
      total += bytes.count
      guard total <= Self.maximumByteCount else { break }
      switch kind >> 1 & 7 {
      case 6 where !isDatagrams: steps.append(.gap(bytes.reduce(1) { ($0 << 8 | Int($1)) & 0xffff_ffff }, from: side))
      case 7:
        // The bytes over and over: what grows with the square of the length shows.
        let times = min(1 << Int(kind >> 4), (Self.maximumByteCount - total) / max(1, bytes.count))
        for _ in 0..<max(1, min(times, 4_096)) { steps.append(.bytes(bytes, from: side)) }
        total += bytes.count * max(0, times - 1)
      default: steps.append(.bytes(bytes, from: side))
      }
    }
    if control & 4 != 0, !isDatagrams { steps += [.end(.finished, of: .initiator), .end(.reset, of: .responder)] }
  }

  var isFile: Bool { if case .file = carrier { true } else { false } }
  var isDatagrams: Bool { if case .udp = carrier { true } else { false } }
  var byteCount: Int { steps.reduce(0) { if case .bytes(let bytes, _) = $1 { $0 + bytes.count } else { $0 } } }

  /// Whether the decoder wants any of the first steps; otherwise no host would give it the conversation.
  func isClaimed(by decoder: some EvidenceDecoder) -> Bool {
    var best = Claim.none
    for case .bytes(let bytes, let side) in steps.prefix(8) {
      best = max(best, claim(of: decoder, on: bytes, from: side, over: carrier))
    }
    return best > .none
  }

  /// Whole, then byte by byte or nearly: the rules are kept, and the records are the same.
  func checkRules<Decoder: EvidenceDecoder>(_ decoder: Decoder) {
    let numbered = steps.enumerated().map { (packet: UInt64($0.offset) + 1, step: $0.element) }
    let whole = run(decoder, on: numbered, over: carrier)
    demand(whole.violations.isEmpty, "\(Decoder.identity.name) keeps the rules: \(whole.violations)")
    for record in whole.records { Self.checkDeclared(record, Decoder.identity) }
    checkExpected(decoder, whole.expected)
    guard !isDatagrams else { return }
    let split = run(decoder, on: cut(), over: carrier)
    demand(split.violations.isEmpty, "\(Decoder.identity.name) keeps the rules: \(split.violations)")
    // Where a message is broken, a decoder may look for the next one in as much as it was shown.
    guard whole.findings.isEmpty, split.findings.isEmpty, whole.failure == nil, split.failure == nil else { return }
    demand(
      split.recordLines == whole.recordLines,
      "\(Decoder.identity.name) makes the same of bytes whole and cut:\n\(whole.recordLines)\n\(split.recordLines)")
    demand(split.contents.map(\.bytes) == whole.contents.map(\.bytes), "\(Decoder.identity.name) carves the same")
  }

  /// The same bytes once more in each conversation that they made the decoder expect.
  private func checkExpected<Decoder: EvidenceDecoder>(_ decoder: Decoder, _ expected: [ExpectedConversation]) {
    for conversation in expected.prefix(4) {
      let far = Endpoint(conversation.other, port: 50_000)
      let other: DecodingContext.Carrier =
        conversation.transport == .udp
        ? .udp(initiator: far, responder: conversation.endpoint)
        : .tcp(initiator: far, responder: conversation.endpoint)
      let outcome = run(
        decoder, on: steps.map { (carrier: carrier, step: $0) } + steps.map { (carrier: other, step: $0) })
      demand(outcome.violations.isEmpty, "\(Decoder.identity.name) keeps the rules: \(outcome.violations)")
      for record in outcome.records { Self.checkDeclared(record, Decoder.identity) }
    }
  }

  private static func checkDeclared(_ record: DecodingOutcome.EmittedRecord, _ identity: DecoderIdentity) {
    guard let kind = identity.kinds.first(where: { $0.name == record.kind }) else {
      return demand(false, "\(record.kind) is declared")
    }
    for entry in record.fields.entries {
      let name = entry.name.hasSuffix("Hex") ? String(entry.name.dropLast(3)) : entry.name
      demand(
        kind.fields.contains { $0.name == entry.name || $0.name == name }, "\(record.kind) declares \(entry.name)")
    }
  }

  /// The same bytes in other pieces.
  private func cut() -> [(packet: UInt64, step: ConversationStep)] {
    var random = seed
    var cut: [(packet: UInt64, step: ConversationStep)] = []
    let largest: UInt32 = byteCount < 512 ? 1 : 64
    for (place, step) in steps.enumerated() {
      let packet = UInt64(place) + 1
      guard case .bytes(let bytes, let side) = step else {
        cut.append((packet, step))
        continue
      }
      var start = 0
      while start < bytes.count {
        random = random &* 1_664_525 &+ 1_013_904_223
        let count = min(bytes.count - start, Int(random >> 16 % largest) + 1)
        cut.append((packet, .bytes(Array(bytes[start..<(start + count)]), from: side)))
        start += count
      }
    }
    return cut
  }

  // MARK: The real host

  func play(_ place: Int) {
    let output = CountingOutput()
    let host = DecoderHost(builtInDecoders, output: output)
    switch carrier {
    case .udp(let initiator, let responder):
      let hosted = HostedDatagrams(host, initiator: initiator, responder: responder, at: Self.packet(1))
      for (number, step) in steps.enumerated() {
        guard case .bytes(let bytes, let side) = step else { continue }
        // Safe: the view ends with this call.
        unsafe hosted.take(
          bytes.span.bytes, from: side, isCut: false, Self.packet(number + 1), counted: LedgerSum(packets: 1))
      }
      hosted.finish()
    case .tcp(let initiator, let responder):
      let hosted = HostedStreams(
        host, initiator: initiator, responder: responder, hasBeginning: seed & 8 != 0, at: Self.packet(1),
        firstPacket: Self.packet(1).position)
      var number = 0
      for step in steps {
        number += 1
        switch step {
        case .bytes(let bytes, let side):
          guard !bytes.isEmpty else { continue }
          // Safe: the view ends with this call.
          unsafe hosted.bytes(bytes.span.bytes, from: side, Self.packet(number))
          hosted.account(original: 1, LedgerSum(packets: 1, payloadBytes: UInt64(bytes.count)), isCut: false)
        case .gap(let count, let side): hosted.gap(count, from: side, Self.packet(number))
        case .end(let end, let side): hosted.end(end, of: side, Self.packet(number))
        }
      }
      hosted.finish()
    case .file, .sctp: CarryingDecoder.carry(self, output)
    }
  }

  static func packet(_ number: Int) -> PacketContext {
    PacketContext(
      position: PacketPosition(original: 1, packet: UInt64(number)),
      time: CaptureTime(nanoseconds: Int64(number) * 1_000_000), fileOffset: UInt64(number) << 20)
  }
}
