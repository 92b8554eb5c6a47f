import DecoderKit

/// Lists what a document says of a recording for its record, up to a number of entries of all lists together.
struct RecordingListing {
  private let elements: [XMLElement]
  /// Who took part in a session, and who sends and receives a stream, by its identifier.
  private var inSession: [String: [XMLElement]] = [:]
  private var sending: [String: [XMLElement]] = [:]
  private var receiving: [String: [XMLElement]] = [:]
  private var remaining: Int
  /// Whether entries are left out.
  private(set) var isCut = false

  init(_ all: [XMLElement], limit: Int) {
    elements = Array(all.prefix(limit))
    remaining = limit
    isCut = all.count > limit
    var count = 0
    for element in elements {
      switch element.name {
      case "participantsessionassoc": inSession[element["session_id"] ?? "", default: []].append(element)
      case "participantstreamassoc":
        for stream in element.elements where stream.name == "send" || stream.name == "recv" {
          guard count < limit else {
            isCut = true
            break
          }
          count += 1
          let key = stream.text.trimmingSpaces
          if stream.name == "send" {
            sending[key, default: []].append(element)
          } else {
            receiving[key, default: []].append(element)
          }
        }
      default: break
      }
    }
  }

  /// Counts one more entry; false when there is no room for it.
  mutating func take() -> Bool {
    guard remaining > 0 else {
      isCut = true
      return false
    }
    remaining -= 1
    return true
  }

  mutating func groups() -> [Value] {
    var list: [Value] = []
    for element in elements where element.name == "group" {
      guard let identifier = element["group_id"] ?? element["id"], take() else { continue }
      list.append(.text(identifier))
    }
    return list
  }

  /// One for each identifier; what is said of one again is left out.
  mutating func sessions() -> [Value] {
    var list: [Value] = []
    var known: Set<String> = []
    for element in elements where element.name == "session" {
      let identifier = element["session_id"] ?? element["id"] ?? ""
      guard known.insert(identifier).inserted else {
        isCut = true
        continue
      }
      guard take() else { break }
      list.append(session(element, identifier))
    }
    return list
  }

  private mutating func session(_ element: XMLElement, _ identifier: String) -> Value {
    var fields: Fields = ["sessionID": .text(identifier)]
    var ours: [Value] = []
    for inner in element.elements where inner.name == "sipSessionID" {
      guard take() else { break }
      ours.append(.text(inner.text.trimmingSpaces))
    }
    if !ours.isEmpty { fields.set("sipSessionIDs", .list(ours)) }
    for (name, key) in [("group-ref", "groupID"), ("reason", "reason")] {
      if let text = element.first(name)?.text.trimmingSpaces { fields.set(key, text) }
    }
    Self.place(element, [("start-time", "startedAt"), ("stop-time", "stoppedAt")], in: &fields)
    let took = associations(inSession[identifier] ?? [], [:])
    if !took.isEmpty { fields.set("participants", .list(took)) }
    return .object(fields)
  }

  /// Streams with labels, and those that the document tells of without one.
  mutating func streams(
    _ labels: [String: String], _ people: [String: RecordingMetadata.Participant]
  ) -> [Value] {
    var sessions: [String: String] = [:]
    for element in elements where element.name == "stream" {
      guard let identifier = element["stream_id"] ?? element["id"], let session = element["session_id"],
        sessions[identifier] == nil
      else { continue }
      sessions[identifier] = session
    }
    var list: [Value] = []
    for identifier in Set(labels.keys).union(sending.keys).union(receiving.keys).sorted() {
      guard take() else { break }
      var fields: Fields = ["streamID": .text(identifier)]
      if let label = labels[identifier] { fields.set("mediaLabel", label) }
      if let session = sessions[identifier] { fields.set("sessionID", session) }
      for (entries, key) in [(sending[identifier], "senders"), (receiving[identifier], "receivers")] {
        let entries = associations(entries ?? [], people)
        if !entries.isEmpty { fields.set(key, .list(entries)) }
      }
      list.append(.object(fields))
    }
    return list
  }

  private mutating func associations(
    _ entries: [XMLElement], _ people: [String: RecordingMetadata.Participant]
  ) -> [Value] {
    var list: [Value] = []
    for entry in entries {
      guard take() else { break }
      let identifier = entry["participant_id"] ?? ""
      var fields: Fields = ["participantID": .text(identifier)]
      if let known = people[identifier] { fields.set("address", known.address) }
      Self.place(entry, [("associate-time", "startedAt"), ("disassociate-time", "stoppedAt")], in: &fields)
      list.append(.object(fields))
    }
    return list
  }

  private static func place(_ entry: XMLElement, _ times: [(name: String, key: String)], in fields: inout Fields) {
    for (name, key) in times {
      if let time = entry.first(name).flatMap({ CaptureTime(rfc3339: $0.text.trimmingSpaces) }) {
        fields.set(key, time)
      }
    }
  }
}
