import ByteReading
import EvidenceModel

/// Looks at the first bytes of what no decoder took, to say which protocol it might be.
///
/// It is asked at most `tries` times a side. Where bytes alone would say too little, the port has to agree.
struct SignReader {
  /// First bytes of a side at which a sign is sought: those of its first segments or datagrams.
  static let tries = 4

  private let initiator: UInt16
  private let responder: UInt16
  private var count = (initiator: 0, responder: 0)
  private(set) var sign: ProtocolSign?

  init(_ initiator: UInt16, _ responder: UInt16) {
    self.initiator = initiator
    self.responder = responder
  }

  mutating func see(_ bytes: RawSpan, from side: Side, isTCP: Bool) {
    let tries = side == .initiator ? count.initiator : count.responder
    guard sign == nil, tries < Self.tries, bytes.byteCount > 0 else { return }
    if side == .initiator { count.initiator += 1 } else { count.responder += 1 }
    sign = isTCP ? stream(bytes) : datagram(bytes)
  }

  private func has(_ ports: UInt16...) -> Bool { ports.contains(initiator) || ports.contains(responder) }

  // MARK: Streams

  private func stream(_ bytes: RawSpan) -> ProtocolSign? {
    let head = Head(bytes)
    return text(head) ?? security(head) ?? office(head) ?? database(head) ?? peerToPeer(head) ?? industry(head)
  }

  /// Protocols that begin with a line.
  private func text(_ head: Head) -> ProtocolSign? {
    guard let first = head[0], first == 0x09 || (0x20..<0x7f).contains(first) else { return nil }
    if let sign = request(head) { return sign }
    if head.starts("SSH-") { return .ssh }
    if head.starts("220 ") || head.starts("220-") {
      if head.lineHas("FTP") || has(21) { return .ftp }
      return head.lineHas("SMTP") || has(25, 587, 465) ? .smtp : .mailOrFile
    }
    if head.starts("EHLO ") || head.starts("HELO ") || head.starts("MAIL FROM:") || head.starts("554 ") && has(25, 587)
    {
      return .smtp
    }
    if head.starts("+OK") { return .pop3 }
    if head.starts("* OK") || head.starts("* PREAUTH") { return .imap }
    if head.starts("USER ") || head.starts("CAPA\r") || head.starts("APOP ") {
      return has(110, 995) ? .pop3 : has(6660, 6667, 6668, 6669, 6697) ? .irc : has(21) ? .ftp : nil
    }
    if head.starts("NICK ") || head.starts("CAP LS") || (head[0] == 0x3a && head.lineHas(" NOTICE ")) {
      return .irc
    }
    if head.starts("<?xml") && head.has("stream:stream") || head.starts("<stream:stream") { return .xmpp }
    if (head.starts("200 ") || head.starts("201 ")) && has(119) { return .nntp }
    if head.starts("RFB 0") { return .vnc }
    if head.starts("@RSYNCD:") { return .rsync }
    if head.starts("GNUTELLA") { return .gnutella }
    if head.starts("git-", at: 4) { return .git }
    if head.starts("*"), head.starts("\r\n$", at: 2) || head.starts("\r\n$", at: 3) { return .redis }
    if head.starts("AMQP") { return .amqp }
    if head.starts("@PJL") { return .printJob }
    return head.starts("l\0\u{b}\0") || head.starts("B\0\0\u{b}") ? .x11 : nil
  }

  /// Requests and answers that are written as HTTP's are.
  private func request(_ head: Head) -> ProtocolSign? {
    if head.starts("PRI * HTTP/2.0") { return .http2 }
    if head.starts("M-SEARCH * ") || head.starts("NOTIFY * ") { return .ssdp }
    if head.starts("RTSP/1.") || head.lineHas(" RTSP/1.") { return .rtsp }
    if head.starts("SIP/2.0") || head.lineHas(" SIP/2.0") { return .sip }
    if head.starts("MSRP ") { return .msrp }
    if head.lineHas(" MGCP 1.") { return .mgcp }
    return head.starts("HTTP/1.") || head.lineHas(" HTTP/1.") ? .http : nil
  }

  private func security(_ head: Head) -> ProtocolSign? {
    if let type = head[0], (20...24).contains(type), head[1] == 3, let minor = head[2], minor <= 4,
      let length = head.two(3),
      (1...18_432).contains(length)
    {
      guard type == 22 else { return .tlsRecord }
      return head[5] == 1 ? .tlsClientHello : head[5] == 2 ? .tlsServerHello : .tlsRecord
    }
    if let first = head[0], first & 0x80 != 0, head[2] == 1, head[3] == 3, let minor = head[4], minor <= 3,
      let length = head.two(0), Int(length & 0x7fff) + 2 == head.count
    {
      return .ssl2Hello
    }
    if let length = head.two(0), head[2] == 0x38, Int(length) + 2 <= head.count, length >= 14 { return .openVPN }
    if head[0] == 5, let methods = head[1], methods > 0, Int(methods) + 2 == head.count { return .socks }
    if head[0] == 4, head[1] == 1 || head[1] == 2, head.count >= 9, head.count < 300, head.ends(with: 0) {
      return .socks
    }
    if let length = head.four(0), Int(length) + 4 == head.count { return kerberos(head, at: 4) }
    return nil
  }

