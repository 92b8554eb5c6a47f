import CallAssembly
import EvidenceModel
import Testing

/// Which call a stream belongs to, and who speaks in it.
@Suite struct AttachmentTests {
  private let alice = endpoint(1, 4_000)
  private let bob = endpoint(2, 6_000)

  @Test func givesAStreamToTheOneWhoDidNotAskForIt() throws {
    let plan = CallPlanner.plan(
      signals: Signalling.whole(from: 1, to: 60),
      streams: [stream(alice, bob, from: 1.3, to: 60), stream(bob, alice, from: 1.3, to: 60, packet: 1_001)])
    let streams = try #require(plan.calls.first).streams
    #expect(plan.calls.count == 1)
    #expect(streams.map(\.party) == [.caller, .called])
    #expect(streams.map(\.track) == [0, 1])
    #expect(streams.map(\.attachment) == [.signalling, .signalling])
    #expect(streams[0].evidence == "the signalling asks for media at 10.0.0.2:6000")
    #expect(streams[0].kind == "audio")
    #expect(streams[0].payloads[8]?.encoding == "PCMA")
  }

  @Test func payloadTypesTellBundledMediaApart() throws {
    func bundle(_ endpoint: Endpoint, repairs: [MediaOffer.Repair] = []) -> [MediaOffer] {
      var voice = offer(endpoint)
      voice.payloads = [.init(type: 111, encoding: "OPUS", clockRate: 48_000)]
      var video = MediaOffer(
        kind: "video", receivesAt: Endpoint(InternetAddress(version4: 0), port: 9), transport: "RTP/AVPF", index: 1)
      video.bundledAt = endpoint
      video.repairs = repairs
      video.payloads = [
        .init(type: 45, encoding: "AV1", clockRate: 90_000),
        .init(type: 46, encoding: "RTX", clockRate: 90_000, parameters: "apt=45"),
      ]
      return [voice, video]
    }
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, bundle(alice, repairs: [.init(original: 8, repair: 9)]))
    call.add(.answered, at: 1, fromCaller: false, status: 200, bundle(bob))
    call.add(.ended, at: 30, fromCaller: true)
    let streams = [(7, 111), (8, 45), (9, 46)].map { identifier, type in
      var stream = stream(alice, bob, from: 2, to: 20, packet: 1_000 + identifier, identifier: UInt32(identifier))
      stream.note(payloadType: UInt8(type))
      return stream
    }
    let plan = CallPlanner.plan(signals: call.signals, streams: streams)
    let attached = try #require(plan.calls.first).streams
    #expect(plan.calls.count == 1)
    #expect(attached.map(\.kind) == ["audio", "video", "video"])
    #expect(attached.map(\.attachment) == [.signalling, .signalling, .signalling])
    #expect(attached.map(\.repairs) == [nil, nil, 8])
    #expect(attached.map { $0.payloads[45]?.encoding } == ["AV1", "AV1", "AV1"])
    #expect(plan.calls[0].holds.isEmpty)
  }

  /// Payload types tell bundled media apart only where they differ (RFC 9143, 9.2).
  @Test func givesNoNameToMediaThatNobodyCanTellApart() throws {
    func bundle(_ endpoint: Endpoint) -> [MediaOffer] {
      [(UInt16(0), "robin"), (1, "sam")].map { line, name in
        var media = recorded(endpoint, line: line, label: "\(line)", [name])
        media.bundledAt = endpoint
        return media
      }
    }
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, bundle(alice))
    call.add(.answered, at: 1, fromCaller: false, status: 200, bundle(bob))
    call.add(.ended, at: 30, fromCaller: true)
    let streams = [7, 8].map { stream(alice, bob, from: 2, to: 20, packet: 1_000 + $0, identifier: UInt32($0)) }
    let plan = CallPlanner.plan(signals: call.signals, streams: streams)
    let attached = try #require(plan.calls.first).streams
    #expect(attached.count == 2)
    #expect(attached.allSatisfy { $0.label.isEmpty && $0.participants.isEmpty && $0.attachment == .inferred })
    #expect(attached.allSatisfy { $0.evidence.hasSuffix("; several media there have its payload types") })
  }

  @Test func followsMediaThatMovesWithinTheCall() throws {
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, [offer(alice)])
    call.add(.answered, at: 1, fromCaller: false, status: 200, [offer(bob)])
    call.add(.invited, at: 10, fromCaller: true, transaction: 2, [offer(endpoint(3, 7_000))])
    call.add(.answered, at: 11, fromCaller: false, status: 200, transaction: 2, [offer(bob)])
    call.add(.ended, at: 30, fromCaller: true)
    let plan = CallPlanner.plan(
      signals: call.signals,
      streams: [stream(bob, alice, from: 1, to: 10), stream(bob, endpoint(3, 7_000), from: 10, to: 30, packet: 2_000)])
    #expect(plan.calls.count == 1)
    #expect(plan.calls[0].streams.map(\.party) == [.called, .called])
  }

  @Test func givesEachRecordedStreamItsOwnTrack() {
    let one = recorded(alice, line: 0, label: "", [])
    let other = recorded(endpoint(1, 4_002), line: 1, label: "2", ["robin"])
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, [one, other])
    call.add(
      .answered, at: 1, fromCaller: false, status: 200,
      [recorded(bob, line: 0, label: "", []), recorded(endpoint(2, 6_002), line: 1, label: "", [])])
    let plan = CallPlanner.plan(
      signals: call.signals,
      streams: [
        stream(alice, bob, from: 1, to: 10),
        stream(endpoint(1, 4_002), endpoint(2, 6_002), from: 1, to: 10, packet: 1_001),
      ])
    #expect(plan.calls.map { $0.streams.map(\.track) } == [[0, 1]])
    #expect(plan.calls.map { $0.streams.map { $0.participants.map(\.address) } } == [[[], ["sip:robin@pier.example"]]])
  }

  @Test func namesThoseInTurnWhoAreHeardInOneStream() {
    var call = Signalling()
    for (transaction, people) in [["robin"], ["robin", "kim"], ["lee"]].enumerated() {
      let begin = Double(10 * transaction + 1)
      call.add(
        .invited, at: begin, fromCaller: true, transaction: transaction + 1,
        [recorded(alice, line: 0, label: "1", people)])
      call.add(
        .answered, at: begin + 1, fromCaller: false, status: 200, transaction: transaction + 1,
        [recorded(bob, line: 0, label: "", [])])
    }
    let speakers = { (end: Double) in
      CallPlanner.plan(signals: call.signals, streams: [stream(alice, bob, from: 2, to: end)]).calls
        .flatMap(\.streams).flatMap(\.participants)
    }
    let named = { (name: String, at: Double?) in
      PlannedCall.Speaker(address: "sip:\(name)@pier.example", name: "", since: at.map { time($0) })
    }
    #expect(speakers(9) == [named("robin", nil)])
    #expect(speakers(15) == [named("robin", 1), named("kim", 11)])
    #expect(speakers(30) == [named("robin", 1), named("kim", 11), named("lee", 21)])
  }

  private func recorded(_ endpoint: Endpoint, line: UInt16, label: String, _ people: [String]) -> MediaOffer {
    var media = MediaOffer(kind: "audio", receivesAt: endpoint, transport: "RTP/AVP", index: line)
    media.payloads = [.init(type: 8, encoding: "PCMA", clockRate: 8_000)]
    media.label = label
    media.participants = people.map { .init(address: "sip:\($0)@pier.example", name: "") }
    return media
  }

  @Test func leavesRefusedMediaAlone() {
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, [offer(endpoint(1, 0))])
    call.add(.ended, at: 30, fromCaller: true)
    let plan = CallPlanner.plan(signals: call.signals, streams: [stream(bob, endpoint(1, 0), from: 1, to: 2)])
    #expect(plan.calls.map { $0.streams.map(\.attachment) } == [[], [.none]])
  }

  @Test func tellsCallsApartThatUseOnePortAfterAnother() {
    // The second invitation comes within the lead time of the first call's last packets.
    let signals =
      Signalling.whole("one", from: 0, to: 60) + Signalling.whole("two", from: 61, to: 120, packet: 10)
      + Signalling.whole("three", from: 200, to: 230, packet: 20)
    let streams = [
      stream(bob, alice, from: 0.3, to: 60.2, packet: 100, identifier: 1),
      stream(bob, alice, from: 61.3, to: 120, packet: 200, identifier: 2),
      stream(bob, alice, from: 199.5, to: 230, packet: 300, identifier: 3),
      stream(bob, alice, from: 232, to: 233, packet: 400, identifier: 4),
      stream(bob, alice, from: 300, to: 320, packet: 500, identifier: 5),
    ]
    let plan = CallPlanner.plan(signals: signals, streams: streams)
    #expect(plan.calls.map(\.callID) == ["one", "two", "three", ""])
    #expect(plan.calls.map { $0.streams.map { streams[$0.index].identifier } } == [[1], [2], [3, 4], [5]])
    #expect(plan.calls[3].signalling == nil)
  }

  @Test func prefersTheCallThatStillRunsToOneThatBeganLater() {
    // The later call had ended; the earlier one did not.
    let signals =
      Signalling.whole("long", from: 0, to: 600) + Signalling.whole("short", from: 100, to: 110, packet: 10)
    let plan = CallPlanner.plan(signals: signals, streams: [stream(bob, alice, from: 300, to: 310)])
    #expect(plan.calls.map { $0.streams.count } == [1, 0])
  }

  @Test func prefersTheNearerCallWhereTheEndOfTheFormerIsMissing() {
    var signals = Signalling.whole("one", from: 0, to: 60)
    signals.removeLast()
    signals += Signalling.whole("two", from: 100, to: 160, packet: 10)
    let plan = CallPlanner.plan(
      signals: signals,
      streams: [
        stream(bob, alice, from: 0.5, to: 60, packet: 500), stream(bob, alice, from: 50, to: 60, packet: 600),
        stream(bob, alice, from: 99.5, to: 160, packet: 700),
      ])
    #expect(plan.calls.map { $0.streams.map(\.index) } == [[0, 1], [2]])
  }

  @Test func takesMediaThatBeganBeforeTheInvitation() {
    var call = Signalling()
    call.add(.invited, at: 100, fromCaller: true, transaction: 5, [offer(alice)])
    let plan = CallPlanner.plan(signals: call.signals, streams: [stream(bob, alice, from: 0, to: 200)])
    #expect(plan.calls.map { $0.streams.count } == [1])
  }

  @Test func attachesWithoutCaptureTimes() {
    let untimed = Signalling.whole(from: 0, to: 1).map { signal in
      var signal = signal
      signal.trace.first = .unknown
      signal.trace.last = .unknown
      return signal
    }
    var media = stream(bob, alice, from: 0, to: 0)
    media.first = .unknown
    media.last = .unknown
    let plan = CallPlanner.plan(signals: untimed, streams: [media])
    #expect(plan.calls.map { $0.streams.count } == [1])
  }

  @Test func infersTheAddressThatTranslationPutThere() throws {
    // Alice offers a private address; her messages, and her media, come from the public one.
    var call = Signalling()
    call.alice = endpoint(0x51, 5_060)
    call.add(.invited, at: 0, fromCaller: true, [offer(alice)])
    call.add(.answered, at: 1, fromCaller: false, status: 200, [offer(bob)])
    call.add(.ended, at: 30, fromCaller: true)
    let outside = endpoint(0x51, 4_000)
    let plan = CallPlanner.plan(
      signals: call.signals,
      streams: [stream(outside, bob, from: 1, to: 30), stream(bob, outside, from: 1, to: 30, packet: 1_001)])
    let streams = try #require(plan.calls.first).streams
    #expect(streams.map(\.party) == [.caller, .called])
    #expect(streams.map(\.attachment) == [.signalling, .inferred])
    #expect(streams[1].evidence.contains("10.0.0.1:4000"))
    #expect(streams[1].evidence.contains("10.0.0.81"))
  }

  @Test func infersTheSpeakerFromTheSource() throws {
    // Bob sends from where he asked for media, but to an address that nobody named.
    let plan = CallPlanner.plan(
      signals: Signalling.whole(from: 0, to: 60), streams: [stream(bob, endpoint(77, 9_999), from: 1, to: 60)])
    let found = try #require(plan.calls.first?.streams.first)
    #expect(found.party == .called)
    #expect(found.attachment == .inferred)
    #expect(found.evidence.hasPrefix("its source"))
  }

  @Test func prefersWhatWasAskedForToWhatTranslationMayHaveMade() {
    // A later call of another one, whose messages come from Alice's address, asks for the same port elsewhere.
    var other = Signalling("other", packet: 50)
    other.alice = endpoint(1, 5_090)
    other.add(.invited, at: 10, fromCaller: true, [offer(endpoint(99, 4_000))])
    let plan = CallPlanner.plan(
      signals: Signalling.whole(from: 0, to: 60) + other.signals, streams: [stream(bob, alice, from: 20, to: 60)])
    #expect(plan.calls.map { $0.streams.count } == [1, 0])
  }

  @Test func takesCandidatesOnlyWhereSignallingNamesThem() {
    let plan = CallPlanner.plan(
      signals: Signalling.whole(from: 0, to: 60),
      streams: [
        stream(bob, alice, from: 1, to: 2, .candidate),
        stream(endpoint(8, 1), endpoint(9, 1), from: 1, to: 2, packet: 2_000, .candidate),
      ])
    #expect(plan.calls.map { $0.streams.count } == [1])
    #expect(plan.unclaimed == [1])
  }

  @Test func tellsWhatTheSignallingEncrypts() {
    var secret = offer(bob)
    secret.transport = "UDP/TLS/RTP/SAVPF"
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, [offer(alice)])
    call.add(.answered, at: 1, fromCaller: false, status: 200, [secret])
    let plan = CallPlanner.plan(
      signals: call.signals, streams: [stream(alice, bob, from: 1, to: 9), stream(bob, alice, from: 1, to: 9)])
    #expect(plan.calls[0].streams.map(\.isEncrypted) == [true, false])
  }

  @Test func letsTheReceiversMeaningOfATypeCount() {
    var call = Signalling()
    call.add(
      .invited, at: 0, fromCaller: true,
      [
        offer(
          alice,
          [.init(type: 96, encoding: "OPUS", clockRate: 48_000), .init(type: 97, encoding: "ILBC", clockRate: 8_000)])
      ])
    call.add(
      .answered, at: 1, fromCaller: false, status: 200,
      [offer(bob, [.init(type: 96, encoding: "SPEEX", clockRate: 8_000)])])
    let plan = CallPlanner.plan(signals: call.signals, streams: [stream(alice, bob, from: 1, to: 9)])
    #expect(plan.calls[0].streams[0].payloads.mapValues(\.encoding) == [96: "SPEEX", 97: "ILBC"])
  }
}

