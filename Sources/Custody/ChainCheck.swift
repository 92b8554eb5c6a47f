import EvidenceBundle
import EvidenceModel
import Foundation

/// The custody chain as it stands on disk.
struct ChainCheck {
  private(set) var problems: [String] = []
  private(set) var names: [String] = []
  /// An event as it stands on disk.
  struct Event: Sendable {
    let name: String
    let bytes: [UInt8]
    let fields: Fields
  }
  /// The events that can be read.
  private(set) var events: [Event] = []
  /// Every file of the directory.
  private let files: Set<String>
  private(set) var bundleIdentifier = ""
  private var finishEvent: (name: String, fields: Fields)?
  private(set) var head: ContentHash?

  init(_ bundle: String) {
    let found = (try? FileManager.default.contentsOfDirectory(atPath: "\(bundle)/\(BundleLayout.custody)")) ?? []
    files = Set(found.map { "\(BundleLayout.custody)/\($0)" })
    names = found.filter { $0.hasSuffix(".json") }.sorted().map { "\(BundleLayout.custody)/\($0)" }
    if names.isEmpty { problems.append("there are no custody events") }
    let known = Set(names)
    for file in files.subtracting(known).sorted()
    where !file.hasSuffix(".p7s") || !known.contains(String(file.dropLast(4))) {
      problems.append("belongs to no event: \(file)")
    }
    if names.count > CustodyChain.maximumEvents {
      problems.append("there are \(names.count) events; a chain has at most \(CustodyChain.maximumEvents)")
      names.removeLast(names.count - CustodyChain.maximumEvents)
    }
    var former = (sha256: String(repeating: "0", count: 64), sha512: String(repeating: "0", count: 128))
    for (index, name) in names.enumerated() {
      let expected = BundleLayout.event(index + 1)
      if name != expected { problems.append("event missing or misnamed: expected \(expected), found \(name)") }
      guard let bytes = BundleFile.read("\(bundle)/\(name)"), let fields = ValueReader.fields(bytes) else {
        problems.append("cannot be read: \(name)")
        former = ("", "")
        continue
      }
      events.append(Event(name: name, bytes: bytes, fields: fields))
      if CanonicalJSON.bytes(fields) != bytes { problems.append("not in canonical form: \(name)") }
      if fields["v"] != 1 { problems.append("of another version: \(name)") }
      if fields["seq"] != .integer(Int64(index + 1)) { problems.append("wrong sequence number: \(name)") }
      if !Self.names(fields, former) { problems.append("does not name the event before it: \(name)") }
      checkBundle(fields, name)
      if fields["type"] == .text("finish") { finishEvent = (name, fields) }
      former = CustodyChain.heads(bytes)
      head = ContentHash(hex: former.sha256)
    }
  }

  /// Whether an event names the one before it, by every hash that it gives.
  private static func names(_ fields: Fields, _ former: (sha256: String, sha512: String)) -> Bool {
    guard case .object(let prev)? = fields["prev"], prev["sha256"] == .text(former.sha256) else { return false }
    return prev["sha512"] == nil || prev["sha512"] == .text(former.sha512)
  }

  private mutating func checkBundle(_ fields: Fields, _ name: String) {
    guard case .text(let identifier)? = fields["bundle"] else {
      problems.append("names no bundle: \(name)")
      return
    }
    if bundleIdentifier.isEmpty { bundleIdentifier = identifier }
    if identifier != bundleIdentifier { problems.append("is of another bundle: \(name)") }
  }

  /// Events up to the finish that the tag manifest does not list.
  func unlisted(_ tags: ManifestFile) -> [String] {
    guard let last = finishEvent?.name, let place = names.firstIndex(of: last) else {
      return ["there is no finish event: the run did not end"]
    }
    let early = names[...place].flatMap { name in
      [name] + [BundleLayout.signature(of: name)].filter { files.contains($0) }
    }
    var problems = early.filter { !tags.entries.contains($0) }.map { "not listed: \($0)" }
    problems += tags.entries.keys.filter { $0.hasPrefix("custody/") && !files.contains($0) }.map {
      "removed: \($0)"
    }
    return problems
  }

  /// Whether the finish event pins the payload manifest.
  func finish(_ hashes: FileHashes) -> [String] {
    guard let event = finishEvent else { return ["there is no finish event: the run did not end"] }
    guard event.fields["complete"] == .boolean(true) else { return ["the run failed: \(event.name)"] }
    guard case .list(let outputs)? = event.fields["outputs"] else { return ["names no outputs: \(event.name)"] }
    for case .object(let output) in outputs where output["path"] == .text(BundleLayout.manifest) {
      guard case .text(let text)? = output["sha256"], let hash = hashes[BundleLayout.manifest], hash.hex == text else {
        return ["\(BundleLayout.manifest) is not the one that \(event.name) names"]
      }
      return []
    }
    return ["does not name \(BundleLayout.manifest): \(event.name)"]
  }
}
