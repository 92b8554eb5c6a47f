import DecoderKit

/// Text that stood on the wire as UTF-16 (little-endian) or in an unknown character set of one byte.
struct WireText: Hashable {
  let text: String
  /// The bytes in hexadecimal where they are no valid text.
  let hexadecimal: String?

  init(_ text: String, hexadecimal: String? = nil) {
    self.text = text
    self.hexadecimal = hexadecimal
  }

  /// Reads UTF-16; an odd last byte makes it invalid.
  init(utf16 bytes: [UInt8]) {
    let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
    text = String(decoding: units, as: UTF16.self)
    let isValid = bytes.count % 2 == 0 && String(validating: units, as: UTF16.self) != nil
    hexadecimal = isValid ? nil : Hexadecimal.encode(bytes)
  }

  /// Reads bytes whose character set nobody names: ASCII, or else kept in hexadecimal beside what can be shown.
  init(bytes: [UInt8]) {
    text = String(decoding: bytes, as: UTF8.self)
    hexadecimal = bytes.allSatisfy { $0 < 0x80 } ? nil : Hexadecimal.encode(bytes)
  }

  var isEmpty: Bool { text.isEmpty }

  /// Whether it names a pipe that Windows and Samba have (MS-DCOM, MS-SRVS and others), where the kind of share is not known.
  var isPipeName: Bool { Self.pipes.contains(lastPart.lowercased()) }

  private static let pipes: Set<String> = [
    "atsvc", "browser", "epmapper", "eventlog", "initshutdown", "lsarpc", "lsass", "netdfs", "netlogon", "ntsvcs",
    "protected_storage", "samr", "spoolss", "srvsvc", "svcctl", "trkwks", "winreg", "wkssvc",
  ]

  /// The last part of a path.
  var lastPart: String { text.split(separator: "\\").last.map { String($0) } ?? text }
}

extension Fields {
  /// Sets text from the wire, with its bytes beside it where they are no valid text; nothing when it is empty.
  mutating func set(_ name: String, _ text: WireText?) {
    guard let text, !text.isEmpty else { return }
    set(name, text.text)
    if let hexadecimal = text.hexadecimal { set(name + "Hex", hexadecimal) }
  }
}
