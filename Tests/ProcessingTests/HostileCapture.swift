import Foundation
import TestSupport

/// A capture as somebody makes it who wants to break whoever reads it: markup, steps upwards, control characters and a bomb wherever text can stand.
struct HostileCapture {
  /// What must never reach a page as it is.
  static let markup = "<script>exhibit-hostile()</script><img src=x onerror=exhibit-hostile()>"
  /// A name that leads out of every directory.
  static let upwards = "../../../../../../../../tmp/exhibit-was-here"
  /// Clears a terminal, and turns the direction of writing.
  static let control = "\u{1b}[2J\u{202e}"
  /// How many bytes the bomb has when it has gone off: far over what its size allows.
  static let bombBytes = 48 << 20

  private var file: [UInt8] = [
    0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0,
  ]
  private var count: UInt32 = 0

  /// All of it as a pcap file; `bomb` is `bombBytes` of zeros as gzip packs them.
  static func bytes(bomb: [UInt8]) -> [UInt8] {
    var capture = HostileCapture()
    capture.addCall()
    capture.addWeb(
      1,
      "GET /\(upwards)?q=\(markup.replacing(" ", with: "+")) HTTP/1.1\r\nHost: \(markup)\r\nUser-Agent: \(markup)\(control)\r\n\r\n",
      head:
        "Content-Type: text/html\r\nContent-Disposition: attachment; filename=\"\(upwards).html\"\r\nServer: \(markup)",
      Array("<html>\(markup)</html>".utf8))
    let names = [
      "\(upwards).txt", "/tmp/exhibit-was-here", "C:\\..\\exhibit-was-here", "a\0b", ".", "..", "\(markup)\(control)",
    ]
    let parts = names.map {
      "--limit\r\nContent-Disposition: form-data; name=\"\(markup.replacing("\"", with: ""))\"; filename=\"\($0)\"\r\n\r\n\($0)\r\n"
    }
    let form = parts.joined() + "--limit--\r\n"
    capture.addWeb(
      2,
      "POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Type: multipart/form-data; boundary=limit\r\nContent-Length: \(form.utf8.count)\r\n\r\n\(form)",
      head: "Location: javascript:exhibit-hostile()", Array("ok".utf8))
    capture.addWeb(
      3, "GET /bomb HTTP/1.1\r\nHost: a.example\r\n\r\n", head: "Content-Type: text/html\r\nContent-Encoding: gzip",
      bomb)
    capture.addQuestion(markup.replacing(".", with: ""))
    return capture.file
  }

  private mutating func addCall() {
    let description =
      "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\(Self.markup)\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    for (method, body) in [("INVITE", description), ("BYE", "")] {
      let message = """
        \(method) sip:\(Self.upwards)@b.example SIP/2.0\r
        Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\(method)\r
        From: "\(Self.markup)\(Self.control)" <sip:a@b.example>;tag=\(Self.markup)\r
        To: "\(Self.markup)" <sip:\(Self.upwards)@b.example>\r
        Call-ID: \(Self.upwards)\(Self.markup)\r
        CSeq: \(method == "BYE" ? 2 : 1) \(method)\r
        Contact: <javascript:exhibit-hostile()>\r
        Subject: \(Self.markup)\(Self.control)\r
        User-Agent: \(Self.markup)\r
        Content-Type: application/sdp\r
        Content-Length: \(body.utf8.count)\r
        \r
        \(body)
        """
      addDatagram(Array(message.utf8), 5_060)
    }
  }

  /// A question for a name of one label.
  private mutating func addQuestion(_ label: String) {
    let name = Array(label.utf8.prefix(63))
    addDatagram([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, UInt8(name.count)] + name + [0, 0, 1, 0, 1], 53)
  }

  /// A connection with one request and its answer.
  private mutating func addWeb(_ number: UInt8, _ request: String, head: String, _ body: [UInt8]) {
    let answer = Array("HTTP/1.1 200 OK\r\n\(head)\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    addSegment(number, isAnswer: false, 0, 0, flags: 2, [])
    addSegment(number, isAnswer: true, 0, 1, flags: 0x12, [])
    addStream(number, isAnswer: false, Array(request.utf8), other: 1)
    addStream(number, isAnswer: true, answer, other: 1 + request.utf8.count)
    addSegment(number, isAnswer: false, 1 + request.utf8.count, 1 + answer.count, flags: 0x11, [])
    addSegment(number, isAnswer: true, 1 + answer.count, 2 + request.utf8.count, flags: 0x11, [])
  }

  private mutating func addStream(_ number: UInt8, isAnswer: Bool, _ bytes: [UInt8], other: Int) {
    for start in stride(from: 0, to: bytes.count, by: 1_400) {
      addSegment(number, isAnswer: isAnswer, 1 + start, other, flags: 0x18, Array(bytes[start...].prefix(1_400)))
    }
  }

  private mutating func addSegment(
    _ number: UInt8, isAnswer: Bool, _ sequence: Int, _ acknowledged: Int, flags: UInt8, _ payload: [UInt8]
  ) {
    let client: [UInt8] = [0x9c, number]
    let server: [UInt8] = [0, 80]
    addPacket(
      6, isAnswer: isAnswer,
      (isAnswer ? server + client : client + server) + Self.big(UInt32(sequence)) + Self.big(UInt32(acknowledged))
        + [0x50, flags, 0xff, 0xff, 0, 0, 0, 0] + payload)
  }

  private mutating func addDatagram(_ payload: [UInt8], _ port: UInt16) {
    addPacket(
      17, isAnswer: false,
      [0xc3, 0x50, UInt8(port >> 8), UInt8(port & 0xff)] + Self.big(UInt32(8 + payload.count) << 16) + payload)
  }

  private mutating func addPacket(_ transport: UInt8, isAnswer: Bool, _ payload: [UInt8]) {
    let ends: [[UInt8]] = [[192, 0, 2, 1], [198, 51, 100, 7]]
    let packet =
      [0x45, 0] + Self.big(UInt32(20 + payload.count) << 16) + [0, 0, 64, transport, 0, 0]
      + ends[isAnswer ? 1 : 0] + ends[isAnswer ? 0 : 1] + payload
    for value in [1_700_000_000, count, UInt32(packet.count), UInt32(packet.count)] {
      file += Self.big(value).reversed()
    }
    file += packet
    count += 1
  }

  private static func big(_ value: UInt32) -> [UInt8] {
    (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }
}
