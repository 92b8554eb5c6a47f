import ByteReading
import EvidenceBundle

/// What the check of records needs of a record that is in order, taken from its line as it stands.
///
/// Only a line that is plain and has nothing wrong in itself gives it; any other needs the closer look that says what is wrong.
struct PlainFacts {
  /// The letter and the number of the identifier.
  let letter: Character
  let number: Int
  /// The place of the artefact that an artefact's record describes.
  let described: Int?

  /// `kind` is that of the records before it.
  init?(_ line: RawSpan, kind: [UInt8], _ artefacts: ArtefactTable, _ packetCounts: [String: Int64]?) {
    let isArtefact = kind == Self.artefact
    var (hasKind, hasProvenance) = (false, false)
    var identifier: (letter: Character, number: Int)?
    var hash: Int?
    var path: [UInt8] = []
    let isInOrder = PlainJSON.forEachMember(of: line) { name, value in
      guard let text = PlainJSON.text(value) else {
        if name.isSame(as: "provenance") {
          guard Self.isInOrder(provenance: value, packetCounts) else { return false }
          hasProvenance = true
        }
        // Names like these have texts; what else stands there is looked at closely.
        return !name.isSame(as: "kind") && !name.isSame(as: "id") && !RecordCheck.namesHash(name)
      }
      if RecordCheck.namesHash(name) {
        guard let place = artefacts.place(of: text) else { return false }
        if name.byteCount == 6 { hash = place }
      } else if name.isSame(as: "id") {
        identifier = Self.identifier(text)
      } else if name.isSame(as: "kind") {
        // Safe: the view ends before `kind` does.
        hasKind = !kind.isEmpty && text.isSame(as: unsafe kind.span.bytes)
      } else if isArtefact, name.isSame(as: "path") {
        path = text.array()
      }
      return true
    }
    guard isInOrder, hasKind, hasProvenance, let identifier else { return nil }
    if isArtefact {
      // Safe: the view ends before the path does.
      guard let hash, artefacts.isPath(unsafe path.span.bytes, hash) else { return nil }
    }
    (letter, number, described) = (identifier.letter, identifier.number, isArtefact ? hash : nil)
  }

  private static let artefact = Array("artefact".utf8)

  /// The letter and the number of `R-000001`; nil where it has another form.
  private static func identifier(_ text: RawSpan) -> (Character, Int)? {
    guard (3...20).contains(text.byteCount), (0x41...0x5a).contains(text[0]), text[1] == 0x2d else { return nil }
    var number = 0
    for offset in 2..<text.byteCount {
      guard (0x30...0x39).contains(text[offset]) else { return nil }
      number = number * 10 + Int(text[offset] - 0x30)
    }
    return number > 0 ? (Character(Unicode.Scalar(text[0])), number) : nil
  }

  private static func isInOrder(provenance: RawSpan, _ packetCounts: [String: Int64]?) -> Bool {
    var count = 0
    let isPlain = PlainJSON.forEachElement(of: provenance) { entry in
      count += 1
      var total: Int64?
      var last: Int64 = 0
      let isPlain = PlainJSON.forEachMember(of: entry) { name, value in
        if name.isSame(as: "original") {
          guard let text = PlainJSON.text(value) else { return false }
          total = packetCounts?[String(repairing: text)]
        } else if name.isSame(as: "packets") {
          guard let text = PlainJSON.text(value), let highest = ProvenanceCheck.lastOfDigits(text) else { return false }
          last = highest
        }
        return true
      }
      guard isPlain else { return false }
      guard packetCounts != nil else { return true }
      return total.map { last <= $0 } ?? false
    }
    return isPlain && count > 0
  }
}
