import DecoderKit

/// Follows the sessions of a connection: what is described, where it is set up to go, when it plays.
///
/// For the join, the client is the caller and the server the called party, and PLAY or RECORD is the invitation.
struct SessionFollowing {
  private struct Pending {
    let method: String
    let message: RTSPMessage
    let uri: String
  }

  private struct Description {
    let uri: String
    let media: [MediaOffer]
    let controls: [String]
  }

  /// Requests without an answer; both sides ask, each with numbers of its own.
  private var pending: [Asked: Pending] = [:]
  private struct Asked: Hashable {
    let sequence: UInt32
    let sender: Endpoint
  }
  private var description: Description?
  private var setups = 0
  /// Sessions that played already: what is asked then is a change.
  private var begun: Set<String> = []

  /// The steps that a message tells, and the method of the request that it answers.
  mutating func take(_ message: RTSPMessage, _ described: SessionDescription?) -> (signals: [CallSignal], String?) {
    switch message.line {
    case .request(let method, let uri):
      let name = String(decoding: method, as: UTF8.self)
      let address = String(decoding: uri, as: UTF8.self)
      if name == "ANNOUNCE", let described { describe(described, address) }
      let request = Pending(method: name, message: message, uri: address)
      if let sequence = message.sequence {
        // Whoever asks that much without an answer is answered no more; the newest may be.
        if pending.count >= RTSPSession.maximumPending { pending = [:] }
        pending[Asked(sequence: sequence, sender: message.sender)] = request
      }
      // Many clients close the connection before it is answered.
      guard name == "TEARDOWN", let session = message.sessionID else { return ([], nil) }
      return ([signal(.ended, message, session, request, isFromClient: true)], nil)
    case .response(let status, let reason):
      guard let sequence = message.sequence else { return ([], nil) }
      let asked = Asked(sequence: sequence, sender: message.receiver)
      guard let request = pending[asked] else { return ([], nil) }
      // Responses of 1xx come before the final one.
      if status >= 200 { pending[asked] = nil }
      return (answer(request, message, status, reason, described), request.method)
    }
  }

  private mutating func describe(_ described: SessionDescription, _ uri: String) {
    description = Description(uri: uri, media: described.media, controls: described.controls)
  }

  private mutating func answer(
    _ request: Pending, _ message: RTSPMessage, _ status: Int, _ reason: [UInt8], _ described: SessionDescription?
  ) -> [CallSignal] {
    let isGood = (200..<300).contains(status)
    switch request.method {
    case "DESCRIBE":
      if isGood, let described {
        let base = message.value("Content-Base").map { String(decoding: $0, as: UTF8.self) }
        describe(described, base ?? request.uri)
      }
      return []
    case "SETUP": return isGood ? setUp(request, message) : []
    case "PLAY", "RECORD":
      guard status >= 200, let session = message.sessionID ?? request.message.sessionID else { return [] }
      var asked = signal(.invited, request.message, session, request, isFromClient: true)
      var answered = signal(isGood ? .answered : .rejected, message, session, request, isFromClient: false)
      if begun.contains(session) {
        asked.calledTag = session
        answered.calledTag = session
      }
      if isGood, begun.count < RTSPSession.maximumSetups { begun.insert(session) }
      answered.statusCode = UInt16(clamping: status)
      answered.reason = String(decoding: reason, as: UTF8.self)
      return [asked, answered]
    default: return []
    }
  }

  /// What both sides say of where a medium goes, once it is settled.
  private mutating func setUp(_ request: Pending, _ message: RTSPMessage) -> [CallSignal] {
    guard let session = message.sessionID, let value = message.value("Transport"),
      setups < RTSPSession.maximumSetups
    else { return [] }
    let transport = TransportChoice(value)
    let place = medium(request.uri)
    setups += 1
    let index = UInt16(clamping: place ?? setups)
    let described = place.flatMap { place in description.flatMap { $0.media.dropFirst(place).first } }
    func offer(_ address: InternetAddress, _ port: UInt16?) -> [MediaOffer] {
      guard let port, port != 0 else { return [] }
      var offer = MediaOffer(
        kind: described?.kind ?? "", receivesAt: Endpoint(address, port: port), transport: transport.profile,
        index: index)
      offer.payloads = described?.payloads ?? []
      return [offer]
    }
    /// Inside of the connection media goes to its other end.
    func inside(_ receiver: Endpoint) -> [MediaOffer]? {
      guard transport.isInterleaved, let channel = transport.channel else { return nil }
      var offer = offer(receiver.address, receiver.port)
      for place in offer.indices { offer[place].channel = channel }
      return offer
    }
    let client = request.message.sender.address
    let server = message.sender.address
    var asked = signal(.proceeding, request.message, session, request, isFromClient: true)
    asked.media = inside(request.message.sender) ?? offer(transport.destination ?? client, transport.clientPort)
    var answered = signal(.proceeding, message, session, request, isFromClient: false)
    answered.media = inside(message.sender) ?? offer(transport.source ?? server, transport.serverPort)
    return [asked, answered]
  }

  /// The medium that an address sets up: the one whose control it is (RFC 2326, C.1.1), else the only one.
  private func medium(_ uri: String) -> Int? {
    guard let description else { return nil }
    let found = description.controls.firstIndex { control in
      !control.isEmpty && (control == uri || uri.hasSuffix("/" + control))
    }
    return found ?? (description.media.count == 1 ? 0 : nil)
  }

  private func signal(
    _ step: CallSignal.Step, _ message: RTSPMessage, _ session: String, _ request: Pending, isFromClient: Bool
  ) -> CallSignal {
    let server = request.message.receiver
    var signal = CallSignal(
      signalling: "rtsp", callID: "\(session)@\(server)", step: step, transaction: request.message.sequence ?? 0,
      isFromCaller: isFromClient, source: message.sender, destination: message.receiver, trace: message.trace)
    signal.called = description?.uri ?? request.uri
    return signal
  }
}
