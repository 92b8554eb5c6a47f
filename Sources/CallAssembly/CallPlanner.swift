public import EvidenceModel

/// Joins signalling with media: which stream belongs to which call, and who speaks in it.
///
/// A stream goes to the party that asked for media at its destination, and so was sent by the other one. Where the signalling
/// does not name the destination (a proxy, NAT), other evidence is used and named; what stays is media of unknown parties.
public struct CallPlanner {
  /// Nanoseconds that media may come before the message that asks for it, and after the end of its call.
  static let leadTime: Int64 = 2_000_000_000
  static let tailTime: Int64 = 5_000_000_000
  /// People of one stream that are told.
  static let maximumSpeakers = 256
  /// Keys of a party in one call that are tried.
  static let maximumKeys = 64
  /// Nanoseconds of silence after which the same endpoints begin another call without signalling.
  static let pauseTime: Int64 = 60_000_000_000

  private let streams: [MediaStream]
  private var builders: [CallBuilder] = []
  private var calls: [PlannedCall] = []
  /// Where the signalling asks for media, and where it would come if NAT put the sender's own address there.
  private var direct: [Target: PlaceList] = [:]
  private var mapped: [Target: PlaceList] = [:]

  /// Where media goes: an endpoint, and the channel where that is the end of a connection.
  private struct Target: Hashable {
    let endpoint: Endpoint
    let channel: UInt8?
  }

  private init(_ streams: [MediaStream]) { self.streams = streams }

  /// Plans all calls. `signals` and `streams` may come in any order; the result does not depend on it.
  public static func plan(signals: [CallSignal], streams: [MediaStream]) -> CallPlan {
    var planner = CallPlanner(streams)
    planner.follow(signals)
    return planner.attach()
  }

  private mutating func follow(_ signals: [CallSignal]) {
    var places: [String: Int] = [:]
    let ordered = signals.enumerated().sorted { left, right in
      let one = Self.order(left.element)
      let two = Self.order(right.element)
      return one != two ? one < two : left.offset < right.offset
    }
    for (_, signal) in ordered {
      let key = signal.signalling + "\u{0}" + signal.callID
      if places[key] == nil {
        places[key] = builders.count
        builders.append(CallBuilder(signal))
      }
      builders[places[key] ?? 0].take(signal)
    }
    for index in builders.indices {
      builders[index].finish()
      calls.append(builders[index].call)
      for destination in builders[index].destinations {
        let place = Place(call: index, destination: destination, endedAt: builders[index].call.endedAt)
        let target = Target(endpoint: destination.endpoint, channel: destination.channel)
        direct[target, default: PlaceList()].add(place)
        let other = Target(
          endpoint: Endpoint(destination.signalledFrom, port: destination.endpoint.port), channel: destination.channel)
        if other != target { mapped[other, default: PlaceList()].add(place) }
      }
    }
    tellReplacements(places)
    for target in direct.keys { direct[target]?.settle() }
    for target in mapped.keys { mapped[target]?.settle() }
  }

  /// Tells each call that another one took its place (RFC 3891).
  private mutating func tellReplacements(_ places: [String: Int]) {
    for call in calls where !call.replaces.isEmpty {
      guard let place = places[(call.signalling ?? "") + "\u{0}" + call.replaces], calls[place].replacedBy.isEmpty
      else { continue }
      calls[place].replacedBy = call.callID
    }
  }

  /// The order of the evidence; messages that one packet holds go by their own numbers.
  private static func order(_ signal: CallSignal) -> (UInt64, UInt64, UInt32, UInt8) {
    (
      signal.trace.packets.last?.rawValue ?? 0, signal.trace.packets.first?.rawValue ?? 0, signal.transaction,
      signal.step.rawValue
    )
  }

  private mutating func attach() -> CallPlan {
    var plan = CallPlan()
    var unnamed: [Int] = []
    let order = streams.indices.sorted {
      (streams[$0].firstPacket, streams[$0].identifier) < (streams[$1].firstPacket, streams[$1].identifier)
    }
    for index in order {
      let stream = streams[index]
      if let (place, isDirect) = find(stream.destination, stream) {
        add(index, to: place, speaker: Self.other(place.destination.receiver), isDirect: isDirect, "its destination")
      } else if let (place, _) = find(stream.source, stream) {
        add(index, to: place, speaker: place.destination.receiver, isDirect: false, "its source")
      } else if stream.verdict == .accepted {
        unnamed.append(index)
      } else {
        plan.unclaimed.append(index)
      }
    }
    calls += withoutSignalling(unnamed)
    let kept = calls.filter {
      $0.signalling == nil || $0.invitedAt != nil || !$0.streams.isEmpty || $0.endedAt != nil || $0.answeredAt != nil
    }
    plan.calls = kept.map { (first: first($0), call: $0) }
      .sorted { ($0.first, $0.call.callID) < ($1.first, $1.call.callID) }.map(\.call)
    return plan
  }