/// Media that no signalling names.
@Suite struct MediaOnlyTests {
  private let here = endpoint(1, 4_000)
  private let there = endpoint(2, 6_000)

  @Test func pairsBothDirections() throws {
    let plan = CallPlanner.plan(
      signals: [],
      streams: [stream(here, there, from: 0, to: 60), stream(there, here, from: 0.1, to: 60, packet: 1_001)])
    let call = try #require(plan.calls.first)
    #expect(plan.calls.count == 1)
    #expect(call.signalling == nil)
    #expect(call.outcome == .unknown)
    #expect(call.source == here)
    #expect(call.streams.map(\.party) == [.unknown, .unknown])
    #expect(call.streams.map(\.track) == [0, 1])
    #expect(call.streams.map(\.attachment) == [.none, .none])
    #expect(call.streams.map(\.evidence) == ["its numbering", "its numbering"])
  }

  @Test func beginsAnotherCallAfterAPause() {
    let plan = CallPlanner.plan(
      signals: [],
      streams: [
        stream(here, there, from: 0, to: 60), stream(here, there, from: 100, to: 130, packet: 2_000),
        stream(there, here, from: 191, to: 200, packet: 3_000),
      ])
    #expect(plan.calls.map { $0.streams.count } == [2, 1])
    #expect(plan.calls[1].source == there)
  }