  /// Networks of offices: files, directories, desktops, telephones.
  private func office(_ head: Head) -> ProtocolSign? {
    if head[0] == 0, let mark = head[4], (0xfc...0xff).contains(mark), head.starts("SMB", at: 5) { return .smb }
    if head[0] == 0x81, head.two(2) == 68 { return .netbiosSession }
    if head[0] == 3, head[1] == 0, let length = head.two(2), length >= 7 {
      if head[5] == 0xe0 || head[5] == 0xd0 { return .rdp }
      if head[4] == 8 { return .h323 }
      if head[4] == 2, head[5] == 0xf0, head[7] == 0x32 { return .s7 }
    }
    if head[0] == 5, head[1] == 0, head[4] == 0x10 || head[4] == 0, head.two(6) == 0, let type = head[2], type < 20 {
      return .dceRPC
    }
    if let mark = head.four(0), mark & 0x8000_0000 != 0, Int(mark & 0x7fff_ffff) + 4 >= head.count,
      remoteCall(head, at: 4)
    {
      return .sunRPC
    }
    if directory(head) { return .ldap }
    if head[0] == 0xff, let option = head[1], (0xfb...0xfe).contains(option) { return .telnet }
    if head.starts("\u{1b}%-12345X") { return .printJob }
    if (0..<16).allSatisfy({ head[$0] == 0xff }) { return .bgp }
    if head[0] == 1, let length = head.four(0), Int(length & 0xff_ffff) >= 20, length & 3 == 0, let flags = head[4],
      flags & 0x0f == 0, head.four(8).map({ $0 <= 0x0100_0100 }) == true
    {
      return .diameter
    }
    if has(2000), let length = head.little(0), length >= 4, length < 0x1_0000, let version = head.little(4),
      version < 32
    {
      return .skinny
    }
    return nil
  }

  private func database(_ head: Head) -> ProtocolSign? {
    if let length = head.little(0), Int(length & 0xff_ffff) + 4 == head.count, head[3] == 0, head[4] == 10,
      let digit = head[5], (0x31...0x39).contains(digit)
    {
      return .mysql
    }
    if head.four(0) == 8, head.four(4) == 80_877_103 { return .postgreSQL }
    if let length = head.four(0), Int(length) == head.count, head.four(4) == 0x0003_0000 { return .postgreSQL }
    if let length = head.little(0), length >= 16, let code = head.little(12), code == 2013 || code == 2004 || code == 1
    {
      return .mongoDB
    }
    if has(1433), let type = head[0], type == 0x12 || type == 0x10 || type == 4, let length = head.two(2), length >= 8 {
      return .microsoftSQL
    }
    if has(1521), let length = head.two(0), Int(length) == head.count, head.two(2) == 0 { return .oracle }
    if head[0] == 0x10, head.starts("\0\u{4}MQTT", at: 2) || head.starts("\0\u{6}MQIsdp", at: 2) { return .mqtt }
    return nil
  }

  private func peerToPeer(_ head: Head) -> ProtocolSign? {
    if head[0] == 0x13, head.starts("BitTorrent protocol", at: 1) { return .bitTorrent }
    if head[0] == 0xe3 || head[0] == 0xc5, let length = head.little(1), Int(length) + 5 == head.count {
      return .eDonkey
    }
    return nil
  }

  private func industry(_ head: Head) -> ProtocolSign? {
    if has(502), head.two(2) == 0, let length = head.two(4), length >= 2, length < 260 { return .modbus }
    if has(2404), head[0] == 0x68, let length = head[1], length >= 4 { return .iec104 }
    return nil
  }

  // MARK: Datagrams

  private func datagram(_ bytes: RawSpan) -> ProtocolSign? {
    let head = Head(bytes)
    return call(head) ?? tunnel(head) ?? network(head) ?? peers(head)
  }

  /// Telephony and what is written in lines.
  private func call(_ head: Head) -> ProtocolSign? {
    if head.four(4) == 0x2112_a442, let first = head[0], first < 0x40, let length = head.two(2), length & 3 == 0 {
      return .stun
    }
    if let first = head[0], (0x20..<0x7f).contains(first) {
      if let sign = request(head) { return sign }
      if first == 0x3c, (2...4).contains(where: { head[$0] == 0x3e }), let digit = head[1],
        (0x30...0x39).contains(digit)
      {
        return .syslog
      }
    }
    if has(4569), let first = head[0], first & 0x80 != 0 ? head.count >= 12 && (1...12).contains(head[10] ?? 0) : true {
      return .iax2
    }
    return nil
  }

