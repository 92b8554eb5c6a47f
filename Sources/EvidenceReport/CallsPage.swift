import EvidenceBundle
import EvidenceModel

/// The calls: who, when, how it ended, the audio with its gaps, and where each fact comes from.
struct CallsPage {
  let context: ReportContext
  let kinds: [String]

  private var overview: RecordTable {
    RecordTable(
      columns: [
        .init("Call"), .init("Begins", .captured), .init("Caller", .captured), .init("Called", .captured),
        .init("Outcome", .computed), .init("Lasts", .computed),
      ], caption: "Calls on this page")
  }

  func write() throws(BundleError) {
    try PageSeries(
      base: "calls", title: "Calls", kinds: kinds, rowsPerPage: 100,
      lead: { html in
        TimelineStrip.definitions(&html)
        html.element(
          .p,
          """
          Each call below was put together from the recorded signalling (who calls whom) and the recorded voice \
          packets. The audio is computed from those packets; where packets are missing, the audio is silent and the \
          strip shows it. Video stands in files of its own, its coded pictures as they were sent. A streaming session \
          (RTSP) is no call between people: a client plays from a server, such as a camera, or records to it.
          """
        )
      },
      none: "No calls were found in the evidence.",
      row: { record, kind, sheet in
        overviewRow(record, kind, &sheet)
        card(record, kind, &sheet.body)
      },
      assemble: { sheet, html in
        overview.write(sheet.overview, &html)
        html.append(sheet.body)
      }
    ).write(context)
  }

  private func isMediaOnly(_ record: Fields, _ kind: String) -> Bool { kind == "rtp-call" }

  private func overviewRow(_ record: Fields, _ kind: String, _ sheet: inout PageSeries.Sheet) {
    let name = record.text("id") ?? ""
    overview.row(&sheet.overview) { row in
      row.name { html in
        if let link = LocalLink(anchor: name) { html.element(.a, [.href(link)], name) } else { html.captured(name) }
      }
      row.moment(record.text("invitedAt") ?? record.text("capturedAt"))
      for party in ["caller", "called"] { row.cell { self.party(record, party, kind, &$0) } }
      row.cell(CallWords(record).outcome(record))
      row.cell(duration(record) ?? "–")
    }
  }

  private func party(_ record: Fields, _ party: String, _ kind: String, _ html: inout HTMLWriter) {
    let address = record.text(party)
    let name = record.text("\(party)Name")
    guard address != nil || name != nil else {
      return html.missing(isMediaOnly(record, kind) ? "unknown" : "not stated")
    }
    if let name {
      html.element(.strong) { $0.captured(name) }
      html.text(" ")
    }
    if let address { html.captured(address) }
  }

  private func duration(_ record: Fields) -> String? {
    guard let text = record.text("duration"), let value = Decimal.milliseconds(text) else { return nil }
    return Decimal.duration(milliseconds: value)
  }

  // MARK: The card

  private func card(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    html.element(.section, [.class("call")] + (record.text("id").map { [.id($0)] } ?? [])) { html in
      html.element(.h2) { html in
        html.text("\(CallWords(record).title) \(record.text("id") ?? "without number") ")
        if isMediaOnly(record, kind) { html.element(.span, [.class("flag")], "parties unknown") }
      }
      if isMediaOnly(record, kind) {
        html.element(
          .p, [.class("remark")],
          """
          Voice packets were recorded, but no signalling that says who called whom. The two sides are told apart by \
          their network addresses only.
          """
        )
      }
      facts(record, kind, &html)
      audio(record, kind, &html)
      CallVideoSection.write(record, context, &html)
      CallFaxSection.write(record, context, &html)
      streams(record, &html)
      CallStepsSection.write(record, &html)
    }
  }

