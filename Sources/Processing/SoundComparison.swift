import ByteReading
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
      do throws(ReadError) { sounds += try Self.read(bytes) } catch {
        throw ProcessingError(.defect, path, "the list of fingerprints is damaged: \(error)")
      }
    }
    sounds.sort { ($0.original, $0.stream) < ($1.original, $1.stream) }
  }

  private static func read(_ bytes: [UInt8]) throws(ReadError) -> [Sound] {
    var sounds: [Sound] = []
    // Safe: the view ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    while reader.remaining > 0 {
      let original: UInt16 = try reader.read("original")
      let stream: UInt32 = try reader.read("stream")
      let count: UInt32 = try reader.read("count")
      var items: [UInt32] = []
      for _ in 0..<count { items.append(try reader.read("item")) }
      sounds.append(Sound(original: original, stream: stream, items: items))
    }
    return sounds
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
