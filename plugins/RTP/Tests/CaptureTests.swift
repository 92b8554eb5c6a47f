import DecoderKit
import DecoderTesting
import Foundation
import RTPDecoder
import Testing

/// Real captures beside the repository, compared with what `tshark -z rtp,streams` says of them.
@Suite struct CaptureTests {
  private static let folder =
    ProcessInfo.processInfo.environment["EXHIBIT_CAPTURES"].map { URL(filePath: $0, directoryHint: .isDirectory) }
    ?? URL(filePath: #filePath).appending(path: "../../../../../shared/captures").standardizedFileURL

  /// The streams that stand alone in a capture, as `identifier:packets`; nil when the capture is not there.
  private func accepted(_ path: String) throws -> [String]? {
    let file = Self.folder.appending(path: path)
    guard FileManager.default.fileExists(atPath: file.path()) else {
      print("skipped: \(file.path()) is not there")
      return nil
    }
    var conversations: [String: [ConversationStep]] = [:]
    for datagram in try EthernetCapture.datagrams(of: Data(contentsOf: file)) {
      guard claims(datagram.payload) >= .candidate else { continue }
      let isFirst = datagram.source < datagram.destination
      let key = isFirst ? datagram.source + datagram.destination : datagram.destination + datagram.source
      conversations[key, default: []].append(.bytes(datagram.payload, from: isFirst ? .initiator : .responder))
    }
    return conversations.values.flatMap { run(RTPDecoder(), on: $0, over: carrier).streams }
      .filter { $0.verdict == .accepted }
      .map { String($0.identifier, radix: 16) + ":\($0.packets.count)" }.sorted()
  }

  @Test(arguments: [
    ("sipp/pcap/g711a.pcap", ["dee0ee8f:236"]),
    ("sipp/pcap/dtmf_2833_5.pcap", ["e05384e:10"]),
    // tshark takes 27 packets of the second stream for T.38, though they are PCMA that goes on.
    ("ndpi/tests/cfgs/default/pcap/FAX-Call-t38-CA-TDM-SIP-FB-1.pcap", ["17d90134:1171", "eaf0eaf:159"]),
    // No media: games and a tunnel, of which tshark's heuristic takes some packets for RTP.
    ("ndpi/tests/cfgs/default/pcap/crynet.pcap", []), ("ndpi/tests/cfgs/default/pcap/tinc.pcap", []),
    ("ndpi/tests/cfgs/default/pcap/toca-boca.pcap", []),
    ("ndpi/tests/cfgs/default/pcap/gaijin_warthunder.pcap", []),
  ])
  func findsTheStreamsOfRealCaptures(_ path: String, _ expected: [String]) throws {
    if let found = try accepted(path) { #expect(found == expected, "\(path)") }
  }
}

/// The UDP datagrams of a little-endian pcap file with Ethernet or raw IPv4 frames; enough for these tests.
enum EthernetCapture {
  struct Datagram {
    let source: String
    let destination: String
    let payload: [UInt8]
  }

  static func datagrams(of file: Data) throws -> [Datagram] {
    let bytes = [UInt8](file)
    let number = { (place: Int) in (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
    guard bytes.count > 24, number(0) == 0xa1b2_c3d4 else { return [] }
    let link = number(20)
    var result: [Datagram] = []
    var place = 24
    while place + 16 <= bytes.count {
      let length = number(place + 8)
      guard length >= 0, place + 16 + length <= bytes.count else { break }
      let frame = Array(bytes[(place + 16)..<(place + 16 + length)])
      if let datagram = datagram(frame, link: link) { result.append(datagram) }
      place += 16 + length
    }
    return result
  }

  private static func datagram(_ frame: [UInt8], link: Int) -> Datagram? {
    var start = link == 1 ? 14 : 0
    if link == 1, frame.count > 18, frame[12] == 0x81, frame[13] == 0 { start = 18 }
    guard frame.count > start + 28, frame[start] >> 4 == 4, frame[start + 9] == 17 else { return nil }
    let transport = start + Int(frame[start] & 15) * 4
    guard frame.count >= transport + 8 else { return nil }
    let length = Int(frame[transport + 4]) << 8 | Int(frame[transport + 5])
    guard length >= 8, frame.count >= transport + length else { return nil }
    let end = { (address: Int, port: Int) in
      frame[(start + address)..<(start + address + 4)].map { String($0) }.joined(separator: ".")
        + ":\(Int(frame[transport + port]) << 8 | Int(frame[transport + port + 1]))"
    }
    return Datagram(
      source: end(12, 0), destination: end(16, 2), payload: Array(frame[(transport + 8)..<(transport + length)]))
  }
}
