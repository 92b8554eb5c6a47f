import EvidenceBundle
import EvidenceModel
import Foundation
import MediaReading

/// Acoustic fingerprints that examining workers leave, and what comparing all of them gives.
struct SoundComparison {
  /// The sound of one stream of a recording.
  struct Sound {
    let original: UInt16
    let stream: UInt32
    let items: [UInt32]
  }

  private(set) var sounds: [Sound] = []

  /// Appends a fingerprint to a worker's file of them.
  static func append(_ sound: Sound, to file: BufferedFile) throws(ProcessingError) {
    var writer = BinaryWriter()
    writer.write(sound.original)
    writer.write(sound.stream)
    writer.write(UInt32(clamping: sound.items.count))
    for item in sound.items { writer.write(item) }
    try file.write(writer.bytes)
  }

  /// Reads what all workers left, in the order of the originals.
  init(_ order: WorkOrder, _ layout: ScratchLayout) throws(ProcessingError) {
    for worker in 0..<order.examineCount {
      let path = layout.fingerprints(worker)
      let bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
      var place = 0
      let number = { (width: Int) -> UInt32 in
        defer { place += width }
        return bytes[place..<(place + width)].reduce(0) { $0 << 8 | UInt32($1) }
      }
      while place + 10 <= bytes.count {
        let original = UInt16(truncatingIfNeeded: number(2))
        let stream = number(4)
        let count = Int(number(4))
        guard count <= (bytes.count - place) / 4 else {
          throw ProcessingError(.defect, path, "the list of fingerprints is damaged")
        }
        sounds.append(Sound(original: original, stream: stream, items: (0..<count).map { _ in number(4) }))
      }
    }
    sounds.sort { ($0.original, $0.stream) < ($1.original, $1.stream) }
  }

  /// Compares all with each other and writes what they share, each with a finding.
  func write(
    record: (_ kind: String, _ fields: Fields, _ original: UInt16) throws -> Void,
    finding: (Finding, UInt16) throws -> Void
  ) throws {
    guard sounds.count > 1 else { return }
    let comparison = FingerprintComparison(sounds.map(\.items))
    for pair in comparison.pairs {
      let (one, two) = (sounds[pair.first], sounds[pair.second])
      try record("recording/likeness", Self.fields(pair, one, two), two.original)
      try finding(
        Finding(
          .notice, "recording/sameSound",
          "About \(pair.length) s of stream \(two.stream), from \(pair.secondStart) s on, sound like stream \(one.stream) of \(OriginalName(one.original)), from \(pair.firstStart) s on.",
          ["otherOriginal": .text(OriginalName(one.original).description), "similarity": .text(pair.similarity)]),
        two.original)
    }
    guard comparison.isCut || comparison.leftOut > 0, let last = sounds.last else { return }
    try finding(
      Finding(
        .warning, "recording/likenessLimit",
        "Not all recordings could be compared with each other for the same sound; there may be more likenesses.",
        ["count": .integer(Int64(comparison.leftOut))]), last.original)
  }

  private static func fields(_ pair: SharedAudio, _ one: Sound, _ two: Sound) -> Fields {
    var fields: Fields = [
      "length": .text(pair.length), "similarity": .text(pair.similarity), "method": .text(FingerprintComparison.method),
      "origin": "computed",
    ]
    for (name, sound, start) in [("first", one, pair.firstStart), ("second", two, pair.secondStart)] {
      fields.set(
        name,
        .object([
          "original": .text(OriginalName(sound.original).description), "stream": .integer(Int64(sound.stream)),
          "start": .text(start),
        ]))
    }
    let originals = one.original == two.original ? [one.original] : [one.original, two.original]
    fields.set("provenance", .list(originals.map { .object(["original": .text(OriginalName($0).description)]) }))
    return fields
  }
}
