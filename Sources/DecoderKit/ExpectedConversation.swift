public import EvidenceModel

/// A conversation that a session knows is to come, between the same two hosts as its own.
public struct ExpectedConversation: Hashable, Sendable {
  public enum Transport: Hashable, Sendable { case udp, tcp }
  public let transport: Transport
  /// The endpoint that is known with its port.
  public let endpoint: Endpoint
  /// The host at the other end, whatever its port.
  public let other: InternetAddress

  public init(_ transport: Transport, _ endpoint: Endpoint, with other: InternetAddress) {
    self.transport = transport
    self.endpoint = endpoint
    self.other = other
  }

  /// Whether it is between the two hosts that `carrier` is between: only then can the host see to it.
  public func isBetweenHosts(of carrier: DecodingContext.Carrier) -> Bool {
    guard let one = carrier.endpoint(of: .initiator)?.address, let two = carrier.endpoint(of: .responder)?.address
    else { return false }
    return (endpoint.address, other) == (one, two) || (endpoint.address, other) == (two, one)
  }
}