  private func first(_ call: PlannedCall) -> PacketPosition {
    let signalled = call.trace.packets.first
    let media = call.streams.map { streams[$0.index].firstPacket }.min()
    return min(signalled ?? PacketPosition(rawValue: .max), media ?? PacketPosition(rawValue: .max))
  }

  private static func other(_ party: PlannedCall.Party) -> PlannedCall.Party { party == .caller ? .called : .caller }

  /// The call that asked for media at an endpoint when a stream began; what was asked for goes before what NAT may have made.
  private func find(_ endpoint: Endpoint, _ stream: MediaStream) -> (Place, isDirect: Bool)? {
    let target = Target(endpoint: endpoint, channel: stream.channel)
    if let place = direct[target]?.best(for: stream) { return (line(of: stream, at: place), true) }
    return mapped[target]?.best(for: stream).map { (line(of: stream, at: $0), false) }
  }

  /// Of several media that one description wants at one endpoint, the one that names the stream's payload types (RFC 9143, 9.2).
  ///
  /// Where several do so equally well nobody can tell which it is; where none does, it is the one that is there by itself.
  private func line(of stream: MediaStream, at place: Place) -> Place {
    let own = place.destination
    func matches(_ destination: CallBuilder.Destination) -> Int {
      Set(destination.payloads.map(\.type)).count { stream.holds(payloadType: $0) }
    }
    let all = builders[place.call].destinations.filter { other in
      other.endpoint == own.endpoint && other.channel == own.channel && other.receiver == own.receiver
        && other.tag == own.tag && other.since == own.since && other.settledBy == own.settledBy
        && other.isRefused == own.isRefused
    }
    guard all.count > 1 else { return place }
    let counts = all.map(matches)
    let highest = counts.max() ?? 0
    let fitting = zip(all, counts).filter { $0.1 == highest }.map(\.0)
    let alone = fitting.filter { !$0.isBundled }
    let best = highest == 0 && alone.count == 1 ? alone : fitting
    return Place(
      call: place.call, destination: best.first ?? own, endedAt: place.endedAt,
      isAmbiguous: Set(best.map(\.line)).count > 1)
  }

  private mutating func add(
    _ index: Int, to place: Place, speaker: PlannedCall.Party, isDirect: Bool, _ what: String
  ) {
    let meanings = PayloadMeanings(
      of: place.destination, in: builders[place.call].destinations, speaker: speaker)
    let evidence =
      isDirect
      ? "the signalling asks for media at \(place.destination.endpoint)"
        + (place.destination.channel.map { ", channel \($0)" } ?? "")
      : "\(what) is where the signalling asks for media, or comes from: \(place.destination.endpoint), \(place.destination.signalledFrom)"
    // What nobody can tell is nobody's: no name is given to it.
    let own = place.isAmbiguous ? nil : description(of: speaker, at: place)
    calls[place.call].streams.append(
      .init(
        index: index, party: speaker, track: track(of: speaker, at: place),
        attachment: isDirect && what == "its destination" && !place.isAmbiguous ? .signalling : .inferred,
        evidence: place.isAmbiguous ? evidence + "; several media there have its payload types" : evidence,
        payloads: meanings.first, redefinitions: meanings.later, kind: place.destination.kind,
        isEncrypted: place.destination.isEncrypted,
        keys: keys(of: speaker, in: place.call), label: own?.label ?? "",
        participants: speakers(own, at: place, streams[index]),
        repairs: repaired(by: streams[index].identifier, of: speaker, in: place.call),
        parameters: parameters(of: speaker, place.destination.kind, in: place.call)))
  }

  /// The stream whose packets another one repeats, as a party says of its own streams; the newest description counts.
  private func repaired(by identifier: UInt32, of party: PlannedCall.Party, in call: Int) -> UInt32? {
    for destination in builders[call].destinations.reversed() where destination.receiver == party {
      if let pair = destination.repairs.first(where: { $0.repair == identifier }) { return pair.original }
    }
    return nil
  }

