import DecoderKit
import TestSupport
import Testing

@testable import DecoderHosting

/// First bytes, written by hand after each protocol's specification, and what they are taken for.
struct SignReaderTests {
  private func sign(_ bytes: [UInt8], port: UInt16 = 50_000, isTCP: Bool = true) -> ProtocolSign? {
    var reader = SignReader(49_152, port)
    // Safe: the view ends with this call.
    unsafe reader.see(bytes.span.bytes, from: .initiator, isTCP: isTCP)
    return reader.sign
  }

  static let lines: [(String, UInt16, ProtocolSign?)] = [
    ("SSH-2.0-OpenSSH_9.2\r\n", 22, .ssh), ("220 mail.example.org ESMTP\r\n", 25, .smtp),
    ("220 mail.example.org ESMTP\r\n", 2525, .smtp), ("220 FTP server ready\r\n", 2121, .ftp),
    ("220 hello\r\n", 21, .ftp), ("220 hello\r\n", 4000, .mailOrFile), ("EHLO me\r\n", 4000, .smtp),
    ("+OK ready\r\n", 4000, .pop3), ("* OK IMAP4rev1\r\n", 4000, .imap), ("USER a\r\n", 110, .pop3),
    ("USER a\r\n", 21, .ftp),
    ("USER a\r\n", 4000, nil), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 80, .http2), ("GET / HTTP/1.1\r\n", 80, .http),
    ("DESCRIBE rtsp://x RTSP/1.0\r\n", 554, .rtsp), ("INVITE sip:a@b SIP/2.0\r\n", 5060, .sip),
    ("MSRP a786hjs2 SEND\r\n", 2855, .msrp), ("AUEP 1 x@y MGCP 1.0\r\n", 2427, .mgcp),
    ("<?xml version='1.0'?><stream:stream to='x'>", 5222, .xmpp), ("NICK me\r\nUSER me\r\n", 6667, .irc),
    ("0032git-upload-pack /x", 9418, .git), ("@RSYNCD: 31.0\n", 873, .rsync), ("RFB 003.008\n", 5900, .vnc),
    ("*1\r\n$4\r\nPING\r\n", 6379, .redis), ("AMQP\0\0\u{9}\u{1}", 5672, .amqp),
    ("\u{13}BitTorrent protocol", 6881, .bitTorrent),
    ("hello world", 4000, nil), ("", 4000, nil),
  ]

  @Test(arguments: lines) func knowsLines(_ text: String, _ port: UInt16, _ expected: ProtocolSign?) {
    #expect(sign(Array(text.utf8), port: port) == expected)
  }

  static let streams: [([UInt8], UInt16, ProtocolSign?)] = [
    ([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc], 8000, .tlsClientHello), ([0x16, 3, 3, 0, 90, 2, 0], 443, .tlsServerHello),
    ([0x17, 3, 3, 0x40, 0, 9, 9], 443, .tlsRecord), ([0x16, 3, 9, 0, 5, 1], 443, nil),
    ([0x16, 3, 1, 0xff, 0xff, 1], 443, nil),
    ([0, 0, 0, 4, 0xfe, 0x53, 0x4d, 0x42], 445, .smb), ([3, 0, 0, 19, 14, 0xe0, 0, 0], 3389, .rdp),
    ([3, 0, 0, 80, 8, 2, 0, 1], 1720, .h323), ([3, 0, 0, 30, 2, 0xf0, 0x80, 0x32], 102, .s7),
    ([5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0], 135, .dceRPC), ([0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3], 389, .ldap),
    ([0xff, 0xfd, 0x18], 23, .telnet), ([8, 0, 0, 0, 10, 0x38, 0x2e, 0, 0, 0, 0, 0], 3306, .mysql),
    ([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], 5432, .postgreSQL), ([0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4], 1883, .mqtt),
    ([5, 1, 0], 1080, .socks), ([UInt8](repeating: 255, count: 16) + [0, 29, 1], 179, .bgp),
    ([1, 0, 0, 20, 0x80, 0, 1, 1, 0, 0, 0, 0], 3868, .diameter), ([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2000, .skinny),
    ([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 4000, nil), ([0, 1, 0, 0, 0, 6, 1, 3], 502, .modbus),
    ([0x68, 4, 7, 0, 0, 0], 2404, .iec104), ([1, 2, 3, 4], 4000, nil), ([0], 4000, nil),
  ]

  @Test(arguments: streams) func knowsStreams(_ bytes: [UInt8], _ port: UInt16, _ expected: ProtocolSign?) {
    #expect(sign(bytes, port: port) == expected)
  }

  static let datagrams: [([UInt8], UInt16, ProtocolSign?)] = [
    ([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42] + [UInt8](repeating: 7, count: 12), 9000, .stun),
    ([0x16, 0xfe, 0xfd, 0, 0], 9000, .dtls), ([0xc3, 0, 0, 0, 1, 8] + [UInt8](repeating: 7, count: 20), 443, .quic),
    ([0xc3, 9, 9, 9, 9, 8], 443, nil), ([1, 0, 0, 0] + [UInt8](repeating: 7, count: 144), 9000, .wireGuard),
    ([1, 0, 0, 0] + [UInt8](repeating: 7, count: 143), 9000, nil),
    ([UInt8](repeating: 7, count: 17) + [0x20, 0x22, 8, 0, 0, 0, 0, 0, 0, 0, 28], 500, .ike),
    ([0x23] + [UInt8](repeating: 0, count: 47), 123, .ntp), ([0x23] + [UInt8](repeating: 0, count: 47), 9000, nil),
    ([0x30, 26, 2, 1, 1, 4, 6], 161, .snmp), ([1, 9, 0, 20] + [UInt8](repeating: 7, count: 16), 1812, .radius),
    ([0, 1, 0x61, 0], 69, .tftp), ([0x6a, 0x81, 0x90, 0x30, 0x81], 88, .kerberos),
    (Array("d1:ad2:id20:x".utf8), 6881, .bitTorrent),
    ([0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 1], 4569, .iax2), (Array("<34>Oct 11".utf8), 514, .syslog),
    (Array("M-SEARCH * HTTP/1.1\r\n".utf8), 1900, .ssdp), ([0x38] + [UInt8](repeating: 7, count: 13), 1194, .openVPN),
    ([0x32, 1, 0, 4, 0, 0, 0, 0], 2152, .gtp), ([0xff, 0xff, 0xff, 0xff, 0x54, 0x53], 27_015, .sourceEngine),
    ([9, 9, 9], 9000, nil),
  ]

  @Test(arguments: datagrams) func knowsDatagrams(_ bytes: [UInt8], _ port: UInt16, _ expected: ProtocolSign?) {
    #expect(sign(bytes, port: port, isTCP: false) == expected)
  }

  /// No bytes trap, however short: every beginning of every sample, and of noise.
  @Test func readsAnyBytes() {
    var random = SeededGenerator(testSeed("signs"))
    var samples = Self.streams.map(\.0) + Self.datagrams.map(\.0) + Self.lines.map { Array($0.0.utf8) }
    for _ in 0..<500 {
      samples.append(
        (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    for bytes in samples {
      for count in 0...bytes.count {
        for (port, isTCP) in [(UInt16(4500), false), (502, true), (50_000, true), (2000, true), (69, false)] {
          _ = sign(Array(bytes.prefix(count)), port: port, isTCP: isTCP)
        }
      }
    }
  }

  @Test func everySignHasWordsAndComesBackFromItsDetail() {
    for sign in ProtocolSign.allCases {
      #expect(!sign.protocolName.isEmpty && !sign.evidence.isEmpty)
      for port in [UInt16(443), 50_000] {
        let traffic = UnclaimedTraffic(transport: "tcp", initiator: 51_000, responder: port, sign: sign)
        #expect(UnclaimedTraffic(detail: traffic.detail) == traffic)
        #expect(traffic.basis == .firstBytes && (traffic.port == nil) == (port == 50_000))
      }
    }
    let known = UnclaimedTraffic(transport: "tcp", initiator: 51_000, responder: 443, sign: nil)
    #expect(known.guess == "TLS or QUIC" && known.basis == .port && known.evidence == "the port only")
    let declared = UnclaimedTraffic(transport: "sctp", declared: "WebRTC control")
    #expect(UnclaimedTraffic(detail: declared.detail) == declared)
    #expect(declared.guess == "WebRTC control" && declared.basis == .declared && declared.port == nil)
    let unknown = UnclaimedTraffic(detail: "udp/50000")
    #expect(unknown.guess == nil && unknown.basis == .nothing && unknown.port == 50_000)
  }

  /// What was said in small pieces is put together before it is looked at.
  @Test func looksAtWhatASideSaidSoFar() {
    let stage = Stage()
    for byte in "SSH-2.0-x\r\n".utf8 { stage.say([byte], from: .responder) }
    stage.finish()
    #expect(stage.output.rows.keys.contains("unclaimed tcp/25 ssh"), "\(stage.output.rows)")
  }
}
