/// The places in a bundle, relative to it; docs/format.md describes each.
public enum BundleLayout {
  public static let declaration = "bagit.txt"
  public static let information = "bag-info.txt"
  public static let manifest = "manifest-sha256.txt"
  public static let tagManifest = "tagmanifest-sha256.txt"
  public static let longManifest = "manifest-sha512.txt"
  public static let longTagManifest = "tagmanifest-sha512.txt"
  public static let items = "meta/items.ndjson"
  public static let itemsSecret = "meta/items-secret.json"
  public static let itemsCheckpoint = "meta/items.checkpoint"
  public static let seal = "seal/seal.txt"
  public static let trust = "seal/trust"
  public static let renewal = "renewal"
  public static let ledger = "data/ledger.json"
  public static let records = "data/records"
  public static let artefacts = "data/artefacts"
  public static let originals = "data/originals"
  public static let bundle = "meta/bundle.json"
  public static let external = "meta/external-sha256.txt"
  public static let longExternal = "meta/external-sha512.txt"
  public static let custody = "custody"
  public static let report = "report"
  public static let verification = "VERIFY.txt"

  /// How deep directories may lie in each other, and how many files a bundle may have.
  public static let maximumDepth = 16
  public static let maximumFiles = 10_000_000

  /// The file of a kind of record: `data/records/sip-call.ndjson`.
  public static func records(ofKind kind: String) -> String {
    "\(records)/\(kind.split(separator: "/").joined(separator: "-")).ndjson"
  }

  /// The file of a custody event: `custody/000001.json`.
  public static func event(_ number: Int) -> String {
    "\(custody)/\(padded(number, 6)).json"
  }

  /// The number in the name of a custody event's file; nil when it is not named like one.
  public static func number(ofEvent name: String) -> Int? {
    guard let number = Int(name.dropFirst(custody.count + 1).dropLast(5)), event(number) == name else { return nil }
    return number
  }

  /// A number with zeros before it, at least `width` digits.
  public static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// The detached signature of a file, beside it: `custody/000001.json.p7s`.
  public static func signature(of name: String) -> String { name + ".p7s" }

  /// Whether a path has only the letters that bundles use and no step upwards.
  public static func isAllowed(_ path: String) -> Bool {
    guard path.utf8.count <= 1024 else { return false }
    var former: UInt8 = 0x2f
    for unit in path.utf8 {
      switch unit {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f: break
      case 0x2d, 0x2e, 0x2f: if former == 0x2f { return false }
      default: return false
      }
      former = unit
    }
    return former != 0x2f
  }
}