  /// The speaker's own description of what it sends to a place: of the same line, the last one up to the answer that named the
  /// place, else the first one behind it.
  private func description(of speaker: PlannedCall.Party, at place: Place) -> CallBuilder.Destination? {
    let own = builders[place.call].destinations.filter {
      $0.receiver == speaker && $0.line == place.destination.line && $0.kind == place.destination.kind && !$0.isRefused
        && !$0.label.isEmpty
    }
    return own.last { $0.since <= place.destination.since } ?? own.first
  }

  /// Everyone who is told to be heard while a stream runs, as later descriptions of its line may name others.
  private func speakers(
    _ own: CallBuilder.Destination?, at place: Place, _ stream: MediaStream
  ) -> [PlannedCall.Speaker] {
    guard let own else { return [] }
    let told = builders[place.call].destinations.filter {
      guard $0.receiver == own.receiver, $0.line == own.line, $0.kind == own.kind, !$0.isRefused, !$0.label.isEmpty,
        $0.settledBy >= own.settledBy, $0.since >= own.since
      else { return false }
      return $0.since.isKnown && stream.last.isKnown ? $0.since <= stream.last : $0.settledBy <= stream.lastPacket
    }
    var speakers = own.participants.map { PlannedCall.Speaker(address: $0.address, name: $0.name) }
    guard told.contains(where: { $0.participants != own.participants }) else { return speakers }
    for place in speakers.indices { speakers[place].since = own.since }
    var former = own.participants
    for description in told where description.participants != former {
      let known = Set(former)
      for participant in description.participants
      where !known.contains(participant) && speakers.count < Self.maximumSpeakers {
        speakers.append(.init(address: participant.address, name: participant.name, since: description.since))
      }
      former = description.participants
    }
    return speakers
  }

  /// What one party sends of several people stands side by side, in the order of its lines, those too whose people nobody
  /// names; else each party has its side.
  private func track(of speaker: PlannedCall.Party, at place: Place) -> Int {
    let all = builders[place.call].destinations.filter {
      $0.receiver == speaker && $0.kind == place.destination.kind
    }
    guard all.contains(where: { !$0.participants.isEmpty }) else { return speaker == .caller ? 0 : 1 }
    return Set(all.filter { $0.line < place.destination.line }.map(\.line)).count
  }

  /// Format parameters of a party's own descriptions of video, the newest first: parameter sets are its sender's (RFC 6184, 8.1).
  private func parameters(of party: PlannedCall.Party, _ kind: String, in call: Int) -> [String] {
    guard kind == "video" else { return [] }
    var texts: [String] = []
    for destination in builders[call].destinations.reversed()
    where destination.receiver == party && destination.kind == kind {
      for text in destination.payloads.map(\.parameters)
      where !text.isEmpty && !texts.contains(text) && texts.count < Self.maximumKeys { texts.append(text) }
    }
    return texts
  }

  /// The keys of a party, the newest first.
  private func keys(of party: PlannedCall.Party, in call: Int) -> [String] {
    var keys: [String] = []
    for destination in builders[call].destinations.reversed() where destination.receiver == party {
      for key in destination.keys where !keys.contains(key) && keys.count < Self.maximumKeys { keys.append(key) }
    }
    return keys
  }

  // MARK: Without signalling

  private struct Pair: Hashable {
    let lower: String
    let higher: String
  }

  /// Streams between the same two endpoints that overlap or follow closely are one call of unknown parties.
  private func withoutSignalling(_ indices: [Int]) -> [PlannedCall] {
    var groups: [Pair: [Int]] = [:]
    var order: [Pair] = []
    for index in indices {
      let ends = [streams[index].source.description, streams[index].destination.description].sorted()
      let pair = Pair(lower: ends[0], higher: ends[1])
      if groups[pair] == nil { order.append(pair) }
      groups[pair, default: []].append(index)
    }
    return order.flatMap { calls(of: groups[$0] ?? []) }
  }

  private func calls(of indices: [Int]) -> [PlannedCall] {
    var result: [PlannedCall] = []
    var end = Int64.min
    for index in indices {
      let stream = streams[index]
      if result.isEmpty || stream.first > CaptureTime(nanoseconds: end).adding(Self.pauseTime) {
        var call = PlannedCall()
        call.source = stream.source
        call.destination = stream.destination
        result.append(call)
        end = .min
      }
      end = max(end, stream.last.nanoseconds)
      let place = result.count - 1
      result[place].streams.append(
        .init(
          index: index, party: .unknown, track: stream.source == result[place].source ? 0 : 1, attachment: .none,
          evidence: stream.evidence, payloads: [:], kind: ""))
    }
    return result
  }
}
