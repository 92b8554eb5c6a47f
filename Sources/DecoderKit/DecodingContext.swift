/// Where the bytes come from. Only the host makes one.
public struct DecodingContext: ~Copyable, Sendable {
  public enum Carrier: Hashable, Sendable {
    /// Datagrams between two endpoints.
    case udp(initiator: Endpoint, responder: Endpoint)
    /// A stream each way between two endpoints.
    case tcp(initiator: Endpoint, responder: Endpoint)
    /// Messages of an association between two endpoints; the payload protocol identifier (RFC 9260, 3.3.1) is 0 where none was given.
    case sctp(initiator: Endpoint, responder: Endpoint, protocolIdentifier: UInt32)
    /// One file, or a part of one, with the media type (RFC 6838) that whoever sent it declared.
    ///
    /// `mediaType` is lower case and without parameters; `parameters` are as they stood, such as `boundary=xyz`.
    case file(mediaType: String, parameters: String)
  }
  public let carrier: Carrier
  package init(_ carrier: Carrier) { self.carrier = carrier }
}

extension DecodingContext.Carrier {
  /// Whether bytes come as messages, each whole, rather than as a stream or a file.
  public var isOfMessages: Bool {
    switch self {
    case .udp, .sctp: true
    case .tcp, .file: false
    }
  }

  /// Whether either port is among `ports`.
  public func usesPort(_ ports: UInt16...) -> Bool {
    switch self {
    case .udp(let initiator, let responder), .tcp(let initiator, let responder),
      .sctp(let initiator, let responder, _):
      ports.contains(initiator.port) || ports.contains(responder.port)
    case .file: false
    }
  }

  /// The endpoint of a side; nil of a file.
  public func endpoint(of side: Side) -> Endpoint? {
    switch self {
    case .udp(let initiator, let responder), .tcp(let initiator, let responder),
      .sctp(let initiator, let responder, _):
      side == .initiator ? initiator : responder
    case .file: nil
    }
  }
}
