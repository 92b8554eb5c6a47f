import CaptureReading
import EvidenceModel
import Foundation
import PacketLayers
import TestSupport
import Testing

/// Compares with tshark over packets of real captures, through their tunnels to the innermost headers.
struct RealPacketsTests {
  static let fields = [
    "frame.number", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport",
    "udp.srcport", "udp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "udp.length", "ip.flags.mf",
    "ip.frag_offset", "ipv6.fraghdr.nxt",
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
        case .packet(let packet): if !PacketView.reads(linkType: packet.linkType) { isGood = false }
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
      ["-r", path, "-n", "-T", "fields", "-E", "occurrence=l"]
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
      if verdict.hasPrefix("differs"), shown < 40, counts[verdict] ?? 0 < 4 {
        shown += 1
        print(
          "packet \(packet.number) \(verdict): \(line) ours \(view.protocolName) \(view.source) \(view.destination)")
      }
    }
    print("headers: \(lines.count) packets")
    for (verdict, count) in counts.sorted(by: { $0.key < $1.key }) { print("  \(count) \(verdict)") }
    #expect(counts.filter { $0.key.hasPrefix("differs") }.isEmpty)
    #expect(counts["equal", default: 0] > 1_000)
  }

  /// Protocols whose packets quote others.
  private static let quoting: Set<Substring> = ["icmp", "icmpv6"]

  private static func compare(_ view: PacketView, _ parts: [String]) -> String {
    let layers = parts[1].split(separator: ":")
    let isFragment = parts[14] == "1" || (Int(parts[15]) ?? 0) > 0 || !parts[16].isEmpty
    // Wireshark reads on in the first fragment.
    if view.outcome == .fragment, isFragment || view.fragment.offset == 0 { return "fragment" }
    if layers.contains("sflow") || layers.contains("gtpprime") { return "not covered" }
    if layers.filter({ $0 == "ipv6.fraghdr" }).count > PacketView.maximumDepth { return "beyond our limit" }
    if layers.contains(where: quoting.contains) {
      return view.outcome == .control ? "equal, quoting" : "differs: \(view.outcome) for a message of the network"
    }
    let network = layers.lastIndex { $0 == "ip" || $0 == "ipv6" }
    let end = layers.lastIndex { $0 == "tcp" || $0 == "udp" }
    let tunnels = view.tunnels.isEmpty ? "" : " in " + view.tunnels.name
    guard let network, let end, network < end else {
      if end == nil, view.outcome != .transport { return "equal without transport" + tunnels }
      // Wireshark stops at IPv4 options that contradict themselves; ours passes over them by their length.
      if view.outcome == .transport, view.payloadStart > 42, end == nil { return "options" }
      if view.outcome == .fragment || parts[14] == "1" { return "fragment" }
      return "differs: \(view.outcome)\(tunnels), theirs \(parts[1])"
    }
    if layers.last == "arp" || layers.last == "igmp", view.outcome == .control {
      return "equal without transport" + tunnels
    }
    if view.outcome != .transport { return "differs: \(view.outcome) \(view.layer)\(tunnels)" }
    let addresses = layers[network] == "ipv6" ? (parts[4], parts[5]) : (parts[2], parts[3])
    guard InternetAddress(addresses.0) == view.source, InternetAddress(addresses.1) == view.destination else {
      return "differs: addresses\(tunnels)"
    }
    if layers[end] == "tcp" {
      let isEqual =
        parts[6] == "\(view.sourcePort)" && parts[7] == "\(view.destinationPort)" && parts[10] == "\(view.sequence)"
        && parts[11] == "\(view.acknowledgement)"
        // Where IP announces more than the whole frame had, Wireshark takes the frame's length.
        && (parts[12] == "\(view.announcedPayloadCount)" || view.isCut && parts[12] == "\(view.payloadCount)")
      return (isEqual ? "equal" : "differs: tcp") + tunnels
    }
    // Wireshark stops at an IPv6 packet of a segmentation offload that is larger than its length field can say.
    if view.payloadCount > 65_535 { return "offload" }
    guard parts[8] == "\(view.sourcePort)", parts[9] == "\(view.destinationPort)" else {
      return "differs: udp\(tunnels)"
    }
    // Of a UDP length beyond IP's, ours keeps what IP has.
    let length = Int(parts[13]) ?? -1
    return length == view.announcedPayloadCount + 8 || length == 0 || length > view.announcedPayloadCount + 8
      ? "equal" + tunnels : "differs: udp length" + tunnels
  }
}