  @Test func keepsDifferentEndpointsApart() {
    let plan = CallPlanner.plan(
      signals: [],
      streams: [stream(here, there, from: 0, to: 60), stream(here, endpoint(2, 6_002), from: 0, to: 60, packet: 2_000)])
    #expect(plan.calls.count == 2)
  }
}

/// Numbers that an adversary may choose.
@Suite struct HostileCallTests {
  @Test func survivesTimesAtTheEndsOfTheScale() {
    let ends = [Int64.min + 1, .min, 0, .max - 1, .max].map { CaptureTime(nanoseconds: $0) }
    for first in ends {
      for last in ends {
        var signals = Signalling.whole(from: 0, to: 1)
        for index in signals.indices {
          signals[index].trace.first = index % 2 == 0 ? first : last
          signals[index].trace.last = last
        }
        var named = stream(endpoint(2, 6_000), endpoint(1, 4_000), from: 0, to: 0)
        var unnamed = stream(endpoint(8, 1), endpoint(9, 1), from: 0, to: 0)
        (named.first, named.last) = (first, last)
        (unnamed.first, unnamed.last) = (last, first)
        let plan = CallPlanner.plan(signals: signals, streams: [named, unnamed, unnamed])
        #expect(plan.calls.reduce(0) { $0 + $1.streams.count } == 3)
      }
    }
  }

