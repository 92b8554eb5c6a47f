import DecoderKit

/// An offer of a connection between two clients, past the server (CTCP DCC).
struct DirectOffer {
  /// SEND, CHAT, RESUME, ACCEPT or another word, in capitals.
  let kind: [UInt8]
  private(set) var fileName: [UInt8]?
  /// As it stood.
  private(set) var addressText: [UInt8]?
  private(set) var address: InternetAddress?
  private(set) var port: UInt16?
  private(set) var byteCount: Int?
  /// The place from which a file goes on.
  private(set) var offset: Int?
  /// Pairs an offer of somebody behind a firewall with its answer.
  private(set) var token: [UInt8]?

  /// Whether all that the kind has could be read.
  private(set) var isWhole = true

  /// Reads what stands behind `DCC `; nil when it is empty.
  init?(_ text: some Collection<UInt8>) {
    var words = Self.words(text)
    guard !words.isEmpty else { return nil }
    kind = words.removeFirst().asciiUppercased
    let isChat = kind.equalsIgnoringCase("CHAT") || kind.equalsIgnoringCase("SCHAT")
    let isFile = kind.equalsIgnoringCase("SEND") || kind.equalsIgnoringCase("TSEND") || kind.equalsIgnoringCase("SSEND")
    if kind.equalsIgnoringCase("RESUME") || kind.equalsIgnoringCase("ACCEPT") {
      guard words.count >= 3 else {
        isWhole = false
        return
      }
      // Names may have spaces; a token follows only where somebody else listens (port 0).
      let hasToken = words.count > 3 && words[words.count - 3].elementsEqual("0".utf8)
      Self.join(&words, tail: hasToken ? 3 : 2)
      fileName = words[0]
      port = words[1].decimal().flatMap { UInt16(exactly: $0) }
      offset = words[2].decimal()
      if words.count > 3 { token = words[3] }
      isWhole = port != nil && offset != nil
    } else if isChat || isFile {
      guard words.count >= 3 else {
        isWhole = false
        return
      }
      if isFile {
        Self.joinName(&words)
        fileName = words[0]
      }
      addressText = words[1]
      address = Self.address(words[1])
      port = words[2].decimal().flatMap { UInt16(exactly: $0) }
      if isFile, words.count > 3 { byteCount = words[3].decimal() }
      let place = isFile ? 4 : 3
      if words.count > place { token = words[place] }
      isWhole = address != nil && port != nil && (!isFile || words.count < 4 || byteCount != nil)
    } else {
      isWhole = false
    }
  }

  /// Makes one word of all but the last ones.
  private static func join(_ words: inout [[UInt8]], tail: Int) {
    guard words.count > tail + 1 else { return }
    words = [Array(words.dropLast(tail).joined(separator: [0x20]))] + words.suffix(tail)
  }

  /// Makes one word of a name with spaces, by what stands behind it: address, port, size and token.
  private static func joinName(_ words: inout [[UInt8]]) {
    for tail in [4, 3, 2] where words.count > tail {
      let rest = Array(words.suffix(tail))
      // An empty word is something missing, and not part of a name, where the size is missing, too.
      guard tail > 2 || !words.contains([]), address(rest[0]) != nil,
        rest[1].decimal().flatMap({ UInt16(exactly: $0) }) != nil, tail < 3 || rest[2].decimal() != nil
      else { continue }
      return join(&words, tail: tail)
    }
  }

  /// A number of 32 bits, or an address as people write it.
  private static func address(_ text: [UInt8]) -> InternetAddress? {
    if let number = text.decimal() {
      return UInt32(exactly: number).map { InternetAddress(version4: $0) }
    }
    return InternetAddress(String(decoding: text, as: UTF8.self))
  }

  /// Words between spaces; quotes hold a name with spaces together.
  private static func words(_ text: some Collection<UInt8>) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var word: [UInt8] = []
    var isQuoted = false
    var isBegun = false
    for byte in text {
      if byte == 0x22, isQuoted || !isBegun {
        isQuoted.toggle()
        isBegun = true
      } else if byte == 0x20, !isQuoted {
        // Two spaces hold an empty word: what is missing must not be taken for what follows.
        words.append(word)
        word = []
        isBegun = false
      } else {
        word.append(byte)
        isBegun = true
      }
    }
    if isBegun { words.append(word) }
    return words
  }

  func place(in fields: inout Fields) {
    fields.set("operation", wire: kind)
    if let fileName { fields.set("fileName", wire: fileName) }
    if let address, let port {
      fields.set("endpoint", Endpoint(address, port: port).description)
    } else if let addressText {
      fields.set("addressText", wire: addressText)
    }
    if let port { fields.set("port", port) }
    if let byteCount { fields.set("fileByteCount", byteCount) }
    if let offset { fields.set("offset", offset) }
    if let token { fields.set("token", wire: token) }
  }
}
