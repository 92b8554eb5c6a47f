import DecoderKit

/// A message session that a description sets up (RFC 4975, 8), with the file it is for (RFC 5547, 6).
struct MessageSessionOffer {
  /// Message sessions of a description that are told.
  static let maximumCount = 64
  /// Addresses of a path that are kept.
  static let maximumPath = 64

  private(set) var path: [String] = []
  private(set) var acceptTypes = ""
  private(set) var direction = ""
  private(set) var isRefused = false
  private var file = Fields()

  /// All message sessions of a description.
  static func all(in text: [UInt8]) -> [MessageSessionOffer] {
    var offers: [MessageSessionOffer] = []
    var isInside = false
    for line in text.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) {
      let words = String(decoding: line, as: UTF8.self)
      if words.hasPrefix("m=") {
        let parts = words.dropFirst(2).split(separator: " ")
        isInside = parts.count >= 3 && parts[2].uppercased().hasSuffix("MSRP") && offers.count < maximumCount
        guard isInside else { continue }
        var offer = MessageSessionOffer()
        offer.isRefused = parts[1] == "0"
        offers.append(offer)
      } else if isInside, words.hasPrefix("a=") {
        offers[offers.count - 1].take(words.dropFirst(2))
      }
    }
    return offers
  }

  private mutating func take(_ attribute: Substring) {
    let pair = attribute.split(separator: ":", maxSplits: 1)
    let value = pair.count > 1 ? pair[1].trimmingSpaces : ""
    switch pair.first ?? "" {
    case "path": path = value.split(separator: " ").prefix(Self.maximumPath).map { String($0.prefix(1_024)) }
    case "accept-types": acceptTypes = String(value.prefix(1_024))
    case "sendonly", "recvonly", "sendrecv", "inactive": direction = String(pair[0])
    case "file-selector": takeSelector(value)
    case "file-transfer-id": file.set("transferID", String(value.prefix(255)))
    case "file-disposition": file.set("disposition", String(value.prefix(255)))
    case "file-date": takeDates(value)
    case "file-range": file.set("byteRange", String(value.prefix(255)))
    default: break
    }
  }

  /// Reads `name:"a b" type:image/png size:12 hash:sha-1:72:24…` (RFC 5547, 6): between spaces, quotes held together.
  private mutating func takeSelector(_ value: String) {
    var hashes: [Value] = []
    for selector in Self.parts(value) {
      let pair = selector.split(separator: ":", maxSplits: 1)
      guard pair.count == 2 else { continue }
      switch pair[0] {
      case "name":
        let name = pair[1].hasPrefix("\"") && pair[1].hasSuffix("\"") ? pair[1].dropFirst().dropLast() : pair[1]
        // Percent signs stand for what a quoted name cannot hold (RFC 5547, 6).
        file.set("fileName", wire: FieldParameters.percentDecode(name.utf8))
      case "type": file.set("fileMediaType", String(pair[1].prefix(255)))
      case "size": if let size = Array(pair[1].utf8).decimal() { file.set("fileByteCount", size) }
      case "hash":
        let parts = pair[1].split(separator: ":", maxSplits: 1)
        guard parts.count == 2, hashes.count < 16 else { continue }
        hashes.append(
          .object([
            "algorithm": .text(parts[0].lowercased()),
            "digest": .text(String(parts[1].lowercased().filter { $0 != ":" }.prefix(128))),
          ]))
      default: break
      }
    }
    if !hashes.isEmpty { file.set("fileHashes", .list(hashes)) }
  }

  private mutating func takeDates(_ value: String) {
    for date in Self.parts(value) {
      let pair = date.split(separator: ":", maxSplits: 1)
      guard pair.count == 2, pair[0] == "creation" || pair[0] == "modification" || pair[0] == "read" else { continue }
      file.set(
        pair[0] == "creation" ? "fileCreated" : pair[0] == "modification" ? "fileModified" : "fileRead",
        String(pair[1].filter { $0 != "\"" }.prefix(64)))
    }
  }

  private static func parts(_ text: String) -> [String] {
    var list: [String] = []
    var part = ""
    var isQuoted = false
    for letter in text {
      if letter == "\"" { isQuoted.toggle() }
      if letter == " ", !isQuoted {
        if !part.isEmpty { list.append(part) }
        part = ""
      } else {
        part.append(letter)
      }
    }
    if !part.isEmpty { list.append(part) }
    return Array(list.prefix(64))
  }

  func fields(of message: SIPMessage) -> Fields {
    var fields = file
    if !path.isEmpty { fields.set("sessionPath", .list(path.map { .text($0) })) }
    if !acceptTypes.isEmpty { fields.set("acceptTypes", acceptTypes) }
    if !direction.isEmpty { fields.set("direction", direction) }
    fields.set("isRefused", isRefused)
    message.placeParties(in: &fields)
    return fields
  }

  static let declarations = [
    FieldDeclaration("sessionPath", .list, "relays, and last the sender's own end of the session, as in its messages"),
    FieldDeclaration("acceptTypes", .text, "the types that the sender takes"),
    FieldDeclaration("direction", .text, "sendonly: the sender has the file; recvonly: it wants it"),
    FieldDeclaration("isRefused", .boolean, "the port is 0"),
    FieldDeclaration("fileName", .text, "the file's name"),
    FieldDeclaration("fileMediaType", .text, "its type"),
    FieldDeclaration("fileByteCount", .integer, "its size, as stated"),
    FieldDeclaration("fileHashes", .list, "its hashes, as stated: algorithm, digest"),
    FieldDeclaration("fileCreated", .text, "when it was made, as stated"),
    FieldDeclaration("fileModified", .text, "when it was last changed, as stated"),
    FieldDeclaration("fileRead", .text, "when it was last read, as stated"),
    FieldDeclaration("transferID", .text, "what tells this transfer of the file from others"),
    FieldDeclaration("disposition", .text, "what is to be done with it: render, attachment …"),
    FieldDeclaration("byteRange", .text, "the part of it that is transferred, from 1"),
  ]
}
