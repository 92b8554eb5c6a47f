import EvidenceBundle
import EvidenceModel

/// `seal/seal.txt`: a list as `sha256sum -c` takes it, whose comment lines name the bundle, the item tree and the custody chain's head.
struct SealText {
  /// The order or warrant that a seal names.
  struct Order {
    let reference: String
    /// When it expired, RFC 3339; empty when not stated.
    let expired: String
  }

  var bundle = ""
  var itemCount: UInt64 = 0
  var itemsRoot = ""
  var headNumber = 0
  var head = ""
  var order: Order?
  /// Paths and their SHA-256, in the order of the paths.
  var files: [(path: String, sha256: String)] = []

  init() {}

  var bytes: [UInt8] {
    var text = "# evidence seal v1 \(bundle)\n"
    text += "# items-root rfc9162-sha256 \(itemCount) \(itemsRoot)\n"
    text += "# custody-head \(headNumber) \(head)\n"
    if let order {
      text += "# authority \(order.reference)\(order.expired.isEmpty ? "" : " expired \(order.expired)")\n"
    }
    for file in files { text += "\(file.sha256)  \(file.path)\n" }
    return Array(text.utf8)
  }

  /// Reads a seal; nil when it is not exactly of this form.
  init?(_ bytes: [UInt8]) {
    guard bytes.count < 1 << 16, let text = String(validating: bytes, as: UTF8.self) else { return nil }
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# ") {
        guard takeComment(line.dropFirst(2).split(separator: " ", omittingEmptySubsequences: false).map(String.init))
        else {
          return nil
        }
      } else {
        guard ContentHash(hex: line.prefix(64)) != nil, line.dropFirst(64).hasPrefix("  ") else { return nil }
        files.append((String(line.dropFirst(66)), String(line.prefix(64))))
      }
    }
    // Whatever else the text holds would not come back.
    guard !bundle.isEmpty, headNumber > 0, self.bytes == bytes else { return nil }
  }

  private mutating func takeComment(_ words: [String]) -> Bool {
    switch words.first {
    case "evidence" where words.count == 4 && words[1...2] == ["seal", "v1"]: bundle = words[3]
    case "items-root" where words.count == 4 && words[1] == "rfc9162-sha256":
      guard let count = UInt64(words[2]) else { return false }
      (itemCount, itemsRoot) = (count, words[3])
    case "custody-head" where words.count == 3:
      guard let number = Int(words[1]) else { return false }
      (headNumber, head) = (number, words[2])
    case "authority" where words.count == 2: order = Order(reference: words[1], expired: "")
    case "authority" where words.count == 4 && words[2] == "expired":
      order = Order(reference: words[1], expired: words[3])
    default: return false
    }
    return true
  }

  /// The lists that a seal binds, besides the last custody event with its signature.
  static let bound = [BundleLayout.itemsCheckpoint, BundleLayout.tagManifest, BundleLayout.longTagManifest]

  /// Letters that an order's reference may have, so that it stays one word of one line.
  static func isReference(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 200 && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }
}
