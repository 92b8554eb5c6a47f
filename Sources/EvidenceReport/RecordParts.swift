import EvidenceModel

/// The parts of a record that look alike on every page.
extension HTMLWriter {
  /// Says where a record comes from: original, packets, Wireshark filter, decoder, record number.
  mutating func provenance(_ record: Fields) {
    let entries = record.objects("provenance")
    element(.details, [.class("where")]) { html in
      html.element(.summary) { html in
        guard let first = entries.first else { return html.text("not stated") }
        html.text(first.text("original") ?? "")
        if let packets = first.text("packets") {
          html.text(packets.utf8.allSatisfy { (0x30...0x39).contains($0) } ? ": packet " : ": packets ")
          html.element(.span, [.class("packets")], Self.shortened(packets))
        } else if let bytes = first.text("bytes") {
          html.text(": bytes \(bytes.prefix(60))")
        }
        if entries.count > 1 { html.text(" and \(entries.count - 1) more") }
      }
      html.element(.dl, [.class("facts")]) { html in
        for entry in entries.prefix(100) { html.source(entry, of: record) }
        for (name, title) in [
          ("id", "Record"), ("decoder", "Read by"), ("transport", "Transport"), ("communityID", "Community ID"),
        ] {
          if let text = record.text(name) { html.fact(title, text) }
        }
      }
    }
  }

  /// Bytes of a list of packets that are shown; longer ones stand in the record alone.
  static let maximumPackets = 1_000

  private mutating func source(_ entry: Fields, of record: Fields) {
    fact("Original", entry.text("original") ?? "")
    if let packets = entry.text("packets") {
      if packets.utf8.count <= Self.maximumPackets {
        fact("Packets", packets)
        if let filter = Self.filter(packets) {
          element(.dt, "Wireshark filter")
          element(.dd) { $0.code(filter) }
        }
      } else {
        element(.dt, "Packets")
        element(.dd) { html in
          html.captured(Self.begin(of: packets))
          html.text(" … The record names all; “exhibit show \(record.text("id") ?? "ID") --pcap FILE” copies them out.")
        }
      }
    }
    if let bytes = entry.text("bytes") { fact("Bytes of the original", String(bytes.prefix(Self.maximumPackets))) }
  }

  /// The first ranges of a long list, whole.
  private static func begin(of packets: String) -> String {
    let part = packets.utf8.prefix(240)
    let end = part.lastIndex(of: 0x2c) ?? part.endIndex
    return String(packets[..<end])
  }

  mutating func fact(_ title: String, _ text: String) {
    element(.dt, title)
    element(.dd) { $0.captured(text) }
  }

  /// Writes a fact whose name bears the mark of its standing, where it has one.
  mutating func fact(_ title: String, _ standing: Standing?, _ content: (inout HTMLWriter) -> Void) {
    element(.dt) { html in
      html.text(title)
      if let standing {
        html.text(" ")
        html.mark(standing)
      }
    }
    element(.dd, content)
  }

  /// Writes text for copying.
  mutating func code(_ text: String) {
    element(.code) { $0.captured(text) }
  }

  private static func shortened(_ packets: String) -> String {
    let units = packets.utf8
    guard units.count > 24 else { return packets }
    guard let first = units.firstIndex(of: 0x2c), let last = units.lastIndex(of: 0x2c), first < last else {
      return String(packets.prefix(24))
    }
    return "\(packets[..<first]) … \(packets[units.index(after: last)...])"
  }

  /// `12-14,17` as Wireshark's display filter; nil when it is no list of packets.
  static func filter(_ packets: String) -> String? {
    guard packets.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2c || $0 == 0x2d }), !packets.isEmpty else {
      return nil
    }
    let ranges = packets.split(separator: ",").map { $0.split(separator: "-").joined(separator: "..") }
    return "frame.number in {\(ranges.joined(separator: ", "))}"
  }

  /// Writes both ends of a conversation.
  mutating func ends(_ record: Fields) {
    element(.span, [.class("ends")]) { html in
      html.captured(record.text("source") ?? "?")
      html.text(" → ")
      html.captured(record.text("destination") ?? "?")
    }
  }

  /// Writes a field with its name in words.
  mutating func field(_ entry: Fields.Entry) {
    element(.dt) { $0.captured(FieldName.words(entry.name)) }
    element(.dd) { $0.value(entry.value, named: entry.name) }
  }

  /// Writes a field's value; what is named like a time is shown as one.
  mutating func value(_ value: Value, named name: String) {
    if name.hasSuffix("At"), case .text(let text) = value { return moment(text) }
    self.value(value)
  }

  /// List members that are shown.
  static let maximumMembers = 200

  /// Writes any value: texts as captured, lists and objects with their names.
  mutating func value(_ value: Value, depth: Int = 0) {
    switch value {
    case .text(let text): captured(text)
    case .integer(let number): text(String(number))
    case .boolean(let flag): text(flag ? "yes" : "no")
    case .time(let time): moment(time.description)
    case .list(let values):
      guard depth < 8 else { return text("…") }
      if values.allSatisfy({ $0.object == nil }) {
        for (index, member) in values.prefix(Self.maximumMembers).enumerated() {
          if index > 0 { text(", ") }
          self.value(member, depth: depth + 1)
        }
      } else {
        element(.ul, [.class("members")]) { html in
          for member in values.prefix(Self.maximumMembers) {
            html.element(.li) { $0.value(member, depth: depth + 1) }
          }
        }
      }
      if values.count > Self.maximumMembers {
        element(
          .p, [.class("note")], "\(Decimal.grouped(values.count - Self.maximumMembers)) more stand in the record.")
      }
    case .object(let fields):
      guard depth < 8 else { return text("…") }
      element(.span, [.class("object")]) { html in
        for (index, entry) in fields.entries.prefix(Self.maximumMembers).enumerated() {
          if index > 0 { html.text(" · ") }
          html.element(.span, [.class("name")]) { $0.captured(FieldName.words(entry.name)) }
          html.text(" ")
          html.value(entry.value, depth: depth + 1)
        }
      }
    }
  }

  /// Writes header fields as they came, in order.
  mutating func headers(_ title: String, _ headers: [Fields]) {
    guard !headers.isEmpty else { return }
    element(.details) { html in
      html.element(.summary, "\(title) (\(headers.count))")
      html.element(.dl, [.class("facts")]) { html in
        for header in headers.prefix(Self.maximumMembers) {
          html.element(.dt) { $0.captured(header.text("name") ?? "") }
          html.element(.dd) { $0.captured(header.text("value") ?? "") }
        }
      }
    }
  }
}
