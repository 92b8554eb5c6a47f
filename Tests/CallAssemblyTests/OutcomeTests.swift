import CallAssembly
import EvidenceModel
import Testing

/// How calls end.
@Suite struct OutcomeTests {
  private func call(_ fill: (inout Signalling) -> Void) throws -> PlannedCall {
    var signalling = Signalling()
    fill(&signalling)
    let plan = CallPlanner.plan(signals: signalling.signals, streams: [])
    #expect(plan.calls.count == 1)
    return try #require(plan.calls.first)
  }

  @Test func followsAnAnsweredCall() throws {
    let call = try #require(CallPlanner.plan(signals: Signalling.whole(from: 1, to: 61), streams: []).calls.first)
    #expect(call.outcome == .answered)
    #expect(call.invitedAt == time(1))
    #expect(call.ringingAt == time(1.1))
    #expect(call.answeredAt == time(1.2))
    #expect(call.endedAt == time(61))
    #expect(call.endedBy == .called)
    #expect(call.statusCode == 200)
    #expect(call.caller == "sip:alice@example.org")
    #expect(call.called == "sip:bob@example.net")
    #expect(call.source == endpoint(1, 5_060))
    #expect(call.destination == endpoint(2, 5_060))
    #expect(call.trace.packets.count == 4)
  }

  @Test func leavesACallWithoutItsEndOngoing() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.answered, at: 2, fromCaller: false, status: 200)
    }
    #expect(call.outcome == .ongoing)
    #expect(call.endedAt == nil)
    #expect(call.endedBy == nil)
  }

  @Test func tellsARejectedCall() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.rejected, at: 2, fromCaller: false, status: 486)
    }
    #expect(call.outcome == .rejected)
    #expect(call.statusCode == 486)
    #expect(call.endedAt == time(2))
    // Who refused, the called party or somebody on the way, is not known.
    #expect(call.endedBy == nil)
  }

  @Test(arguments: [408, 480]) func tellsAnUnansweredCall(_ status: Int) throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.ringing, at: 1, fromCaller: false, status: 180)
      $0.add(.rejected, at: 30, fromCaller: false, status: status)
    }
    #expect(call.outcome == .unanswered)
  }

  @Test func tellsACancelledCall() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.ringing, at: 1, fromCaller: false, status: 180)
      $0.add(.cancelled, at: 5, fromCaller: true)
      $0.add(.rejected, at: 5.1, fromCaller: false, status: 487)
    }
    #expect(call.outcome == .cancelled)
    #expect(call.endedBy == .caller)
    #expect(call.statusCode == 487)
    #expect(call.endedAt == time(5.1))
  }

  @Test func letsAnAnswerThatCrossedTheCancelStand() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.cancelled, at: 5, fromCaller: true)
      $0.add(.answered, at: 5.1, fromCaller: false, status: 200)
      $0.add(.ended, at: 5.2, fromCaller: true)
    }
    #expect(call.outcome == .answered)
    #expect(call.endedBy == .caller)
  }

  @Test func takesAChallengeForNoRejection() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true, transaction: 1)
      $0.add(.rejected, at: 0.1, fromCaller: false, status: 407, transaction: 1, tag: "proxy")
      $0.add(.invited, at: 0.2, fromCaller: true, transaction: 2)
      $0.add(.answered, at: 3, fromCaller: false, status: 200, transaction: 2)
      $0.add(.ended, at: 9, fromCaller: true, transaction: 3)
    }
    #expect(call.outcome == .answered)
    #expect(call.invitedAt == time(0))
    #expect(call.statusCode == 200)
    #expect(call.branches == 1)
  }

  @Test func takesAChallengeWithoutASecondAttemptAsItStands() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.rejected, at: 0.1, fromCaller: false, status: 407)
    }
    #expect(call.statusCode == 407)
    #expect(call.outcome == .rejected)
  }

  @Test func leavesAChallengedCallUnansweredWhenNothingFollows() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.rejected, at: 0.1, fromCaller: false, status: 401)
      $0.add(.invited, at: 0.2, fromCaller: true, transaction: 2)
    }
    #expect(call.outcome == .unanswered)
    #expect(call.statusCode == 0)
  }

  @Test func judgesTheLastAttemptUnderOneIdentifier() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.cancelled, at: 1, fromCaller: true)
      $0.add(.rejected, at: 1.1, fromCaller: false, status: 487)
      $0.add(.invited, at: 4, fromCaller: true, transaction: 2)
      $0.add(.rejected, at: 6, fromCaller: false, status: 603, transaction: 2)
    }
    #expect(call.outcome == .rejected)
    #expect(call.statusCode == 603)
  }

  @Test func keepsTheAnswerWhenALaterChangeIsRefused() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.answered, at: 1, fromCaller: false, status: 200)
      $0.add(.invited, at: 10, fromCaller: false, transaction: 7)
      $0.add(.rejected, at: 11, fromCaller: true, status: 488, transaction: 7)
      $0.add(.ended, at: 20, fromCaller: true)
    }
    #expect(call.outcome == .answered)
    #expect(call.statusCode == 200)
    #expect(call.invitedAt == time(0))
    #expect(call.endedAt == time(20))
  }

  @Test func countsTheBranchesOfAForkedCall() throws {
    let call = try call {
      $0.add(.invited, at: 0, fromCaller: true)
      $0.add(.ringing, at: 1, fromCaller: false, status: 180, tag: "one")
      $0.add(.ringing, at: 1.1, fromCaller: false, status: 180, tag: "two")
      $0.add(.rejected, at: 2, fromCaller: false, status: 486, tag: "one")
      $0.add(.answered, at: 3, fromCaller: false, status: 200, tag: "two")
    }
    #expect(call.branches == 2)
    #expect(call.outcome == .ongoing)
  }

  @Test func tellsTheEndOfACallWhoseBeginningIsMissing() throws {
    let call = try call { $0.add(.ended, at: 3, fromCaller: true) }
    #expect(call.outcome == .unknown)
    #expect(call.endedAt == time(3))
  }

  @Test func doesNotDependOnTheOrderOfWhatItIsGiven() {
    let signals =
      Signalling.whole("one", from: 1, to: 30) + Signalling.whole("two", from: 2, to: 40, packet: 10)
      + Signalling.whole("three", from: 3, to: 20, packet: 20)
    let streams = (0..<6).map {
      stream(
        endpoint(9, 100 + $0), endpoint($0 % 2 + 1, $0 % 2 == 0 ? 4_000 : 6_000), from: Double($0), to: 50,
        packet: 100 + $0, identifier: UInt32($0))
    }
    let plan = CallPlanner.plan(signals: signals, streams: streams)
    for turn in 1..<signals.count {
      let turned = CallPlanner.plan(signals: Array(signals[turn...] + signals[..<turn]), streams: streams)
      #expect(turned.calls == plan.calls)
    }
    #expect(CallPlanner.plan(signals: signals.reversed(), streams: streams).calls == plan.calls)
  }
}
