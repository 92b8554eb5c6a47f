public import DecoderKit
public import EvidenceModel

/// The decoders of a worker, their limits and where their results go.
public final class DecoderHost {
  let decoders: [any EvidenceDecoder]
  public let identities: [DecoderIdentity]
  public let limits: HostLimits
  unowned let output: any EvidenceOutput
  let exclusions: Set<Exclusion>
  /// Told, before a decoder gets bytes, which one and what of, so that a crash can be laid at its door.
  let mark: (_ decoder: Int, _ conversation: PacketPosition, _ packet: PacketPosition) -> Void

  /// A decoder that crashed on a conversation and is kept from it.
  public struct Exclusion: Hashable, Sendable {
    public let decoder: String
    /// The packet with which the conversation began.
    public let conversation: PacketPosition
    public init(decoder: String, conversation: PacketPosition) {
      self.decoder = decoder
      self.conversation = conversation
    }
  }

  public init(
    _ types: [any EvidenceDecoder.Type], limits: HostLimits = HostLimits(), exclusions: Set<Exclusion> = [],
    output: any EvidenceOutput,
    mark: @escaping (_ decoder: Int, _ conversation: PacketPosition, _ packet: PacketPosition) -> Void = { _, _, _ in }
  ) {
    decoders = types.map { $0.init() }
    identities = types.map { $0.identity }
    self.limits = limits
    self.output = output
    self.exclusions = exclusions
    self.mark = mark
  }

  func isExcluded(_ decoder: Int, _ conversation: PacketPosition) -> Bool {
    !exclusions.isEmpty
      && exclusions.contains(Exclusion(decoder: identities[decoder].name, conversation: conversation))
  }

  /// The surest claim and whose it is; nil when nobody wants the bytes.
  func claim(
    _ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext, conversation: PacketPosition
  ) -> (decoder: Int, claim: Claim)? {
    var best: (decoder: Int, claim: Claim)?
    for index in decoders.indices {
      let claim = decoders[index].claim(bytes, from: side, in: context)
      if claim > best?.claim ?? .none, !isExcluded(index, conversation) { best = (index, claim) }
    }
    return best
  }
}
