/// A link that stays on the disk: to a page of the report or a file of the bundle.
///
/// Nothing else can be written as one.
struct LocalLink: Hashable {
  let text: String

  /// Names a page or file of the report, and an anchor in it; nil when a letter is not plain.
  init?(page: String, anchor: String = "") {
    guard Self.isPlain(page), Self.isPlain(anchor) else { return nil }
    text = anchor.isEmpty ? page : "\(page)#\(anchor)"
  }

  /// Names a place on the same page.
  init?(anchor: String) {
    guard !anchor.isEmpty, Self.isPlain(anchor) else { return nil }
    text = "#\(anchor)"
  }

  /// Names a file below `data/artefacts/`, seen from the report; nil for any other path.
  init?(artefact path: String, from prefix: String) {
    guard path.hasPrefix("data/artefacts/"), Self.isBundlePath(path) else { return nil }
    text = prefix + path
  }

  /// Whether a text is made of letters, digits, dots, hyphens and underscores only.
  static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy(isPlain)
  }

  /// Whether a path is one that bundles use: plain letters, no step upwards.
  static func isBundlePath(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.allSatisfy(isPlain)
    }
  }

  /// Letters of file names as they stand in a URL: all but the unreserved ones in hexadecimal (RFC 3986, 2.3).
  static func encoded(_ component: some StringProtocol) -> String {
    var result: [UInt8] = []
    for unit in component.utf8 {
      if isPlain(unit) {
        result.append(unit)
      } else {
        result += [0x25, digit(unit >> 4), digit(unit & 15)]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

  private static func isPlain(_ unit: UInt8) -> Bool {
    switch unit {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
    default: false
    }
  }
}
