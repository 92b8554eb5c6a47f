import ByteReading
public import EvidenceModel

/// A session description: who wants to receive which media where (RFC 8866).
public struct SessionDescription {
  public static let maximumMedia = 64
  public static let maximumPayloads = 128
  /// Keys of one medium that are kept.
  static let maximumKeys = 16

  public private(set) var media: [MediaOffer] = []
  /// The address by which each medium is set up, in the order of `media` (RFC 2326, C.1.1); empty when none is given.
  public private(set) var controls: [String] = []
  /// Addresses that are names; the message's sender stood in for them.
  public private(set) var namedHosts: [String] = []
  /// Lines of media and addresses that could not be read.
  public private(set) var oddLineCount = 0
  /// Identifications of media in the order of `media` (RFC 5888, 4), and those of each group that shares one endpoint.
  private var identifications: [String] = []
  private var areBundleOnly: [Bool] = []
  private var bundles: [[Substring]] = []
  /// Streams of one medium that repeat others' packets and are kept.
  static let maximumRepairs = 32
  /// Whether there are more media than `maximumMedia`.
  public private(set) var isOverLimit = false

  /// Reads the lines of a description; `sender` stands in where an address is missing or a name.
  ///
  /// An address of zeros, with which a party once put the other on hold (RFC 3264, 8.4), is kept as it stands.
  public init(_ text: [UInt8], sender: Endpoint) {
    var sessionAddress: InternetAddress?
    var sessionDirection = MediaOffer.Direction.sendReceive
    var mediaLines = 0
    // Lines behind a media line that could not be read belong to no media.
    var isSession = true
    var isInMedia = false
    for line in text.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) where line.count >= 2 {
      guard line[line.startIndex + 1] == 0x3d else { continue }
      let value = String(decoding: line.dropFirst(2), as: UTF8.self)
      switch line[line.startIndex] {
      case 0x63:  // c=
        let address = address(value) ?? sender.address
        if isSession {
          sessionAddress = address
        } else if isInMedia {
          media[media.count - 1].receivesAt.address = address
        }
      case 0x6d:  // m=
        isSession = false
        guard mediaLines < Self.maximumMedia else {
          isOverLimit = true
          settleBundles()
          return
        }
        let offer = offer(value, sessionAddress ?? sender.address, sessionDirection, mediaLines)
        mediaLines += 1
        isInMedia = offer != nil
        if let offer {
          media.append(offer)
          controls.append("")
          identifications.append("")
          areBundleOnly.append(false)
        } else {
          oddLineCount += 1
        }
      case 0x61:  // a=
        if isSession {
          sessionDirection = Self.direction(value) ?? sessionDirection
          if value.hasPrefix("group:BUNDLE "), bundles.count < Self.maximumMedia {
            bundles.append(value.split(separator: " ").dropFirst().prefix(Self.maximumMedia).map { $0 })
          }
        } else if isInMedia {
          attribute(value)
        }
      default: break
      }
    }
    settleBundles()
  }

  /// Tells the media of each group where they go together: to the endpoint of the first of them that has one (RFC 9143, 7).
  ///
  /// A port of 0 refuses media that is not for the group alone (RFC 9143, 6).
  private mutating func settleBundles() {
    for group in bundles {
      let members = group.compactMap { name in identifications.firstIndex { $0 == name } }
      guard let first = members.first(where: { media[$0].receivesAt.port != 0 && !media[$0].receivesAt.address.isZero })
      else { continue }
      for member in members
      where member != first && media[member].bundledAt == nil
        && (media[member].receivesAt.port != 0 || areBundleOnly[member])
      {
        media[member].bundledAt = media[first].receivesAt
      }
    }
  }

  private mutating func address(_ value: String) -> InternetAddress? {
    let parts = value.split(separator: " ")
    guard parts.count >= 3, let text = parts[2].split(separator: "/").first else {
      oddLineCount += 1
      return nil
    }
    if let address = InternetAddress(text) { return address }
    if namedHosts.count < Self.maximumMedia { namedHosts.append(String(text.prefix(255))) }
    return nil
  }

  private func offer(
    _ value: String, _ address: InternetAddress, _ direction: MediaOffer.Direction, _ index: Int
  ) -> MediaOffer? {
    let parts = value.split(separator: " ", omittingEmptySubsequences: true)
    guard parts.count >= 3, let portText = parts[1].split(separator: "/").first, let port = UInt16(portText) else {
      return nil
    }
    var offer = MediaOffer(
      kind: String(parts[0].prefix(64)), receivesAt: Endpoint(address, port: port),
      transport: String(parts[2].prefix(64)), index: UInt16(clamping: index))
    offer.direction = direction
    for part in parts.dropFirst(3).prefix(Self.maximumPayloads) {
      guard let type = UInt8(part), type < 128 else { continue }
      offer.payloads.append(.assigned(type) ?? .init(type: type, encoding: "", clockRate: 0))
    }
    return offer
  }

  private static func direction(_ value: String) -> MediaOffer.Direction? {
    switch value.trimmingSpaces {
    case "sendrecv": .sendReceive
    case "sendonly": .sendOnly
    case "recvonly": .receiveOnly
    case "inactive": .inactive
    default: nil
    }
  }

  private mutating func attribute(_ value: String) {
    let place = media.count - 1
    if let direction = Self.direction(value) {
      media[place].direction = direction
      return
    }
    if value.trimmingSpaces == "bundle-only" { areBundleOnly[place] = true }
    let pair = value.split(separator: ":", maxSplits: 1)
    guard pair.count == 2 else { return }
    let words = pair[1].split(separator: " ", maxSplits: 1)
    switch pair[0] {
    case "control": controls[place] = String(pair[1].prefix(1_024))
    case "crypto":
      guard media[place].securityDescriptions.count < Self.maximumKeys else { return }
      media[place].securityDescriptions.append(String(pair[1].prefix(1_024)))
    case "mid": identifications[place] = String(pair[1].trimmingSpaces.prefix(255))
    case "ssrc-group":
      // Which stream repeats which (RFC 4588, 8.6 names the semantics of RFC 5576, 4.2).
      let numbers = pair[1].split(separator: " ")
      guard numbers.count == 3, numbers[0] == "FID", let original = UInt32(numbers[1]), let repair = UInt32(numbers[2]),
        media[place].repairs.count < Self.maximumRepairs
      else { return }
      media[place].repairs.append(.init(original: original, repair: repair))
    case "label": media[place].label = String(pair[1].trimmingSpaces.prefix(255))
    case "ptime": media[place].packetTime = UInt16(words.first ?? "") ?? 0
    case "rtpmap":
      guard words.count == 2, let type = UInt8(words[0]),
        let payload = media[place].payloads.firstIndex(where: { $0.type == type })
      else { return }
      let parts = words[1].trimmingSpaces.split(separator: "/")
      media[place].payloads[payload].encoding = parts.first.map { String($0.prefix(64)).uppercased() } ?? ""
      media[place].payloads[payload].clockRate = parts.count > 1 ? UInt32(parts[1]) ?? 0 : 0
      media[place].payloads[payload].channels = parts.count > 2 ? UInt8(parts[2]) ?? 1 : 1
    case "fmtp":
      guard words.count == 2, let type = UInt8(words[0]),
        let payload = media[place].payloads.firstIndex(where: { $0.type == type })
      else { return }
      media[place].payloads[payload].parameters = String(words[1].prefix(4_096))
    default: break
    }
  }

  /// Media as a record shows them.
  public static func value(of media: [MediaOffer]) -> Value {
    .list(
      media.map { offer in
        var fields: Fields = [
          "kind": .text(offer.kind), "address": .text(offer.receivesAt.address.description),
          "port": .integer(Int64(offer.receivesAt.port)), "transport": .text(offer.transport),
          "direction": .text(name(offer.direction)),
          "payloads": .list(
            offer.payloads.map {
              .object([
                "type": .integer(Int64($0.type)), "encoding": .text($0.encoding),
                "clockRate": .integer(Int64($0.clockRate)),
              ])
            }),
        ]
        if !offer.label.isEmpty { fields.set("label", offer.label) }
        if let endpoint = offer.bundledAt { fields.set("bundledAt", endpoint.description) }
        return .object(fields)
      })
  }

  private static func name(_ direction: MediaOffer.Direction) -> String {
    switch direction {
    case .sendReceive: "sendrecv"
    case .sendOnly: "sendonly"
    case .receiveOnly: "recvonly"
    case .inactive: "inactive"
    }
  }
}

extension StringProtocol {
  /// The text without spaces and tabs around it.
  public var trimmingSpaces: String {
    var text = Substring(self)
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}
