import ByteReading
import EvidenceBundle
import EvidenceModel
import Foundation
import RuleMatching

/// Looks for the run's YARA rules in files, and says which match.
final class RuleSearch {
  static let decoder = "yara 1.0"

  private let set: RuleSet
  private let files: [WorkOrder.RuleFile]

  /// Compiles the rules of an order; nil when it names none. Throws with the place of the first error.
  init?(_ order: WorkOrder) throws {
    guard !order.rules.isEmpty else { return nil }
    files = order.rules
    var texts: [[UInt8]] = []
    for file in order.rules {
      guard fileSize(file.path) <= UInt64(RuleLimits.fileBytes),
        let text = FileManager.default.contents(atPath: file.path)
      else { throw ProcessingError(.input, file.givenPath, "the rules cannot be read, or are too large") }
      texts.append([UInt8](text))
    }
    do throws(RuleFault) { set = try RuleSet(texts) } catch {
      throw ProcessingError(.input, files[error.file].givenPath, "the rules cannot be used: \(error.message)")
    }
  }

  /// The records and findings about a file of `byteCount` bytes; nothing of an empty one.
  func records(_ descriptor: Int32, _ byteCount: UInt64, artefact: ContentHash?) -> [(kind: String, fields: Fields)] {
    guard byteCount > 0 else { return [] }
    guard byteCount <= UInt64(RuleLimits.scannedBytes) else {
      return [note("it is larger than \(RuleLimits.scannedBytes) bytes and was not looked into", artefact)]
    }
    // Safe: the file is mapped for as long as it is read, and given back once.
    let start = unsafe mmap(nil, Int(byteCount), PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard unsafe start != MAP_FAILED, let start = unsafe start else {
      return [note("it cannot be read: \(ProcessingError.systemText(errno))", artefact)]
    }
    defer { unsafe _ = munmap(start, Int(byteCount)) }
    let scan = unsafe set.scan(UnsafeRawBufferPointer(start: start, count: Int(byteCount)).bytes)
    return scan.matches.map { ("yara/match", fields($0, artefact)) }
      + (scan.limits.isEmpty ? [] : [note(scan.limits.prefix(10).joined(separator: "; "), artefact)])
  }

  private func fields(_ match: RuleMatch, _ artefact: ContentHash?) -> Fields {
    var fields: Fields = [
      "rule": .text(match.rule), "rules": .text(files[match.file].name), "rulesDigest": .text(files[match.file].digest),
      "tags": .list(match.tags.map { .text($0) }), "matchCount": .integer(Int64(match.placeCount)),
      "subject": .text(artefact == nil ? "original" : "artefact"),
      "meta": .list(
        match.meta.map { entry in
          let value: Value =
            switch entry.value {
            case .text(let text): .text(text)
            // Beyond 2^53 a number is no JSON that every reader keeps.
            case .integer(let number): number.magnitude < 1 << 53 ? .integer(number) : .text(String(number))
            case .boolean(let flag): .boolean(flag)
            }
          return .object(["name": .text(entry.name), "value": value])
        }),
      "strings": .list(
        match.places.map {
          .object(["identifier": .text($0.string), "at": .integer($0.offset), "byteCount": .integer($0.byteCount)])
        }),
    ]
    if let artefact { fields.set("artefactSha256", artefact.hex) }
    return fields
  }

  private func note(_ words: String, _ artefact: ContentHash?) -> (kind: String, fields: Fields) {
    var finding = Finding(.warning, "yara/limit", "A file could not be looked into by all rules: \(words).")
      .recordFields
    if let artefact { finding.set("artefactSha256", artefact.hex) }
    return ("finding", finding)
  }
}
