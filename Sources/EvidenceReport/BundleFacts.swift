import EvidenceBundle
import EvidenceModel
import Foundation

/// What stands in meta/bundle.json and the ledger, as the report needs it.
struct BundleFacts {
  let document: Fields
  let ledger: [Fields]
  /// Records by kind, from the files' line counts.
  var counts: [String: Int] = [:]
  var hasOther = false

  /// Throws when the bundle's description or ledger cannot be read.
  init(_ bundle: String) throws(BundleError) {
    func read(_ name: String) throws(BundleError) -> Fields {
      guard let data = FileManager.default.contents(atPath: "\(bundle)/\(name)"),
        let fields = ValueReader.fields([UInt8](data))
      else { throw BundleError(.malformed, "\(bundle)/\(name)", "it is missing or cannot be read") }
      return fields
    }
    document = try read(BundleLayout.bundle)
    let account = try read(BundleLayout.ledger)
    guard case .list(let originals)? = account["originals"] else {
      throw BundleError(.malformed, "\(bundle)/\(BundleLayout.ledger)", "it lists no originals")
    }
    ledger = originals.compactMap { if case .object(let fields) = $0 { fields } else { nil } }
  }

  var title: String { document.text("case").map { "Case \($0)" } ?? "Evidence bundle" }
  var identifier: String { document.text("id") ?? "" }
  var toolVersion: String { document.object("tool")?.text("version") ?? "" }

  var originals: [Fields] { document.objects("originals") }
}

extension Fields {
  func text(_ name: String) -> String? {
    if case .text(let text)? = self[name] { return text }
    return nil
  }
  func integer(_ name: String) -> Int64? {
    if case .integer(let number)? = self[name] { return number }
    return nil
  }
  func flag(_ name: String) -> Bool? {
    if case .boolean(let flag)? = self[name] { return flag }
    return nil
  }
  func object(_ name: String) -> Fields? {
    if case .object(let fields)? = self[name] { return fields }
    return nil
  }
  func list(_ name: String) -> [Value] {
    if case .list(let values)? = self[name] { return values }
    return []
  }
  func objects(_ name: String) -> [Fields] {
    list(name).compactMap { if case .object(let fields) = $0 { fields } else { nil } }
  }
  func texts(_ name: String) -> [String] {
    list(name).compactMap { if case .text(let text) = $0 { text } else { nil } }
  }
}

/// How times, sizes and numbers are written for people.
enum Words {
  /// `2026-01-02 03:04:05.123 UTC` of a record's time.
  static func time(_ text: String?) -> String {
    guard let text, text.utf8.count >= 23 else { return text ?? "unknown" }
    return text.prefix(10) + " " + text.dropFirst(11).prefix(12) + " UTC"
  }

  static func size(_ bytes: Int64) -> String {
    if bytes < 1_000 { return "\(bytes) bytes" }
    var value = bytes
    for unit in ["kB", "MB", "GB", "TB"] {
      if value < 1_000_000 {
        let tenths = (value + 50) / 100
        return "\(tenths / 10).\(tenths % 10) \(unit)"
      }
      value /= 1_000
    }
    return "\(bytes) bytes"
  }

  static func count(_ number: Int64, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
  }

  /// Minutes and seconds of a decimal number of seconds.
  static func duration(_ seconds: String?) -> String? {
    guard let seconds, let whole = Int64(seconds.prefix { $0 != "." }) else { return nil }
    return whole >= 60 ? "\(whole / 60) min \(whole % 60) s" : "\(seconds) s"
  }

  /// Longer lists of packets get no display filter.
  static let maximumFilter = 1_500

  /// Where a record comes from, with what to type into Wireshark.
  static func provenance(_ record: Fields) -> [(original: String, packets: String, filter: String)] {
    record.objects("provenance").map { entry in
      let packets = entry.text("packets") ?? ""
      guard packets.utf8.count < maximumFilter else { return (entry.text("original") ?? "", packets, "") }
      let ranges = packets.split(separator: ",").map { $0.replacing("-", with: "..") }
      let filter = ranges.isEmpty ? "" : "frame.number in {\(ranges.joined(separator: ", "))}"
      return (entry.text("original") ?? "", packets, filter)
    }
  }
}
