import CaptureReading
import EvidenceModel
import Foundation
import PacketLayers
import TestSupport
import Testing

/// Compares with tshark over packets of real captures that no tunnel carries.
struct RealPacketsTests {
  static let linkTypes: Set<UInt16> = [0, 1, 12, 14, 101, 108, 113, 228, 229, 276]
  static let fields = [
    "frame.number", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport",
    "udp.srcport", "udp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "udp.length", "ip.flags.mf",
    "ip.frag_offset", "ipv6.fraghdr.nxt",
  ]
  /// What may stand in front of a transport when there is no tunnel.
  static let plain: Set<Substring> = [
    "eth", "ethertype", "vlan", "ieee8021ad", "sll", "null", "raw", "ip", "ipv6", "llc", "ipv6.hopopts", "ipv6.dstopts",
    "ipv6.routing", "ipv6.fraghdr",
  ]

  /// Every fifth capture that reads without a fault, as one file.
  private func merged(_ folder: TemporaryFolder) throws -> String? {
    guard let mergecap = program("mergecap"), program("tshark") != nil else {
      print("skipped: no mergecap or tshark")
      return nil
    }
    var sample: [String] = []
    for (place, path) in captures().enumerated() where place % 5 == 0 && CompressedOriginal(path: path) == nil {
      guard var reader = try? CaptureReader(path: path) else { continue }
      var isGood = true
      reading: while true {
        switch reader.next() {
        case .packet(let packet): if !Self.linkTypes.contains(packet.linkType) { isGood = false }
        case .end(let fault):
          if fault != nil { isGood = false }
          break reading
        }
      }
      if isGood, reader.packetCount < 20_000 { sample.append(path) }
    }
    guard !sample.isEmpty else { return nil }
    let path = folder.path("merged.pcapng")
    let result = try run(mergecap, ["-a", "-F", "pcapng", "-I", "all", "-w", path] + sample)
    #expect(result.status == 0, "\(result.errors)")
    return path
  }

  @Test func readsHeadersAsWiresharkDoes() throws {
    let folder = try TemporaryFolder()
    guard let path = try merged(folder), let tshark = program("tshark") else { return }
    let options = [
      "ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE",
      "tcp.analyze_sequence_numbers:FALSE",
      "tcp.reassemble_out_of_order:FALSE",
    ]
    let result = try run(
      tshark,
      ["-r", path, "-n", "-T", "fields", "-E", "occurrence=f"]
        + options.flatMap { ["-o", $0] } + Self.fields.flatMap { ["-e", $0] })
    #expect(result.status == 0, "\(result.errors.suffix(300))")
    let lines = result.text.split(separator: "\n")
    var reader = try CaptureReader(path: path)
    var counts: [String: Int] = [:]
    var shown = 0
    for line in lines {
      guard case .packet(let packet) = reader.next() else { break }
      let view = PacketView(reader.bytes, linkType: packet.linkType)
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == Self.fields.count, UInt64(parts[0]) == packet.number else {
        Issue.record("packet \(packet.number): \(line)")
        break
      }
      let verdict = Self.compare(view, parts)
      counts[verdict, default: 0] += 1
      if verdict.hasPrefix("differs"), shown < 40 {
        shown += 1
        print("packet \(packet.number) \(verdict): \(line) ours \(view)")
      }
    }
    print("headers: \(lines.count) packets: \(counts.sorted { $0.key < $1.key })")
    #expect(counts.filter { $0.key.hasPrefix("differs") }.isEmpty)
    #expect(counts["equal", default: 0] > 1_000)
  }

  private static func compare(_ view: PacketView, _ parts: [String]) -> String {
    let layers = parts[1].split(separator: ":")
    guard let end = layers.firstIndex(where: { $0 == "tcp" || $0 == "udp" }) else {
      let isPlain = layers.allSatisfy { plain.contains($0) || $0 == "data" }
      if !isPlain { return "not covered" }
      // Wireshark stops at IPv4 options that contradict themselves; ours passes over them by their length.
      if view.outcome == .transport, view.payloadStart > 42, !parts[2].isEmpty { return "options" }
      return view.outcome == .transport ? "differs: ours only" : "equal without transport"
    }
    let front = layers[..<end]
    guard front.allSatisfy(plain.contains), front.filter({ $0 == "ip" || $0 == "ipv6" }).count == 1 else {
      return "tunnel"
    }
    let isFragment = parts[14] == "1" || (Int(parts[15]) ?? 0) > 0 || !parts[16].isEmpty
    if view.outcome == .fragment { return isFragment ? "fragment" : "differs: fragment" }
    if view.outcome != .transport { return "differs: \(view.outcome) \(view.layer)" }
    let addresses = front.contains("ipv6") ? (parts[4], parts[5]) : (parts[2], parts[3])
    guard InternetAddress(addresses.0) == view.source, InternetAddress(addresses.1) == view.destination else {
      return "differs: addresses"
    }
    if layers[end] == "tcp" {
      let isEqual =
        parts[6] == "\(view.sourcePort)" && parts[7] == "\(view.destinationPort)" && parts[10] == "\(view.sequence)"
        && parts[11] == "\(view.acknowledgement)"
        // Where IP announces more than the whole frame had, Wireshark takes the frame's length.
        && (parts[12] == "\(view.announcedPayloadCount)" || view.isCut && parts[12] == "\(view.payloadCount)")
      return isEqual ? "equal" : "differs: tcp"
    }
    // Wireshark stops at an IPv6 packet of a segmentation offload that is larger than its length field can say.
    if view.payloadCount > 65_535 { return "offload" }
    guard parts[8] == "\(view.sourcePort)", parts[9] == "\(view.destinationPort)" else { return "differs: udp" }
    // Of a UDP length beyond IP's, ours keeps what IP has.
    let length = Int(parts[13]) ?? -1
    return length == view.announcedPayloadCount + 8 || length == 0 || length > view.announcedPayloadCount + 8
      ? "equal" : "differs: udp length"
  }
}
