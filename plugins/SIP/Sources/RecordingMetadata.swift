import DecoderKit

/// What a recording session says of what it records: sessions, who took part in them, and in which stream they are heard (RFC 7865).
struct RecordingMetadata {
  static let mediaType = "application/rs-metadata+xml"
  /// Sessions, participants and streams that are told, of each.
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
  /// Who no longer sends a stream: associations that are over (RFC 7865, 6.9).
  private var ended: [String: Set<String>] = [:]

  /// Throws when it is no such document.
  init(_ document: [UInt8]) throws(ReadError) {
    let root = try XMLElement(document)
    self.root = root
    guard root.name == "recording" else { throw ReadError(.malformed, at: 0, reading: "recording metadata") }
    let mode = (root.first("datamode") ?? root.first("dataMode"))?.text.trimmingSpaces.lowercased()
    isComplete = mode != "partial"
    var associationCount = 0
    for element in root.elements.prefix(Self.maximumEntries) {
      switch element.name {
      case "participant":
        guard let identifier = element["participant_id"] ?? element["id"], participants.count < Self.maximumCount
        else { continue }
        let name = element.first("nameID")
        participants[identifier] = Participant(
          address: name?["aor"] ?? element["aor"] ?? "", name: name?.first("name")?.text.trimmingSpaces ?? "")
      case "stream":
        guard let identifier = element["stream_id"] ?? element["id"], labels.count < Self.maximumCount,
          let label = element.first("label")?.text.trimmingSpaces
        else { continue }
        labels[identifier] = label
      case "participantstreamassoc":
        guard let identifier = element["participant_id"] else { continue }
        let isOver = element.first("disassociate-time") != nil
        for stream in element.elements where stream.name == "send" {
          guard associationCount < Self.maximumEntries else { break }
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
    let elements = (root?.elements ?? []).prefix(4 * Self.maximumCount)
    let groups = elements.filter { $0.name == "group" }.compactMap { $0["group_id"] ?? $0["id"] }
    if !groups.isEmpty { fields.set("groups", .list(groups.map { .text($0) })) }
    for (name, list) in [
      ("sessions", elements.filter { $0.name == "session" }.map { session($0, Array(elements)) }),
      ("participants", participants.sorted { $0.key < $1.key }.map(participant)),
      ("streams", labels.sorted { $0.key < $1.key }.map { stream($0.key, Array(elements)) }),
    ] where !list.isEmpty { fields.set(name, .list(list)) }
    return fields
  }

  private func session(_ element: XMLElement, _ all: [XMLElement]) -> Value {
    let identifier = element["session_id"] ?? element["id"] ?? ""
    var fields: Fields = ["sessionID": .text(identifier)]
    let ours = element.elements.filter { $0.name == "sipSessionID" }.map { Value.text($0.text.trimmingSpaces) }
    if !ours.isEmpty { fields.set("sipSessionIDs", .list(ours)) }
    for (name, key) in [("group-ref", "groupID"), ("reason", "reason")] {
      if let text = element.first(name)?.text.trimmingSpaces { fields.set(key, text) }
    }
    for (name, key) in [("start-time", "startedAt"), ("stop-time", "stoppedAt")] {
      if let time = element.first(name).flatMap({ CaptureTime(rfc3339: $0.text.trimmingSpaces) }) {
        fields.set(key, time)
      }
    }
    let took = all.filter { $0.name == "participantsessionassoc" && $0["session_id"] == identifier }
    if !took.isEmpty {
      fields.set(
        "participants",
        .list(
          took.map { entry in
            var fields: Fields = ["participantID": .text(entry["participant_id"] ?? "")]
            place(entry, in: &fields)
            return .object(fields)
          }))
    }
    return .object(fields)
  }

  private func participant(_ identifier: String, _ participant: Participant) -> Value {
    var fields: Fields = ["participantID": .text(identifier), "address": .text(participant.address)]
    if !participant.name.isEmpty { fields.set("name", participant.name) }
    return .object(fields)
  }

  private func stream(_ identifier: String, _ all: [XMLElement]) -> Value {
    var fields: Fields = ["streamID": .text(identifier), "mediaLabel": .text(labels[identifier] ?? "")]
    if let session = all.first(where: { $0.name == "stream" && ($0["stream_id"] ?? $0["id"]) == identifier })?[
      "session_id"]
    {
      fields.set("sessionID", session)
    }
    for (name, key) in [("send", "senders"), ("recv", "receivers")] {
      var list: [Value] = []
      for entry in all where entry.name == "participantstreamassoc" {
        guard entry.elements.contains(where: { $0.name == name && $0.text.trimmingSpaces == identifier }) else {
          continue
        }
        var fields: Fields = ["participantID": .text(entry["participant_id"] ?? "")]
        if let known = participants[entry["participant_id"] ?? ""] { fields.set("address", known.address) }
        place(entry, in: &fields)
        list.append(.object(fields))
      }
      if !list.isEmpty { fields.set(key, .list(list)) }
    }
    return .object(fields)
  }

  private func place(_ entry: XMLElement, in fields: inout Fields) {
    for (name, key) in [("associate-time", "startedAt"), ("disassociate-time", "stoppedAt")] {
      if let time = entry.first(name).flatMap({ CaptureTime(rfc3339: $0.text.trimmingSpaces) }) {
        fields.set(key, time)
      }
    }
  }

  static let declarations = [
    FieldDeclaration("isComplete", .boolean, "it is all that there is to tell; false when it tells what changed"),
    FieldDeclaration("groups", .list, "identifiers of groups of sessions"),
    FieldDeclaration(
      "sessions", .list, "sessionID, sipSessionIDs, groupID, startedAt, stoppedAt, reason, participants"),
    FieldDeclaration("participants", .list, "participantID, address, name"),
    FieldDeclaration("streams", .list, "streamID, sessionID, mediaLabel, senders, receivers"),
  ]
}
