import DecoderKit
import MultipartDecoder
import Testing

@Suite struct WholeBodyTests {
  private func parts(_ text: String, limit: Int = 100) throws -> [(String?, String)] {
    let body = Array(text.utf8)
    // Safe: the view ends with the call.
    return unsafe try MultipartReader.parts(of: body.span.bytes, boundary: Array("b".utf8), limit: limit).map { part in
      (
        part.head.first("Content-Type").map { String(decoding: $0, as: UTF8.self) },
        String(decoding: body[part.content], as: UTF8.self)
      )
    }
  }

  @Test func readsThePartsOfABodyAtHand() throws {
    let read = try parts(
      "\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n")
    #expect(read.map(\.0) == ["application/sdp", nil, nil])
    #expect(read.map(\.1) == ["v=0", "", "text"])
  }

  @Test func readsWhatIsThereOfACutBody() throws {
    let read = try parts("--b\r\n\r\none\r\n--b\r\n\r\ntw\r\n--")
    #expect(read.map(\.1) == ["one", "tw\r\n--"])
    #expect(try parts("--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--", limit: 1).count == 1)
    #expect(try parts("nothing").isEmpty)
  }

  @Test func refusesABoundaryThatIsNone() {
    let body: [UInt8] = [1]
    #expect(throws: ReadError.self) {
      // Safe: the view ends with the call.
      _ = unsafe try MultipartReader.parts(of: body.span.bytes, boundary: [])
    }
  }
}
