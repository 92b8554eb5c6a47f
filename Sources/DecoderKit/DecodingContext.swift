/// Where the bytes come from. Only the host makes one.
public struct DecodingContext: ~Copyable, Sendable {
  public enum Carrier: Hashable, Sendable {
    /// Datagrams between two endpoints.
    case udp(initiator: Endpoint, responder: Endpoint)
    /// A stream each way between two endpoints.
    case tcp(initiator: Endpoint, responder: Endpoint)
    /// One file, or a part of one, with the media type (RFC 6838) that whoever sent it declared.
    ///
    /// `mediaType` is lower case and without parameters; `parameters` are as they stood, such as `boundary=xyz`.
    case file(mediaType: String, parameters: String)
  }
  public let carrier: Carrier
  package init(_ carrier: Carrier) { self.carrier = carrier }
}

extension DecodingContext.Carrier {
  /// Whether either port is among `ports`.
  public func usesPort(_ ports: UInt16...) -> Bool {
    switch self {
    case .udp(let initiator, let responder), .tcp(let initiator, let responder):
      ports.contains(initiator.port) || ports.contains(responder.port)
    case .file: false
    }
  }

  /// The endpoint of a side; nil of a file.
  public func endpoint(of side: Side) -> Endpoint? {
    switch self {
    case .udp(let initiator, let responder), .tcp(let initiator, let responder):
      side == .initiator ? initiator : responder
    case .file: nil
    }
  }
}
