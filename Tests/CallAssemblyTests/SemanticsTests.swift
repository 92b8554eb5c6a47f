import CallAssembly
import EvidenceModel
import Testing

/// Hold, transfer, forks, early media, and payload types that change their meaning.
@Suite struct SemanticsTests {
  private let alice = endpoint(1, 4_000)
  private let bob = endpoint(2, 6_000)

  private func call(_ fill: (inout Signalling) -> Void) throws -> PlannedCall {
    var signalling = Signalling()
    fill(&signalling)
    return try #require(CallPlanner.plan(signals: signalling.signals, streams: []).calls.first)
  }

  private func offer(
    _ endpoint: Endpoint, _ direction: MediaOffer.Direction, _ payload: MediaOffer.Payload? = nil
  ) -> MediaOffer {
    var media = CallAssemblyTests.offer(endpoint)
    media.direction = direction
    if let payload { media.payloads = [payload] }
    return media
  }

  private func answered(_ call: inout Signalling) {
    call.add(.invited, at: 0, fromCaller: true, [offer(alice, .sendReceive)])
    call.add(.answered, at: 1, fromCaller: false, status: 200, [offer(bob, .sendReceive)])
  }

  // MARK: Hold

  @Test(arguments: [MediaOffer.Direction.sendOnly, .inactive])
  func tellsHoldAndResumption(_ direction: MediaOffer.Direction) throws {
    let call = try call {
      answered(&$0)
      $0.add(.invited, at: 10, fromCaller: false, transaction: 7, [offer(bob, direction)])
      $0.add(
        .answered, at: 10.1, fromCaller: true, status: 200, transaction: 7,
        [offer(alice, direction == .sendOnly ? .receiveOnly : .inactive)])
      $0.add(.invited, at: 20, fromCaller: false, transaction: 8, [offer(bob, .sendReceive)])
      $0.add(.answered, at: 20.1, fromCaller: true, status: 200, transaction: 8, [offer(alice, .sendReceive)])
      $0.add(.ended, at: 30, fromCaller: true, transaction: 2)
    }
    #expect(call.holds == [.init(party: .called, heldAt: time(10), resumedAt: time(20))])
    #expect(
      call.steps.map(\.kind) == [
        .invited, .answered, .changeRequested, .held, .changeAnswered, .changeRequested, .resumed, .changeAnswered,
        .ended,
      ])
    let held = try #require(call.steps.first { $0.kind == .held })
    #expect(held.trace.packets == PacketSet(place(3)))
    #expect(call.outcome == .answered)
  }

  @Test func takesAnAddressOfZerosForAHold() throws {
    let call = try call {
      answered(&$0)
      var zeros = offer(alice, .sendReceive)
      zeros.receivesAt.address = InternetAddress(version4: 0)
      $0.add(.invited, at: 10, fromCaller: true, transaction: 2, tag: "b", [zeros])
      $0.add(.answered, at: 10.1, fromCaller: false, status: 200, transaction: 2, [offer(bob, .sendReceive)])
    }
    #expect(call.holds == [.init(party: .caller, heldAt: time(10))])
  }

  @Test func leavesARefusedHoldOut() throws {
    let call = try call {
      answered(&$0)
      $0.add(.invited, at: 10, fromCaller: false, transaction: 7, [offer(bob, .sendOnly)])
      $0.add(.rejected, at: 10.1, fromCaller: true, status: 488, transaction: 7)
      $0.add(.invited, at: 12, fromCaller: false, transaction: 8, [offer(bob, .sendOnly)])
      $0.add(.mediaRefused, at: 12.1, fromCaller: true, status: 491, transaction: 8)
    }
    #expect(call.holds.isEmpty)
    #expect(
      call.steps.map(\.kind) == [
        .invited, .answered, .changeRequested, .changeRejected, .changeRequested, .changeRejected,
      ])
  }

  @Test func tellsThatBothHold() throws {
    let call = try call {
      answered(&$0)
      $0.add(.invited, at: 10, fromCaller: false, transaction: 7, [offer(bob, .sendOnly)])
      $0.add(.answered, at: 10.1, fromCaller: true, status: 200, transaction: 7, [offer(alice, .receiveOnly)])
      $0.add(.invited, at: 12, fromCaller: true, transaction: 2, [offer(alice, .inactive)])
      $0.add(.answered, at: 12.1, fromCaller: false, status: 200, transaction: 2, [offer(bob, .inactive)])
      $0.add(.invited, at: 20, fromCaller: true, transaction: 3, [offer(alice, .receiveOnly)])
      $0.add(.answered, at: 20.1, fromCaller: false, status: 200, transaction: 3, [offer(bob, .sendOnly)])
    }
    #expect(
      call.holds == [
        .init(party: .called, heldAt: time(10)), .init(party: .caller, heldAt: time(12), resumedAt: time(20)),
      ])
  }

  @Test func takesNoHoldFromACallThatBeginsWithoutMedia() throws {
    // A third party sets up calls so (RFC 3725).
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true, [offer(alice, .inactive)])
      $0.add(.answered, at: 1, fromCaller: false, status: 200, [offer(bob, .inactive)])
      $0.add(.invited, at: 2, fromCaller: true, transaction: 2, [offer(alice, .sendReceive)])
      $0.add(.answered, at: 2.1, fromCaller: false, status: 200, transaction: 2, [offer(bob, .sendReceive)])
    }
    #expect(call.holds.isEmpty)
  }

  // MARK: Forks and early media

  @Test func keepsTheDialogsOfAForkApart() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true, [offer(alice, .sendReceive)])
      $0.add(.ringing, at: 1, fromCaller: false, status: 180, tag: "one")
      $0.add(.earlyMedia, at: 1.5, fromCaller: false, status: 183, tag: "two", [offer(bob, .sendReceive)])
      $0.add(.ringing, at: 2, fromCaller: false, status: 180, tag: "one")
      $0.add(.answered, at: 3, fromCaller: false, status: 200, tag: "one", [offer(endpoint(3, 7_000), .sendReceive)])
      $0.add(.answered, at: 3.1, fromCaller: false, status: 200, tag: "two", [offer(bob, .sendReceive)])
      // The caller keeps one of the two (RFC 3261, 13.2.2.4).
      $0.add(.ended, at: 3.5, fromCaller: true, transaction: 2, tag: "two")
      $0.add(.ended, at: 60, fromCaller: false, transaction: 9, tag: "one")
    }
    #expect(call.dialogs.map(\.tag) == ["one", "two"])
    #expect(call.dialogs.map(\.ringingAt) == [time(1), nil])
    #expect(call.dialogs.map(\.earlyMediaAt) == [nil, time(1.5)])
    #expect(call.dialogs.map(\.answeredAt) == [time(3), time(3.1)])
    #expect(call.dialogs.map(\.endedAt) == [time(60), time(3.5)])
    #expect(call.endedAt == time(60))
    #expect(call.endedBy == .called)
    #expect(call.earlyMediaAt == time(1.5))
    #expect(call.branches == 2)
    // The second 180 of a dialog tells nothing new, and its packet is kept.
    #expect(call.steps.filter { $0.kind == .ringing }.map(\.trace.packets.count) == [2])
  }

  @Test func tellsEachStepOnceHoweverOftenItsMessageIsSeen() throws {
    let call = try call {
      for moment in [0, 0.01] { $0.add(.invited, at: moment, fromCaller: true, [offer(alice, .sendReceive)]) }
      for moment in [1, 1.01] { $0.add(.ringing, at: moment, fromCaller: false, status: 180) }
      $0.add(.cancelled, at: 2, fromCaller: true)
      for moment in [2.1, 2.6] { $0.add(.rejected, at: moment, fromCaller: false, status: 487) }
    }
    #expect(call.steps.map(\.kind) == [.invited, .ringing, .cancelled, .rejected])
    #expect(call.steps.map(\.trace.packets.count) == [2, 2, 1, 2])
    #expect(call.outcome == .cancelled)
    #expect(call.statusCode == 487)
  }

  @Test func limitsTheStepsOfACall() throws {
    let call = try call {
      answered(&$0)
      for number in 0..<1_200 { $0.add(.transferRequested, at: 2, fromCaller: true, transaction: number + 2) }
    }
    #expect(call.steps.count == 1_000)
    #expect(call.omittedSteps == 202)
  }

  @Test func limitsTheDialogsOfACall() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      for number in 0..<300 { $0.add(.ringing, at: 1, fromCaller: false, status: 180, tag: "\(number)") }
    }
    #expect(call.dialogs.count == 256)
  }

  // MARK: Transfer and conference

  @Test func tellsATransferAndTheCallThatReplaces() throws {
    var first = Signalling("first")
    answered(&first)
    first.add(.transferRequested, at: 10, fromCaller: true, transaction: 2)
    first.add(.transferAccepted, at: 10.1, fromCaller: false, status: 202, transaction: 2)
    first.add(.transferProgress, at: 11, fromCaller: false, status: 100, transaction: 50)
    first.add(.transferProgress, at: 12, fromCaller: false, status: 200, transaction: 51)
    first.add(.ended, at: 13, fromCaller: true, transaction: 3)
    var second = Signalling("second", packet: 100)
    answered(&second)
    var third = Signalling("third", packet: 200)
    answered(&third)
    var signals = first.signals + second.signals + third.signals
    for index in signals.indices where signals[index].callID == "first" && signals[index].step == .transferRequested {
      signals[index].target = "sip:carol@example.com"
      signals[index].replaces = "second"
    }
    for index in signals.indices where signals[index].callID == "third" && signals[index].step == .invited {
      signals[index].replaces = "second"
      signals[index].referredBy = "sip:alice@example.org"
      signals[index].isFocus = true
    }
    let calls = CallPlanner.plan(signals: signals, streams: []).calls
    #expect(calls.map(\.callID) == ["first", "second", "third"])
    let steps = calls[0].steps.filter { $0.kind.rawValue.hasPrefix("transfer") }
    #expect(steps.map(\.kind) == [.transferRequested, .transferAccepted, .transferProgress, .transferProgress])
    #expect(steps.map(\.statusCode) == [0, 202, 100, 200])
    #expect(steps.map(\.party) == [.caller, .called, .called, .called])
    #expect(steps[0].target == "sip:carol@example.com")
    #expect(steps[0].replaces == "second")
    #expect(calls[1].replacedBy == "third")
    #expect(calls[2].replaces == "second")
    #expect(calls[2].referredBy == "sip:alice@example.org")
    #expect(calls.map(\.focus) == [nil, nil, .caller])
  }

  // MARK: Payload types

  private let opus = MediaOffer.Payload(type: 96, encoding: "OPUS", clockRate: 48_000)
  private let linear = MediaOffer.Payload(type: 96, encoding: "L16", clockRate: 8_000)
  private let iLBC = MediaOffer.Payload(type: 96, encoding: "ILBC", clockRate: 8_000)

  private func redefined(refused: Bool) throws -> [PlannedCall.Stream] {
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, [offer(alice, .sendReceive, opus)])
    call.add(.answered, at: 1, fromCaller: false, status: 200, [offer(bob, .sendReceive, opus)])
    call.add(.invited, at: 10, fromCaller: false, transaction: 7, [offer(bob, .sendReceive, linear)])
    if refused {
      call.add(.rejected, at: 11, fromCaller: true, status: 488, transaction: 7)
    } else {
      call.add(.answered, at: 11, fromCaller: true, status: 200, transaction: 7, [offer(alice, .sendReceive, iLBC)])
    }
    let plan = CallPlanner.plan(
      signals: call.signals, streams: [stream(alice, bob, from: 1, to: 30), stream(bob, alice, from: 1, to: 30)])
    return try #require(plan.calls.first).streams
  }

  @Test func givesATypeTheMeaningOfItsTimeAndDirection() throws {
    let streams = try redefined(refused: false)
    #expect(streams.map { $0.payloads[96] } == [opus, opus])
    // To Bob counts what Bob asked for, from the moment when Alice agreed.
    #expect(streams[0].redefinitions == [.init(since: time(11), position: place(4), payload: linear)])
    #expect(streams[1].redefinitions == [.init(since: time(11), position: place(4), payload: iLBC)])
    let change = streams[0].redefinitions[0]
    #expect(change.holds(at: time(11), place(1)))
    #expect(!change.holds(at: time(10.9), place(9)))
    #expect(change.holds(at: .unknown, place(4)))
    #expect(!change.holds(at: .unknown, place(3)))
  }

  @Test func leavesTheMeaningThatARefusedOfferWouldHaveGiven() throws {
    let streams = try redefined(refused: true)
    #expect(streams.map(\.redefinitions) == [[], []])
  }

  @Test func keepsMeaningsOfDifferentMediaApart() throws {
    var video = MediaOffer(kind: "video", receivesAt: endpoint(2, 6_002), transport: "RTP/AVP", index: 1)
    video.payloads = [.init(type: 96, encoding: "H264", clockRate: 90_000)]
    var call = Signalling()
    call.add(.invited, at: 0, fromCaller: true, [offer(alice, .sendReceive, opus)])
    call.add(.answered, at: 1, fromCaller: false, status: 200, [offer(bob, .sendReceive, opus), video])
    let plan = CallPlanner.plan(
      signals: call.signals,
      streams: [stream(alice, bob, from: 1, to: 30), stream(alice, endpoint(2, 6_002), from: 1, to: 30, packet: 2_000)])
    #expect(plan.calls[0].streams.map { $0.payloads[96]?.encoding } == ["OPUS", "H264"])
    #expect(plan.calls[0].streams.map(\.kind) == ["audio", "video"])
  }
}
