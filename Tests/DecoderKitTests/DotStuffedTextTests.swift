import DecoderKit
import Testing

@Suite struct DotStuffedTextTests {
  /// The text, whether its end came, and what is left behind it; shown in pieces of so many bytes.
  private func read(_ source: String, pieces: Int, bare: Bool = false) throws -> (
    text: String, hasEnded: Bool, rest: String
  ) {
    var reading = DotStuffedText(allowsBareLineFeeds: bare)
    var text: [UInt8] = []
    var shown: [UInt8] = []
    var waiting = Array(source.utf8)[...]
    while !waiting.isEmpty {
      shown += waiting.prefix(pieces)
      waiting = waiting.dropFirst(pieces)
      var reader = unsafe ByteReader(shown.span.bytes)
      steps: while true {
        switch try reading.advance(&reader) {
        case .data(let count): text += try reader.take(count, "text").array()
        case .end:
          let rest = reader.takeRest().array() + waiting
          return (String(decoding: text, as: UTF8.self), true, String(decoding: rest, as: UTF8.self))
        case .needsMore: break steps
        }
      }
      shown = reader.takeRest().array()
    }
    return (String(decoding: text, as: UTF8.self), false, String(decoding: shown, as: UTF8.self))
  }

  @Test(arguments: [
    ("a\r\n.\r\nnext", "a\r\n", "next"), (".\r\nnext", "", "next"), ("..\r\n.\r\n", ".\r\n", ""),
    (".a\r\n.\r\n", "a\r\n", ""), ("a.\r\n.\r\n", "a.\r\n", ""), ("a\r\n.b\r\n.\r\n", "a\r\nb\r\n", ""),
    ("a\n.\n.\r\n.\r\n", "a\n\n\r\n", ""), ("a\r\n\r\n.\r\n", "a\r\n\r\n", ""),
  ])
  func endsWithALineOfOneDot(_ source: String, _ text: String, _ rest: String) throws {
    for pieces in [1, 2, 3, 5, 100] {
      let got = try read(source, pieces: pieces)
      #expect(got.text == text && got.hasEnded && got.rest == rest, "in pieces of \(pieces): \(got)")
    }
  }

  @Test func endsWithBareLineFeedsWhereTheyAreTheRule() throws {
    for pieces in [1, 2, 100] {
      let got = try read("a\n..\n.\nnext", pieces: pieces, bare: true)
      #expect(got.text == "a\n.\n" && got.hasEnded && got.rest == "next")
    }
  }

  @Test func saysThatAnEndingIsDisputed() throws {
    var reading = DotStuffedText()
    let bytes = Array("a\n.\r\nb\r\n.\r\n".utf8)
    var reader = unsafe ByteReader(bytes.span.bytes)
    var hasEnded = false
    while !hasEnded {
      switch try reading.advance(&reader) {
      case .data(let count): try reader.skip(count, "text")
      case .end: hasEnded = true
      case .needsMore: break
      }
    }
    #expect(reading.isEndingDisputed && reader.remaining == 0)
  }
}
