import DecoderKit

/// How a medium is carried, as a Transport header says (RFC 2326, 12.39).
struct TransportChoice: Hashable {
  /// The profile, such as `RTP/AVP`, without the lower transport.
  private(set) var profile = ""
  private(set) var isInterleaved = false
  /// The channel of media within the connection; reports have the next one.
  private(set) var channel: UInt8?
  private(set) var clientPort: UInt16?
  private(set) var serverPort: UInt16?
  private(set) var source: InternetAddress?
  private(set) var destination: InternetAddress?
  private(set) var isRecording = false

  /// Reads the first choice of the header; an answer has one.
  init(_ value: [UInt8]) {
    let text = String(decoding: value.prefix { $0 != 0x2c }, as: UTF8.self)
    for (place, part) in text.split(separator: ";").enumerated() {
      if place == 0 {
        let words = part.trimmingSpaces.split(separator: "/")
        profile = words.prefix(2).joined(separator: "/")
        if words.count > 2, words[2].uppercased() == "TCP" { isInterleaved = true }
        continue
      }
      let pair = part.trimmingSpaces.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { continue }
      let word = pair[1].trimmingSpaces
      switch pair[0].lowercased() {
      case "client_port": clientPort = Self.port(word)
      case "server_port": serverPort = Self.port(word)
      // RFC 7826, 18.54: an address and a port in quotes, or a port alone.
      case "dest_addr": clientPort = clientPort ?? Self.addressedPort(word)
      case "src_addr": serverPort = serverPort ?? Self.addressedPort(word)
      case "source": source = InternetAddress(word)
      case "destination": destination = InternetAddress(word)
      case "interleaved":
        isInterleaved = true
        channel = word.split(separator: "-").first.flatMap { UInt8($0) }
      case "mode": isRecording = word.uppercased().contains("RECORD")
      default: break
      }
    }
  }

  private static func port(_ text: String) -> UInt16? { text.split(separator: "-").first.flatMap { UInt16($0) } }

  private static func addressedPort(_ text: String) -> UInt16? {
    let first = text.split(separator: "/").first.map(String.init) ?? ""
    return first.split(separator: ":").last.flatMap { UInt16($0.filter { $0 != "\"" }) }
  }
}
