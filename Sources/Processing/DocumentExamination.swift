import DecoderHosting
import DocumentReading
import EvidenceModel
import Foundation

/// What documents and pictures say of themselves, as records.
struct DocumentExamination {
  static let decoder = "document 1.0"

  private let inspection: FileInspection
  private let subject: FileInspection.Subject

  init(_ inspection: FileInspection, _ subject: FileInspection.Subject) {
    self.inspection = inspection
    self.subject = subject
  }

  /// Reads a picture or a PDF.
  func run(_ descriptor: Int32, _ byteCount: UInt64, _ form: DocumentFacts.Form) throws {
    guard byteCount <= UInt64(DocumentLimits.documentBytes) else {
      return try note(
        Finding(
          .warning, "document/limit", "A document is too large to be read for what it says of itself.",
          ["limit": .integer(Int64(DocumentLimits.documentBytes))]))
    }
    // Safe: the file is mapped for as long as it is read, and given back once.
    let start = unsafe mmap(nil, Int(byteCount), PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard byteCount > 0, unsafe start != MAP_FAILED, let start = unsafe start else { return }
    defer { unsafe _ = munmap(start, Int(byteCount)) }
    try write(
      DocumentFacts(reading: unsafe UnsafeRawBufferPointer(start: start, count: Int(byteCount)).bytes, as: form))
  }

  /// Reads the parts of an office document.
  func run(parts: [(name: String, stored: StoredArtefact)]) throws {
    for form in [DocumentFacts.Form.ooxml, .odf] {
      let own = parts.filter { DocumentFacts.parts[$0.name]?.form == form }
      if !own.isEmpty { try run(own, form) }
    }
  }

  private func run(_ parts: [(name: String, stored: StoredArtefact)], _ form: DocumentFacts.Form) throws {
    var read: [(name: String, bytes: [UInt8])] = []
    for part in parts {
      guard part.stored.byteCount <= DocumentLimits.partBytes else {
        try note(
          Finding(
            .warning, "document/limit", "A part of a document is too large to be read for what it says of itself.",
            ["limit": .integer(Int64(DocumentLimits.partBytes)), "name": .text(part.name)]))
        continue
      }
      let descriptor = try inspection.open(part.stored)
      defer { close(descriptor) }
      read.append((part.name, fileBytes(descriptor, at: 0, part.stored.byteCount)))
    }
    try write(DocumentFacts(parts: read, as: form))
  }

  // MARK: Records

  private func write(_ facts: DocumentFacts) throws {
    if facts.isEncrypted, facts.properties.isEmpty {
      try note(
        Finding(
          .notice, "document/encrypted", "A document is encrypted with a password; what it says of itself was not read."
        ))
    }
    if !facts.faults.isEmpty {
      try note(
        Finding(
          .notice, "document/damaged",
          "What a document says of itself could be read only in part: \(facts.faults.joined(separator: "; ")).",
          ["reason": .text(facts.faults.joined(separator: "; "))]))
    }
    // Of many pictures there is nothing to say.
    guard !facts.properties.isEmpty || facts.pageCount != nil || facts.isEncrypted else { return }
    let summary = DocumentSummary(facts)
    var fields: Fields = ["documentType": .text(facts.form.rawValue), "isEncrypted": .boolean(facts.isEncrypted)]
    for (name, found) in [
      ("title", summary.title), ("author", summary.author), ("lastModifiedBy", summary.lastModifiedBy),
      ("company", summary.company), ("program", summary.program), ("producer", summary.producer),
    ] { if let found { fields.set(name, wire: found.value) } }
    if let camera = summary.camera { fields.set("camera", camera) }
    if let pages = facts.pageCount { fields.set("pageCount", pages) }
    if let moment = summary.created {
      fields.set("createdText", moment.text)
      if let time = moment.time { fields.set("createdAt", time) }
    }
    if let moment = summary.modified {
      fields.set("modifiedText", moment.text)
      if let time = moment.time { fields.set("modifiedAt", time) }
    }
    if let place = summary.place { fields = Self.add(place, to: fields) }
    fields.set(
      "properties",
      .list(
        facts.properties.map { property in
          var entry: Fields = ["group": .text(property.group), "name": .text(property.name)]
          entry.set("value", wire: property.value)
          if property.isCut { entry.set("isCut", true) }
          return .object(entry)
        }))
    try keepThumbnail(facts, &fields)
    try inspection.add("document/properties", fields, subject, decoder: Self.decoder)
    if let place = summary.place { try write(place) }
  }

  private static func add(_ place: StatedPlace, to fields: Fields) -> Fields {
    var full = fields
    full.set("latitude", place.latitude)
    full.set("longitude", place.longitude)
    if let elevation = place.elevation { full.set("elevation", elevation) }
    return full
  }

  /// The place as one of those that tracks have.
  private func write(_ place: StatedPlace) throws {
    var fields = Self.add(place, to: Fields())
    if let time = place.fixed {
      fields.set("fixedAt", time)
      fields.set("timeBasis", "stated")
    }
    try inspection.add("location/waypoint", fields, subject, decoder: Self.decoder)
  }

  private func keepThumbnail(_ facts: DocumentFacts, _ fields: inout Fields) throws {
    guard !facts.thumbnail.isEmpty else { return }
    let number = inspection.beginArtefact()
    // Safe: the view ends before the facts do.
    try unsafe inspection.append(facts.thumbnail.span.bytes, to: number)
    guard let stored = try inspection.endArtefact(number) else { return }
    fields.set("thumbnailSha256", stored.sha256.hex)
    var artefact = stored.fields
    artefact.set("role", "small picture in the EXIF data of a picture")
    artefact.set("origin", "captured")
    artefact.set("isComplete", subject.isComplete)
    try inspection.add("artefact", artefact, subject, decoder: Self.decoder)
    inspection.wait(
      for: [(stored, .init(sha256: stored.sha256, isComplete: subject.isComplete, depth: subject.depth + 1))])
  }

  private func note(_ finding: Finding) throws { try inspection.note(finding, subject, decoder: Self.decoder) }
}

extension DocumentFacts {
  /// Bytes of the beginning that are looked at.
  private static let headByteCount = 1_024

  /// Which kind of document a file begins as; nil when it is none.
  static func form(of descriptor: Int32, isArchive: Bool) -> Form? {
    form(ofHead: fileBytes(descriptor, at: 0, headByteCount), isArchive: isArchive)
  }
}