  private func facts(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    let words = CallWords(record)
    html.element(.dl, [.class("facts")]) { html in
      for party in ["caller", "called"] {
        let title = words.title(of: party) ?? party
        let isStated = record.text(party) != nil || record.text("\(party)Name") != nil
        html.fact(title, isStated ? .captured : nil) { self.party(record, party, kind, &$0) }
      }
      for (title, field) in words.times where record.text(field) != nil {
        html.fact(title, .captured) { $0.moment(record.text(field)) }
      }
      if let end = record.text("hungUpAt") {
        html.fact("Ended at", .captured) { $0.moment(end) }
      } else if record.text("invitedAt") == nil {
        html.fact("First packet at", .captured) { $0.moment(record.text("capturedAt")) }
        if record.text("endedAt") != nil {
          html.fact("Last packet at", .captured) { $0.moment(record.text("endedAt")) }
        }
      } else if let end = record.text("endedAt") {
        html.fact("Last packet at", .captured) { $0.moment(end) }
      }
      html.fact("Outcome", .computed) { html in
        html.text(words.outcome(record))
        if let party = record.text("endedBy") { html.text("; ended by the \(words.party(party) ?? "network")") }
      }
      if let status = record.text("status") {
        html.fact("Final answer", .captured) { $0.captured("\(status) \(record.text("reason") ?? "")") }
      }
      if let text = duration(record) { html.fact("Duration, answer to end", .computed) { $0.text(text) } }
      for (title, party) in [
        ("Keys of the caller", "caller"), ("Keys of the called party", "called"), ("Keys", "unknown"),
      ] {
        let keys = record.objects("keys").filter { $0.text("party") == party }.compactMap { $0.text("key") }
        if !keys.isEmpty {
          html.fact(title, .captured) { html in
            html.captured(keys.prefix(500).joined(separator: " "))
            if keys.count > 500 { html.text(" and \(keys.count - 500) more in the record") }
          }
        }
      }
      heardKeys(record, &html)
      CallStepsSection.facts(record, &html)
      if let call = record.text("callID") { html.fact("Call-ID", .captured) { $0.captured(call) } }
      html.fact("Between", .captured) { $0.ends(record) }
      html.fact("Where it comes from", nil) { $0.provenance(record) }
    }
  }

  /// Keys that were heard, which nobody sent as such.
  private func heardKeys(_ record: Fields, _ html: inout HTMLWriter) {
    let all = record.objects("heardKeys")
    for (title, party) in [
      ("Key tones in the caller's audio", "caller"), ("Key tones in the called party's audio", "called"),
      ("Key tones in the audio", "unknown"),
    ] {
      let keys = all.filter { $0.text("party") == party }.compactMap { $0.text("key") }
      guard !keys.isEmpty else { continue }
      html.fact(title, .inferred) { html in
        html.text(keys.prefix(500).joined(separator: " "))
        if keys.count > 500 { html.text(" and \(keys.count - 500) more in the record") }
      }
    }
  }

  // MARK: Audio

  private func audio(_ record: Fields, _ kind: String, _ html: inout HTMLWriter) {
    let words = CallWords(record)
    // Video has a section of its own.
    let streams = record.objects("streams").filter { $0.objects("video").isEmpty || $0.text("audioSha256") != nil }
    guard !streams.isEmpty else {
      return html.element(.p, [.class("remark")]) { html in
        html.text("No voice packets of this \(words.noun) were recorded. ")
        html.mark(.missing)
      }
    }
    html.element(.h3) { html in
      html.text("Audio ")
      html.mark(.computed)
    }
    var players: [(name: String, sha256: String)] = []
    if let stereo = record.text("audioSha256") {
      let isRecording = streams.contains { !Self.participants($0).isEmpty }
      let sides =
        isMediaOnly(record, kind)
        ? "first side left, other side right"
        : "\(words.party("caller") ?? "") left, \(words.party("called") ?? "") right"
      players.append(
        (isRecording ? "The first two recorded streams (first left, second right)" : "Both sides (\(sides))", stereo))
    }
    let order = ["caller": 0, "called": 1]
    let ordered = streams.enumerated().sorted {
      (order[$0.element.text("party") ?? ""] ?? 2, $0.offset) < (order[$1.element.text("party") ?? ""] ?? 2, $1.offset)
    }
    for (place, stream) in ordered {
      guard let sha256 = stream.text("audioSha256"), !players.contains(where: { $0.sha256 == sha256 }) else { continue }
      players.append((name(stream, words, place), sha256))
    }
    if players.isEmpty {
      html.element(.p, [.class("remark")]) { html in
        html.text("The voice of this \(words.noun) could not be turned into audio. ")
        html.mark(.missing)
      }
    }
    let timeline = timeline(record, streams)
    html.element(.div, [.class("players")]) { html in
      for player in players.prefix(16) { AudioPlayer.write(player.name, player.sha256, context, &html) }
    }
    if let timeline {
      TimelineStrip.write(timeline, names: { Self.side($0.party, words, $0.side, $0.identifier) }, &html)
    } else {
      html.element(.p, [.class("remark")]) { html in
        html.text(
          "There is no time map of this \(words.noun), so gaps cannot be drawn; the table below counts lost packets. ")
        html.mark(.missing)
      }
    }
  }

  /// Who is heard in a stream of a recording session, as its sender states.
  private static func participants(_ stream: Fields) -> [String] {
    stream.objects("participants").map { person in
      let address = person.text("address") ?? ""
      return person.text("name").map { "\($0) (\(address))" } ?? address
    }
  }

  /// Whether those who are heard in a stream change while it runs.
  private static func isInTurn(_ stream: Fields) -> Bool {
    stream.objects("participants").filter { $0.text("since") != nil }.count > 1
  }

