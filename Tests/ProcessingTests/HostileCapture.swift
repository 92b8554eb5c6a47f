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

  private static let client: [UInt8] = [192, 0, 2, 1]
  private static let server: [UInt8] = [198, 51, 100, 7]
  private var file = PacketFile()

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
    return capture.file.bytes
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
      file.addDatagram((Self.client, 5_060), (Self.server, 5_060), Array(message.utf8))
    }
  }

  /// A question for a name of one label.
  private mutating func addQuestion(_ label: String) {
    let name = Array(label.utf8.prefix(63))
    file.addDatagram(
      (Self.client, 50_000), (Self.server, 53),
      [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, UInt8(name.count)] + name + [0, 0, 1, 0, 1])
  }

  /// A connection with one request and its answer.
  private mutating func addWeb(_ number: UInt8, _ request: String, head: String, _ body: [UInt8]) {
    var connection = PacketFile.Connection((Self.client, 40_000 + UInt16(number)), (Self.server, 80))
    file.open(&connection)
    file.send(Array(request.utf8), &connection, isAnswer: false)
    file.send(
      Array("HTTP/1.1 200 OK\r\n\(head)\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body, &connection,
      isAnswer: true)
    file.close(&connection)
  }
}
