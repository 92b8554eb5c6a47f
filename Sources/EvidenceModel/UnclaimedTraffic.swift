/// What is known of a conversation that no decoder took: its transport, its service's port, and what its first bytes look like.
///
/// While a run lasts it stands in the detail of the ledger's row. There are few of them: the port is left out when the bytes tell
/// the protocol and the port does not.
public struct UnclaimedTraffic: Hashable, Sendable {
  public let transport: String
  public let port: UInt16?
  public let sign: ProtocolSign?
  /// The protocol that the messages say they are of: SCTP's payload protocol identifier.
  public let declared: String?

  public init(transport: String, initiator: UInt16, responder: UInt16, sign: ProtocolSign?) {
    self.transport = transport
    let isTCP = transport == "tcp"
    declared = nil
    let port = ServicePort.choose(initiator: initiator, responder: responder, isTCP: isTCP)
    self.port = sign == nil || ServicePort.protocolName(port, isTCP: isTCP) != nil ? port : nil
    self.sign = sign
  }

  public init(transport: String, declared: String) {
    self.transport = transport
    self.declared = declared
    port = nil
    sign = nil
  }

  /// Reads what `detail` wrote.
  public init(detail: String) {
    let words = detail.split(separator: " ", maxSplits: 1)
    let place = (words.first ?? "").split(separator: "/", maxSplits: 1)
    transport = String(place.first ?? "")
    port = place.count > 1 ? place.last.flatMap { UInt16($0) } : nil
    sign = words.count > 1 ? words.last.flatMap { ProtocolSign(rawValue: String($0)) } : nil
    declared = words.count > 1 && sign == nil ? words.last.map(String.init) : nil
  }

  /// `tcp/443 tlsClientHello`, `udp/40000`, `udp bitTorrent`, `sctp S1AP`.
  public var detail: String {
    transport + (port.map { "/\($0)" } ?? "") + (sign.map { " \($0.rawValue)" } ?? declared.map { " \($0)" } ?? "")
  }

  /// What was guessed from.
  public enum Basis: String, Sendable { case firstBytes, declared, port, nothing }

  public var basis: Basis {
    if sign != nil { return .firstBytes }
    if declared != nil { return .declared }
    return usualProtocol == nil ? .nothing : .port
  }

  /// The protocol that is guessed.
  public var guess: String? { sign?.protocolName ?? declared ?? usualProtocol }

  private var usualProtocol: String? { port.flatMap { ServicePort.protocolName($0, isTCP: transport == "tcp") } }

  /// Why, in words.
  public var evidence: String {
    if let sign { return sign.evidence }
    if declared != nil { return "the payload protocol identifier of its messages" }
    return usualProtocol == nil ? "neither the port nor the first bytes are known" : "the port only"
  }
}
