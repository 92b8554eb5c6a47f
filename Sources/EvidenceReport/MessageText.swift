import CharacterCoding
import EvidenceBundle
import EvidenceModel
import Foundation

/// Text of a message in the character set that it declares.
enum MessageText {
  /// The text; bytes that have no meaning become U+FFFD. Without a known set it is read as UTF-8, else as Windows-1252.
  static func decode(_ bytes: [UInt8], charset: String?) -> String {
    if let charset, let set = TextCharset(Array(charset.utf8)), let text = set.repairedUTF8(bytes) {
      return String(decoding: text, as: UTF8.self)
    }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    guard let set = TextCharset(Array("windows-1252".utf8)), let text = set.repairedUTF8(bytes) else {
      return String(decoding: bytes, as: UTF8.self)
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The words of an HTML document, for reading them where the document itself must not be opened.
enum HTMLText {
  /// Elements whose content is no text.
  private static let silent: [String] = ["script", "style", "title"]
  /// Elements that begin a line.
  private static let breaking: Set<String> = [
    "p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr", "blockquote",
  ]
  private static let entities: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "auml": "ä", "ouml": "ö", "uuml": "ü",
    "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß", "euro": "€", "eacute": "é", "egrave": "è", "agrave": "à",
    "ccedil": "ç", "ndash": "–", "mdash": "—", "hellip": "…", "copy": "©", "laquo": "«", "raquo": "»",
  ]

  static func plain(_ bytes: [UInt8]) -> String {
    let text = MessageText.decode(bytes, charset: charset(bytes))
    var out = ""
    var skipped: String?
    var rest = Substring(text)
    // Each turn takes a tag or the text before one.
    while let open = rest.firstIndex(of: "<") {
      if skipped == nil { out += decode(rest[..<open]) }
      let behind = rest[rest.index(after: open)...]
      if behind.hasPrefix("!--") {
        rest = behind.firstRange(of: "-->").map { behind[$0.upperBound...] } ?? ""
        continue
      }
      guard let close = behind.firstIndex(of: ">") else {
        rest = ""
        break
      }
      let tag = behind[..<close]
      let isEnd = tag.hasPrefix("/")
      let name = String(tag.drop { $0 == "/" }.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }).lowercased()
      if skipped == name, isEnd {
        skipped = nil
      } else if skipped == nil, !isEnd, silent.contains(name), !tag.hasSuffix("/") {
        skipped = name
      }
      if breaking.contains(name), !out.hasSuffix("\n") { out += "\n" }
      rest = behind[behind.index(after: close)...]
    }
    if skipped == nil { out += decode(rest) }
    return out.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The set that the document names in its beginning.
  private static func charset(_ bytes: [UInt8]) -> String? {
    let beginning = String(decoding: bytes.prefix(1_024), as: UTF8.self).lowercased()
    guard let place = beginning.firstRange(of: "charset=") else { return nil }
    let name = beginning[place.upperBound...].drop { $0 == "\"" || $0 == "'" }
    return String(name.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-_:.".contains($0)) })
  }

  /// Undoes entities and runs of white space.
  private static func decode(_ text: Substring) -> String {
    var out = ""
    var isBehindSpace = false
    var rest = text
    while let character = rest.first {
      if character.isWhitespace {
        if !isBehindSpace { out += " " }
        isBehindSpace = true
        rest = rest.dropFirst()
        continue
      }
      isBehindSpace = false
      if character == "&", let end = rest.prefix(12).firstIndex(of: ";") {
        let name = rest[rest.index(after: rest.startIndex)..<end]
        if let known = entity(name) {
          out += known
          rest = rest[rest.index(after: end)...]
          continue
        }
      }
      out.append(character)
      rest = rest.dropFirst()
    }
    return out
  }

  private static func entity(_ name: Substring) -> String? {
    if let known = entities[String(name)] { return known }
    guard name.hasPrefix("#") else { return nil }
    let digits = name.dropFirst()
    let value = digits.hasPrefix("x") || digits.hasPrefix("X") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return value.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
  }
}

extension BundleContents {
  /// The first bytes of an artefact; nil when it is not there. `isCut` says that it has more.
  func beginning(of sha256: String, _ context: ReportContext, _ limit: Int) -> (bytes: [UInt8], isCut: Bool)? {
    guard
      let name = context.artefacts[sha256]?.path ?? artefact(sha256, extensions: ["txt", "html", "eml", "bin", "xml"]),
      LocalLink(artefact: name, from: "") != nil, let size = size(name),
      let handle = FileHandle(forReadingAtPath: "\(path)/\(name)")
    else { return nil }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: limit) else { return nil }
    return ([UInt8](data), size > Int64(data.count))
  }
}