  @Test func keepsNamesWhole() throws {
    let name = String(repeating: "ä", count: 10_000) + "<script>alert(1)</script>\u{202e}gpj.exe\u{0}"
    var signals = Signalling.whole(from: 0, to: 1)
    signals[0].callerName = name
    #expect(CallPlanner.plan(signals: signals, streams: []).calls.first?.callerName == name)
  }

  private func plan(_ count: Int, ports: Int, isFirstEndless: Bool = false) -> (CallPlan, Duration) {
    var signals: [CallSignal] = []
    var streams: [MediaStream] = []
    for number in 0..<count {
      let begin = Double(number) * 0.25
      let alice = endpoint(1 + number % 7, 10_000 + number % ports)
      let bob = endpoint(101 + number % 7, 10_000 + number % ports)
      var call = Signalling.whole(
        "call \(number)", from: begin, to: begin + 0.2, packet: number * 10, alice: alice, bob: bob)
      if isFirstEndless, number < 7 { call.removeLast() }
      signals += call
      streams.append(stream(alice, bob, from: begin, to: begin + 0.2, packet: number * 10 + 5, identifier: 1))
      streams.append(stream(bob, alice, from: begin, to: begin + 0.2, packet: number * 10 + 6, identifier: 2))
    }
    let clock = ContinuousClock()
    var result = CallPlanner.plan(signals: [], streams: [])
    let duration = clock.measure { result = CallPlanner.plan(signals: signals, streams: streams) }
    return (result, duration)
  }

  /// A plan that compares every stream with every call takes minutes for the larger number.
  @Test(.timeLimit(.minutes(1)), arguments: [1, 40_000]) func plansTwentyThousandCallsInNearLinearTime(_ ports: Int) {
    let (small, short) = plan(2_000, ports: ports, isFirstEndless: true)
    let (large, long) = plan(20_000, ports: ports, isFirstEndless: true)
    #expect(small.calls.count == 2_000)
    #expect(large.calls.count == 20_000)
    #expect(large.calls.allSatisfy { $0.streams.map(\.party) == [.caller, .called] })
    print("calls on \(ports) ports: 2,000 in \(short), 20,000 in \(long)")
  }
}
