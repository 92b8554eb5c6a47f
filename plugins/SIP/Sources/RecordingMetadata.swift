import DecoderKit

/// What a recording session says of what it records: sessions, who took part in them, and in which stream they are heard (RFC 7865).
struct RecordingMetadata {
  static let mediaType = "application/rs-metadata+xml"
  /// Participants and streams that are told, of each.
  static let maximumCount = 256
  /// Associations that are told, and entries of all lists of a record together.
  static let maximumEntries = 4 * maximumCount

  struct Participant {
    let address: String
    let name: String
  }

  /// Nil of what is only remembered.
  private var root: XMLElement?
  /// Whether it is all that there is to tell, rather than what changed (RFC 7865, 6.1).
  let isComplete: Bool
  private(set) var participants: [String: Participant] = [:]
  /// Labels of media by the stream's identifier, and who sends each stream.
  private(set) var labels: [String: String] = [:]
  private(set) var senders: [String: [String]] = [:]
  /// Who no longer sends a stream: associations that are over.
  private var ended: [String: Set<String>] = [:]
  /// Whether there is more than is told.
  private var isCut = false

  /// Throws when it is no such document.
  init(_ document: [UInt8]) throws(ReadError) {
    let root = try XMLElement(document)
    self.root = root
    guard root.name == "recording" else { throw ReadError(.malformed, at: 0, reading: "recording metadata") }
    let mode = (root.first("datamode") ?? root.first("dataMode"))?.text.trimmingSpaces.lowercased()
    isComplete = mode != "partial"
    var associationCount = 0
    let elements = root.elements
    isCut = elements.count > Self.maximumEntries
    for element in elements.prefix(Self.maximumEntries) {
      switch element.name {
      case "participant":
        guard let identifier = element["participant_id"] ?? element["id"] else { continue }
        guard participants.count < Self.maximumCount else {
          isCut = true
          continue
        }
        let name = element.first("nameID")
        participants[identifier] = Participant(
          address: name?["aor"] ?? element["aor"] ?? "", name: name?.first("name")?.text.trimmingSpaces ?? "")
      case "stream":
        guard let identifier = element["stream_id"] ?? element["id"],
          let label = element.first("label")?.text.trimmingSpaces
        else { continue }
        guard labels.count < Self.maximumCount else {
          isCut = true
          continue
        }
        labels[identifier] = label
      case "participantstreamassoc":
        guard let identifier = element["participant_id"] else { continue }
        let isOver = element.first("disassociate-time") != nil
        for stream in element.elements where stream.name == "send" {
          guard associationCount < Self.maximumEntries else {
            isCut = true
            break
          }
          associationCount += 1
          let key = stream.text.trimmingSpaces
          if isOver {
            ended[key, default: []].insert(identifier)
          } else {
            senders[key, default: []].append(identifier)
          }
        }
      default: break
      }
    }
  }

  /// What is to be remembered: with what was told earlier and not anew, where it tells only what changed.
  func following(_ former: RecordingMetadata?) -> RecordingMetadata {
    var joined = self
    joined.root = nil
    joined.ended = [:]
    guard let former, !isComplete else { return joined }
    joined.participants = Self.joining(participants, former.participants)
    joined.labels = Self.joining(labels, former.labels)
    // Who is heard goes on being heard until that is said to be over.
    var count = senders.values.reduce(0) { $0 + $1.count }
    for (key, old) in former.senders.sorted(by: { $0.key < $1.key }) {
      let new = Set(senders[key] ?? [])
      let over = ended[key] ?? []
      let kept = old.filter { !over.contains($0) && !new.contains($0) }.prefix(max(0, Self.maximumEntries - count))
      count += kept.count
      if !kept.isEmpty { joined.senders[key] = kept + (senders[key] ?? []) }
    }
    return joined
  }

  /// What is new, and of what was told earlier as much as there is room for.
  private static func joining<Told>(_ new: [String: Told], _ old: [String: Told]) -> [String: Told] {
    var joined = new
    for (key, value) in old.sorted(by: { $0.key < $1.key }) where joined[key] == nil && joined.count < maximumCount {
      joined[key] = value
    }
    return joined
  }

  /// Who is heard in the medium of a label.
  func participants(labelled label: String) -> [MediaOffer.Participant] {
    guard !label.isEmpty else { return [] }
    return labels.filter { $0.value == label }.map(\.key).sorted().flatMap { senders[$0] ?? [] }
      .compactMap { participants[$0] }.map { MediaOffer.Participant(address: $0.address, name: $0.name) }
  }

  // MARK: Records

  func fields(of message: SIPMessage) -> Fields {
    var fields: Fields = ["isComplete": .boolean(isComplete)]
    message.placeParties(in: &fields)
    var listing = RecordingListing(root?.elements ?? [], limit: Self.maximumEntries)
    let groups = listing.groups()
    let sessions = listing.sessions()
    let people = participants.sorted { $0.key < $1.key }.filter { _ in listing.take() }.map(participant)
    let streams = listing.streams(labels, participants)
    for (name, list) in [
      ("groups", groups), ("sessions", sessions), ("participants", people), ("streams", streams),
    ] where !list.isEmpty { fields.set(name, .list(list)) }
    if isCut || listing.isCut { fields.set("isCut", true) }
    return fields
  }

  private func participant(_ identifier: String, _ participant: Participant) -> Value {
    var fields: Fields = ["participantID": .text(identifier), "address": .text(participant.address)]
    if !participant.name.isEmpty { fields.set("name", participant.name) }
    return .object(fields)
  }

  static let declarations = [
    FieldDeclaration("isComplete", .boolean, "it is all that there is to tell; false when it tells what changed"),
    FieldDeclaration("isCut", .boolean, "whether entries are left out: too many, or a session that is told again"),
    FieldDeclaration("groups", .list, "identifiers of groups of sessions"),
    FieldDeclaration(
      "sessions", .list, "sessionID, sipSessionIDs, groupID, startedAt, stoppedAt, reason, participants"),
    FieldDeclaration("participants", .list, "participantID, address, name"),
    FieldDeclaration("streams", .list, "streamID, sessionID, mediaLabel, senders, receivers"),
  ]
}
