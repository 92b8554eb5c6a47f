import EvidenceModel

/// What the payload types of a stream mean, and from when on (RFC 3264, 8.3.2 forbids that to change, and some change it).
///
/// The receiver's word counts; what it does not name has the speaker's meaning. An offer counts from its answer on, a refused one not
/// at all, one without an answer in the capture from its own time on. A type that a later description leaves out keeps its meaning.
struct PayloadMeanings {
  private(set) var first: [UInt8: MediaOffer.Payload] = [:]
  private(set) var later: [PlannedCall.Redefinition] = []

  /// Redefinitions of a stream that are kept.
  static let maximumRedefinitions = 1_000

  init(of place: CallBuilder.Destination, in all: [CallBuilder.Destination], speaker: PlannedCall.Party) {
    // Several media may share one endpoint (RFC 8843).
    let lines = Set(
      all.filter { $0.receiver == place.receiver && $0.endpoint == place.endpoint && $0.channel == place.channel }.map(
        \.line))
    let fitting = all.filter { other in
      lines.contains(other.line) && (other.tag == place.tag || other.tag.isEmpty || place.tag.isEmpty)
    }
    for isRefused in [false, true] {
      for isReceivers in [true, false] {
        take(fitting.filter { $0.isRefused == isRefused && ($0.receiver != speaker) == isReceivers })
      }
    }
    later.sort { $0.since != $1.since ? $0.since < $1.since : $0.position < $1.position }
  }

  private mutating func take(_ definitions: [CallBuilder.Destination]) {
    let known = Set(first.keys)
    var last = first
    let order = definitions.indices.sorted {
      (definitions[$0].validFrom ?? definitions[$0].since, $0) < (
        definitions[$1].validFrom ?? definitions[$1].since, $1
      )
    }
    for definition in order.map({ definitions[$0] }) {
      for payload in definition.payloads where !known.contains(payload.type) {
        guard let former = last[payload.type] else {
          first[payload.type] = payload
          last[payload.type] = payload
          continue
        }
        guard former != payload, later.count < Self.maximumRedefinitions else { continue }
        last[payload.type] = payload
        later.append(
          .init(since: definition.validFrom ?? definition.since, position: definition.settledBy, payload: payload))
      }
    }
  }
}
