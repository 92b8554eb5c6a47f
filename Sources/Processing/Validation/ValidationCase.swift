import EvidenceBundle
import EvidenceModel
import Foundation

/// A case with known content: recordings in `input/`, and in `expected/` what the programs that made them wrote down.
struct ValidationCase: Sendable {
  /// Files of a case that are looked at.
  static let maximumFiles = 10_000

  let name: String
  let path: String
  /// The recordings, in the order of their names.
  let inputs: [String]
  /// Which requirements each file of expected facts measures.
  private(set) var measures: [(file: String, requirement: Requirement)] = []

  /// The cases in a directory, by name. Throws when there is none, or one cannot be used.
  static func all(in directory: String) throws(ProcessingError) -> [ValidationCase] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
      throw ProcessingError(.input, directory, "there is no directory of cases here; --cases names one")
    }
    var cases: [ValidationCase] = []
    for name in names.sorted() where FileManager.default.fileExists(atPath: "\(directory)/\(name)/expected") {
      cases.append(try ValidationCase(name, "\(directory)/\(name)"))
    }
    guard !cases.isEmpty else {
      throw ProcessingError(.input, directory, "it holds no case: a directory with input/ and expected/")
    }
    return cases
  }

  private init(_ name: String, _ path: String) throws(ProcessingError) {
    self.name = name
    self.path = path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/input")) ?? []
    inputs = names.filter { !$0.hasPrefix(".") }.sorted().map { "\(path)/input/\($0)" }
    guard !inputs.isEmpty, inputs.count <= Self.maximumFiles else {
      throw ProcessingError(.input, "\(path)/input", "it holds no recordings")
    }
    let list = "\(path)/expected/requirements.json"
    let fields = try Document.fields(at: list, what: "the list of what the case measures")
    for entry in (fields.object("measures") ?? [:]).entries {
      guard case .list(let identifiers) = entry.value, BundleLayout.isAllowed(entry.name) else {
        throw ProcessingError(.input, list, "its entry for \(entry.name) is no list")
      }
      for case .text(let identifier) in identifiers {
        guard let requirement = Requirement.named(identifier) else {
          throw ProcessingError(.input, list, "this program knows no requirement \(identifier)")
        }
        measures.append((entry.name, requirement))
      }
    }
  }

  /// Every file of the case with its hash, so that others can see that they hold the same case.
  func files() throws(ProcessingError) -> [Value] {
    var list: [Value] = []
    for name in ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted() {
      guard isRegularFile("\(path)/\(name)"), list.count < Self.maximumFiles else { continue }
      let hash = try OriginalIntake.read("\(path)/\(name)", into: nil) { _ in }
      list.append(.object(["path": .text(name), "sha256": .text(hash.hex)]))
    }
    return list
  }

  func expected(_ file: String) throws(ProcessingError) -> [UInt8] {
    try Document.bytes(at: "\(path)/expected/\(file)", what: "the expected facts")
  }

  func expectedObjects(_ file: String) throws(ProcessingError) -> [Fields] {
    guard case .list(let list) = try Document.value(at: "\(path)/expected/\(file)", what: "the expected facts") else {
      throw ProcessingError(.input, "\(path)/expected/\(file)", "it is no list")
    }
    return list.compactMap { if case .object(let fields) = $0 { fields } else { nil } }
  }
}
