public import DecoderKit
public import EvidenceModel

/// The decoders of a worker, their limits and where their results go.
public final class DecoderHost {
  let decoders: [any EvidenceDecoder]
  public let identities: [DecoderIdentity]
  public let limits: HostLimits
  unowned let output: any EvidenceOutput
  let exclusions: Set<Exclusion>
  /// Where it is noted, before a decoder gets bytes, which one and what of.
  let hand: WorkInHand
  /// Conversations that sessions know are to come. Each is between the hosts of its session: it belongs to one slice.
  let expected = ExpectedList()
  private let isOff: [Bool]
  /// The ledger's rows of each decoder.
  let decodedRows: [LedgerRow]
  let afterFaultRows: [LedgerRow]

  /// A decoder that crashed on a conversation and is kept from it.
  public struct Exclusion: Hashable, Sendable {
    public let decoder: String
    /// The packet with which the conversation began; nil keeps the decoder from everything.
    public let conversation: PacketPosition?
    public init(decoder: String, conversation: PacketPosition?) {
      self.decoder = decoder
      self.conversation = conversation
    }
  }

  public init(
    _ types: [any EvidenceDecoder.Type], limits: HostLimits = HostLimits(), exclusions: Set<Exclusion> = [],
    output: any EvidenceOutput, hand: WorkInHand = WorkInHand()
  ) {
    decoders = types.map { $0.init() }
    identities = types.map { $0.identity }
    decodedRows = identities.map { LedgerRow(.decoded, $0.name) }
    afterFaultRows = identities.map { LedgerRow(.afterFault, $0.name) }
    self.limits = limits
    self.output = output
    self.exclusions = exclusions
    self.hand = hand
    isOff = types.map { type in exclusions.contains(Exclusion(decoder: type.identity.name, conversation: nil)) }
  }

  func isExcluded(_ decoder: Int, _ conversation: PacketPosition) -> Bool {
    !exclusions.isEmpty && isOff[decoder]
      || !exclusions.isEmpty
        && exclusions.contains(Exclusion(decoder: identities[decoder].name, conversation: conversation))
  }

  /// The surest claim and whose it is; nil when nobody wants the bytes.
  func claim(
    _ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext, conversation: PacketPosition,
    packet: PacketPosition
  ) -> (decoder: Int, claim: Claim)? {
    var best: (decoder: Int, claim: Claim)?
    let former = hand.holder
    defer { hand.giveBack(former) }
    for index in decoders.indices where !isExcluded(index, conversation) {
      _ = hand.give(.init(decoder: index), conversation, packet)
      let claim = decoders[index].claim(bytes, from: side, in: context)
      if claim > best?.claim ?? .none { best = (index, claim) }
    }
    return best
  }

  /// Takes what a session expected of the conversation that begins between two endpoints.
  func takeExpected(
    _ carrier: DecodingContext.Carrier, conversation: PacketPosition
  ) -> (decoder: Int, purpose: AnyObject)? {
    guard !expected.isEmpty, let found = expected.take(carrier), !isExcluded(found.decoder, conversation) else {
      return nil
    }
    return found
  }

  /// Whether a session expects a TCP conversation between two endpoints, though it may carry no bytes at all.
  public func expectsStream(_ initiator: Endpoint, _ responder: Endpoint) -> Bool {
    !expected.isEmpty && expected.has(.tcp(initiator: initiator, responder: responder))
  }

  /// Packets that came in fragments: the last fragment to come, in rising order, and all of them.
  private var fragments: [(last: UInt64, all: PacketSet)] = []

  /// Notes that a packet came in fragments, the last of `packets` completing it: what is made of it comes from all of them.
  ///
  /// Those of one original are noted in its order.
  public func note(fragments packets: [PacketPosition]) {
    guard let last = packets.last, packets.count > 1 else { return }
    var set = PacketSet()
    for packet in packets { set.insert(packet) }
    if last.rawValue > fragments.last?.last ?? 0 {
      fragments.append((last.rawValue, set))
    } else {
      fragments.insert((last.rawValue, set), at: lowerBound(last.rawValue))
    }
  }

  /// Adds to a trace the other fragments of its packets.
  func withFragments(_ trace: Trace) -> Trace {
    guard !fragments.isEmpty else { return trace }
    var whole = trace
    for range in trace.packets.ranges {
      var place = lowerBound(range.lowerBound)
      while place < fragments.count, fragments[place].last <= range.upperBound {
        whole.packets.formUnion(fragments[place].all)
        place += 1
      }
    }
    return whole
  }

  private func lowerBound(_ position: UInt64) -> Int {
    var low = 0
    var high = fragments.count
    while low < high {
      let middle = (low + high) / 2
      if fragments[middle].last < position { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
