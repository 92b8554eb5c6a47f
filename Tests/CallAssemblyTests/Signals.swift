import CallAssembly
import EvidenceModel

/// Seconds since the beginning of a test's capture.
func time(_ seconds: Double) -> CaptureTime { CaptureTime(nanoseconds: Int64(seconds * 1_000) * 1_000_000) }

func place(_ packet: Int) -> PacketPosition { PacketPosition(original: 1, packet: UInt64(packet)) }

func endpoint(_ host: Int, _ port: Int) -> Endpoint {
  Endpoint(InternetAddress(version4: 0x0a00_0000 + UInt32(host)), port: UInt16(port))
}

func offer(
  _ endpoint: Endpoint, _ payloads: [MediaOffer.Payload] = [.init(type: 8, encoding: "PCMA", clockRate: 8_000)]
)
  -> MediaOffer
{
  var offer = MediaOffer(kind: "audio", receivesAt: endpoint, transport: "RTP/AVP", index: 0)
  offer.payloads = payloads
  return offer
}

/// A conversation between Alice at host 1 and Bob at host 2; each signal stands in the packet after the former's.
struct Signalling {
  var callID = "call"
  var alice = endpoint(1, 5_060)
  var bob = endpoint(2, 5_060)
  var packet = 0
  private(set) var signals: [CallSignal] = []

  init(_ callID: String = "call", packet: Int = 0) {
    self.callID = callID
    self.packet = packet
  }

  mutating func add(
    _ step: CallSignal.Step, at seconds: Double, fromCaller: Bool, status: Int = 0, transaction: Int = 1,
    tag: String = "b", _ media: [MediaOffer] = []
  ) {
    packet += 1
    var signal = CallSignal(
      signalling: "sip", callID: callID, step: step, transaction: UInt32(transaction), isFromCaller: fromCaller,
      source: fromCaller ? alice : bob, destination: fromCaller ? bob : alice,
      trace: Trace(place(packet), at: time(seconds)))
    signal.caller = "sip:alice@example.org"
    signal.called = "sip:bob@example.net"
    signal.callerTag = "a"
    // Only the invitation that begins the call has no tag of the called party yet.
    signal.calledTag = step == .invited && fromCaller && signals.allSatisfy { $0.step != .answered } ? "" : tag
    signal.statusCode = UInt16(status)
    signal.reason = status == 0 ? "" : "status \(status)"
    signal.media = media
    signals.append(signal)
  }

  /// A call from the invitation to its end, with media at both parties' ports.
  static func whole(
    _ callID: String = "call", from begin: Double, to end: Double, packet: Int = 0,
    alice: Endpoint = endpoint(1, 4_000),
    bob: Endpoint = endpoint(2, 6_000)
  ) -> [CallSignal] {
    var call = Signalling(callID, packet: packet)
    call.add(.invited, at: begin, fromCaller: true, [offer(alice)])
    call.add(.ringing, at: begin + 0.1, fromCaller: false, status: 180)
    call.add(.answered, at: begin + 0.2, fromCaller: false, status: 200, [offer(bob)])
    call.add(.ended, at: end, fromCaller: false, transaction: 2)
    return call.signals
  }
}

func stream(
  _ source: Endpoint, _ destination: Endpoint, from first: Double, to last: Double, packet: Int = 1_000,
  identifier: UInt32 = 1, _ verdict: MediaStream.Verdict = .accepted
) -> MediaStream {
  var stream = MediaStream(source: source, destination: destination, identifier: identifier)
  stream.verdict = verdict
  stream.evidence = "its numbering"
  stream.packetCount = 100
  stream.first = time(first)
  stream.last = time(last)
  stream.firstPacket = place(packet)
  stream.lastPacket = place(packet + 99)
  return stream
}
