import EvidenceModel

/// The steps of one call, each once however often its message was sent or seen on its way.
struct StepList {
  /// Steps of one call that are kept; the messages of all stand in their records.
  static let maximumSteps = 1_000

  private struct Key: Hashable {
    let kind: CallStep.Kind
    let party: PlannedCall.Party
    let transaction: TransactionKey
    let tag: String
    let statusCode: UInt16
  }

  private(set) var steps: [CallStep] = []
  private(set) var omittedCount = 0
  private var places: [Key: Int] = [:]
  private var withdrawn: Set<Int> = []

  /// Adds a step, or the packets of a further copy of its message.
  mutating func add(_ kind: CallStep.Kind, _ signal: CallSignal) {
    let party: PlannedCall.Party = signal.isFromCaller ? .caller : .called
    let key =
      kind == .held || kind == .resumed
      ? Self.holdKey(kind, TransactionKey(signal), party)
      : Key(
        kind: kind, party: party, transaction: TransactionKey(signal), tag: signal.calledTag,
        statusCode: signal.statusCode)
    if let place = places[key] {
      steps[place].trace.formUnion(signal.trace)
      return
    }
    guard steps.count < Self.maximumSteps else {
      omittedCount += 1
      return
    }
    places[key] = steps.count
    steps.append(
      CallStep(
        kind: kind, party: party, tag: signal.calledTag, statusCode: signal.statusCode, reason: signal.reason,
        target: signal.target, replaces: signal.replaces,
        trace: signal.trace))
  }

  /// Takes back a party's hold or its end, because the request that asked for it was refused.
  mutating func withdrawHold(by party: PlannedCall.Party, in transaction: TransactionKey) {
    for kind in [CallStep.Kind.held, .resumed] {
      if let place = places.removeValue(forKey: Self.holdKey(kind, transaction, party)) { withdrawn.insert(place) }
    }
  }

  private static func holdKey(
    _ kind: CallStep.Kind, _ transaction: TransactionKey, _ party: PlannedCall.Party
  ) -> Key {
    Key(kind: kind, party: party, transaction: transaction, tag: "", statusCode: 0)
  }

  /// The steps that count, in the order in which they came.
  var settled: [CallStep] { steps.indices.filter { !withdrawn.contains($0) }.map { steps[$0] } }
}