  private func name(_ stream: Fields, _ words: CallWords, _ place: Int) -> String {
    let people = Self.participants(stream)
    if !people.isEmpty {
      return "Recorded stream of \(people.prefix(8).joined(separator: ", "))"
        + (Self.isInTurn(stream) ? ", in turn" : "")
    }
    return "\(words.title(of: stream.text("party")) ?? "Sender \(stream.text("source") ?? String(place + 1))") alone"
  }

  private static func side(_ party: String, _ words: CallWords, _ side: String, _ identifier: String) -> String {
    let ear = side.isEmpty ? "" : " (\(side))"
    return words.title(of: party).map { "\($0)\(ear)" } ?? "Unknown party\(ear) \(identifier)"
  }

  private func timeline(_ record: Fields, _ streams: [Fields]) -> Timeline? {
    guard let sha256 = record.text("timeMapSha256") ?? streams.lazy.compactMap({ $0.text("timeMapSha256") }).first,
      let map = context.computedDocument(sha256)
    else { return nil }
    return Timeline(map)
  }

  // MARK: Streams

  private func streams(_ record: Fields, _ html: inout HTMLWriter) {
    let streams = record.objects("streams")
    guard !streams.isEmpty else { return }
    var rows = HTMLWriter()
    for stream in streams.prefix(100) { row(stream, CallWords(record), &rows) }
    html.element(.h3, streams.contains { !$0.objects("video").isEmpty } ? "Voice and video packets" : "Voice packets")
    Self.streamTable.write(rows, &html)
    if streams.count > 100 {
      html.element(.p, [.class("note")], "\(Decimal.grouped(streams.count - 100)) more streams stand in the record.")
    }
  }

  private static let streamTable = RecordTable(
    columns: [
      .init("Party"), .init("From → to", .captured), .init("Codec", .captured), .init("Expected", .computed),
      .init("Received", .captured), .init("Lost", .missing), .init("Late", .computed), .init("Repeated", .captured),
      .init("Out of order", .captured), .init("Jitter mean / max", .computed),
    ], caption: "The streams")

  private func row(_ stream: Fields, _ words: CallWords, _ rows: inout HTMLWriter) {
    Self.streamTable.row(&rows) { row in
      row.cell { belonging(stream, words, &$0) }
      row.cell { html in
        html.ends(stream)
        if let identifier = stream.text("identifier") {
          html.element(.p, [.class("note")]) { html in
            html.text("SSRC ")
            html.captured(identifier)
          }
        }
      }
      row.cell { html in
        html.captured(stream.texts("codecs").joined(separator: ", "))
        if let suite = stream.text("encryption") {
          html.element(.p, [.class("note")]) { html in
            html.text("encrypted, opened by keys of the signalling: ")
            html.captured(suite)
          }
        }
      }
      let expected = stream.integer("packetsExpected")
      row.number(expected)
      row.number(stream.integer("packetsReceived"))
      row.cell { html in
        guard let lost = stream.integer("packetsLost") else { return html.text("–") }
        html.element(lost > 0 ? .strong : .span, Decimal.grouped(lost))
        if lost > 0, let expected { html.text(" (\(Decimal.percent(lost, of: expected)))") }
      }
      row.number(stream.integer("packetsLate"))
      row.number(stream.integer("packetsDuplicate"))
      row.number(stream.integer("packetsReordered"))
      row.cell { html in
        guard let mean = stream.text("jitterMean"), let most = stream.text("jitterMax") else { return html.text("–") }
        html.captured("\(mean) / \(most) ms")
      }
    }
  }

  /// Whose voice a stream is, and how that is known.
  private func belonging(_ stream: Fields, _ words: CallWords, _ html: inout HTMLWriter) {
    html.text(words.party(stream.text("party")) ?? "unknown")
    let people = Self.participants(stream)
    if !people.isEmpty {
      html.element(.p, [.class("note")]) { html in
        html.text("sends what is said by ")
        let isInTurn = Self.isInTurn(stream)
        if isInTurn { html.text("these in turn: ") }
        for (place, entry) in zip(people, stream.objects("participants")).prefix(8).enumerated() {
          if place > 0 { html.text(", ") }
          html.captured(entry.0)
          guard let since = entry.1.text("since") else { continue }
          html.text(" named at ")
          html.moment(since)
        }
        if people.count > 8 { html.text(" and \(people.count - 8) more") }
      }
    }
    switch stream.text("attachedBy") {
    case "inferred":
      html.element(.p, [.class("inferred")]) { html in
        html.mark(.inferred)
        html.text(" belongs to this \(words.noun) because: ")
        html.captured(stream.text("evidence") ?? "no reason stated")
      }
    case "signalling": html.element(.p, [.class("note")], "named by the signalling")
    default:
      html.element(.p) { $0.missing("no signalling names it") }
      if let evidence = stream.text("evidence") { html.element(.p, [.class("note")]) { $0.captured(evidence) } }
    }
  }
}