  private func tunnel(_ head: Head) -> ProtocolSign? {
    if let type = head[0], (20...25).contains(type), head[1] == 0xfe, let minor = head[2], minor >= 0xfc {
      return .dtls
    }
    if let first = head[0], first & 0x80 != 0, let version = head.four(1),
      version == 1 || version == 0x6b33_43cf || version >> 8 == 0xff_0000 || version >> 16 == 0x5130
        || (version == 0 && head.count >= 7), let length = head[5], length <= 20
    {
      return .quic
    }
    if let first = head[0], (1...4).contains(first), head[1] == 0, head[2] == 0, head[3] == 0 {
      let isMessage: Bool =
        switch first {
        case 1: head.count == 148
        case 2: head.count == 92
        case 3: head.count == 64
        default: head.count >= 32 && head.count % 16 == 0
        }
      if isMessage { return .wireGuard }
    }
    let start = has(4500) && head.four(0) == 0 ? 4 : 0
    if let version = head[start + 17], version == 0x10 || version == 0x20, let length = head.four(start + 24),
      Int(length) == head.count - start
    {
      return .ike
    }
    if has(4500), head.count == 1 || head.four(0) ?? 0 != 0 { return .espInUDP }
    if has(1194), let first = head[0], (1...10).contains(first >> 3), head.count >= 14 { return .openVPN }
    if has(2123, 2152), let flags = head[0], flags >> 5 == 1 || flags >> 5 == 2, head.count >= 8 { return .gtp }
    return nil
  }

  /// What networks need to run.
  private func network(_ head: Head) -> ProtocolSign? {
    if head[0] == 1 || head[0] == 2, head.four(236) == 0x6382_5363 { return .dhcp }
    if has(123), head.count >= 48, let first = head[0], (1...4).contains(first >> 3 & 7), first & 7 != 0 { return .ntp }
    if management(head) { return .snmp }
    if has(546, 547), let type = head[0], (1...36).contains(type) { return .dhcp6 }
    if has(1812, 1813, 1645, 1646, 3799), let length = head.two(2), length >= 20, Int(length) <= head.count {
      return .radius
    }
    if has(137), head.count >= 12 { return .netbiosName }
    if has(138), let type = head[0], (0x10...0x16).contains(type) { return .netbiosDatagram }
    if has(520), let command = head[0], command == 1 || command == 2, let version = head[1],
      version == 1 || version == 2
    {
      return .rip
    }
    if head[0] == 0, let code = head[1], (1...5).contains(code), has(69) { return .tftp }
    if let sign = kerberos(head, at: 0) { return sign }
    if directory(head) { return .ldap }
    if remoteCall(head, at: 0) { return .sunRPC }
    if has(2055, 9995, 9996, 4739), let version = head.two(0), [1, 5, 7, 9, 10].contains(version) { return .netFlow }
    if has(6343), head.four(0) == 5 || head.four(0) == 4 { return .sFlow }
    if has(5683), let first = head[0], first >> 6 == 1, first & 15 <= 8 { return .coap }
    return nil
  }

  private func peers(_ head: Head) -> ProtocolSign? {
    if head.starts("d1:ad2:id20:") || head.starts("d1:rd2:id20:") || head.starts("d1:el") { return .bitTorrent }
    if head.four(0) == 0x417, head.four(4) == 0x2710_1980 { return .bitTorrent }
    if head.starts("RTPS") { return .rtps }
    if head.four(0) == 0xffff_ffff, let kind = head[4], (0x41...0x7a).contains(kind) { return .sourceEngine }
    return nil
  }

  // MARK: Structures that several have

  /// SEQUENCE { INTEGER, [APPLICATION 0…25] } (RFC 4511, 4.1.1).
  private func directory(_ head: Head) -> Bool {
    guard head[0] == 0x30, let content = head.content(0), head[content] == 2, let size = head[content + 1],
      (1...4).contains(size), let operation = head[content + 2 + Int(size)]
    else { return false }
    return (0x60...0x79).contains(operation) || operation == 0x42 || operation == 0x4a || operation == 0x50
  }

  /// SEQUENCE { INTEGER version, … } (RFC 1157, RFC 3416, RFC 3412).
  private func management(_ head: Head) -> Bool {
    guard head[0] == 0x30, let content = head.content(0), head[content] == 2, head[content + 1] == 1,
      let version = head[content + 2]
    else { return false }
    return version <= 1 ? head[content + 3] == 4 : version == 3 && head[content + 3] == 0x30
  }

  /// [APPLICATION n] SEQUENCE with a protocol version of 5 (RFC 4120, 5.4).
  private func kerberos(_ head: Head, at start: Int) -> ProtocolSign? {
    guard let tag = head[start], [0x6a, 0x6b, 0x6c, 0x6d, 0x7e].contains(tag), let content = head.content(start),
      head[content] == 0x30
    else { return nil }
    return .kerberos
  }

  /// A call of version 2, or an answer to one (RFC 5531, 9).
  private func remoteCall(_ head: Head, at start: Int) -> Bool {
    switch head.four(start + 4) {
    case 0: head.four(start + 8) == 2
    case 1: head.four(start + 8).map { $0 <= 1 } == true && has(111, 2049)
    default: false
    }
  }
}
