import CPcap

/// A capture filter in libpcap's language (pcap-filter(7)), compiled for each link type when it first comes.
@safe public struct PacketFilter: ~Copyable {
  private let expression: String
  private var programs: [UInt16: UnsafeMutablePointer<bpf_program>] = unsafe [:]
  /// Link types that the expression does not fit, with libpcap's reason.
  private var misfits: [UInt16: CaptureFault] = [:]

  /// Ethernet, raw IP, 802.11 with radiotap, Linux cooked, Bluetooth HCI: an expression must fit one of them.
  private static let triedLinkTypes: [UInt16] = [1, 101, 127, 113, 187]

  /// Checks that the expression compiles for Ethernet, raw IP or whatever else it fits. Throws libpcap's message.
  public init(_ expression: String) throws(CaptureFault) {
    self.expression = expression
    var first: CaptureFault?
    for linkType in Self.triedLinkTypes {
      do throws(CaptureFault) {
        try unsafe Self.compile(expression, linkType, &programs)
        return
      } catch { first = first ?? error }
    }
    throw first ?? CaptureFault(.unsupportedFormat, at: 0, "the filter does not compile")
  }

  /// What an expression means on this machine, where names of hosts, ports and protocols are looked up when it is compiled.
  ///
  /// For each of the link types that are tried and fit: its number and the program, 8 bytes an instruction, big-endian.
  public static func instructions(_ expression: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for linkType in triedLinkTypes {
      var filter = PacketFilter(untried: expression)
      do throws(CaptureFault) { try unsafe compile(expression, linkType, &filter.programs) } catch { continue }
      guard let program = unsafe filter.programs[linkType] else { continue }
      bytes += [UInt8(linkType >> 8), UInt8(linkType & 0xff)]
      for place in unsafe 0..<Int(program.pointee.bf_len) {
        // Safe: the program holds as many instructions as it says.
        let instruction = unsafe program.pointee.bf_insns[place]
        let word =
          UInt64(instruction.code) << 48 | UInt64(instruction.jt) << 40 | UInt64(instruction.jf) << 32
          | UInt64(instruction.k)
        for shift in stride(from: UInt64(56), through: 0, by: -8) { bytes.append(UInt8(word >> shift & 0xff)) }
      }
    }
    return bytes
  }

  private init(untried expression: String) { self.expression = expression }

  deinit {
    // Safe: each program was allocated and compiled by `compile`, and is freed once.
    var rest = unsafe Array(programs.values)
    while let program = unsafe rest.popLast() {
      unsafe pcap_freecode(program)
      unsafe program.deallocate()
    }
  }

  private static func compile(
    _ expression: String, _ linkType: UInt16, _ programs: inout [UInt16: UnsafeMutablePointer<bpf_program>]
  ) throws(CaptureFault) {
    guard let handle = unsafe pcap_open_dead(dataLinkNumber(ofLinkType: linkType), 262_144) else {
      throw CaptureFault(.system, at: 0, "out of memory")
    }
    defer { unsafe pcap_close(handle) }
    let program = UnsafeMutablePointer<bpf_program>.allocate(capacity: 1)
    guard unsafe pcap_compile(handle, program, expression, 1, 0xffff_ffff) == 0 else {
      let message = unsafe String(cString: pcap_geterr(handle))
      unsafe program.deallocate()
      throw CaptureFault(.unsupportedFormat, at: 0, message)
    }
    unsafe programs[linkType] = unsafe program
  }

  /// Whether the filter lets a packet pass; blocks that are no packets never do. Throws when the expression does not fit the packet's link type.
  public mutating func passes(_ packet: CapturedPacket, _ bytes: RawSpan) throws(CaptureFault) -> Bool {
    if packet.isBlock { return false }
    if unsafe programs[packet.linkType] == nil {
      if let known = misfits[packet.linkType] { throw known }
      do throws(CaptureFault) {
        try unsafe Self.compile(expression, packet.linkType, &programs)
      } catch {
        misfits[packet.linkType] = error
        throw error
      }
    }
    guard let program = unsafe programs[packet.linkType] else { return false }
    var header = pcap_pkthdr()
    header.caplen = packet.capturedLength
    header.len = packet.originalLength
    // Safe: the program reads within `caplen` bytes, which the view holds.
    return unsafe bytes.withUnsafeBytes { buffer in
      unsafe pcap_offline_filter(program, &header, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)) != 0
    }
  }
}
