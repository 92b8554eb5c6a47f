import DecoderKit
import TestSupport
import Testing

/// Bits of untrusted bytes against their digits.
@Suite struct BitReaderTests {
  @Test func readsNumbersOfAnyWidth() throws {
    var random = SeededGenerator(testSeed("bits"))
    let bytes = random.bytes(4_000)
    let digits = bytes.flatMap { byte in (0..<8).map { Int(byte >> UInt8(7 - $0)) & 1 } }
    // Safe: the view ends before the bytes do.
    var reader = unsafe BitReader(bytes.span.bytes)
    var place = 0
    while place < digits.count {
      let count = Int.random(in: 0...min(32, digits.count - place), using: &random)
      let (position, offset, remaining) = (reader.position, reader.offset, reader.remaining)
      #expect(position == place && offset == place / 8 && remaining == digits.count - place)
      if Bool.random(using: &random) {
        try reader.skip(count, "number")
      } else {
        let number = try reader.read(count, "number")
        #expect(number == digits[place..<(place + count)].reduce(0) { $0 << 1 | $1 })
      }
      place += count
    }
  }

  @Test func refusesMoreThanThereIs() throws {
    let bytes: [UInt8] = [0xff, 0x80]
    // Safe: the view ends before the bytes do.
    var reader = unsafe BitReader(bytes.span.bytes)
    let first = try reader.read(9, "number")
    var refused: [Int] = []
    for count in [8, 33, -1] {
      do throws(ReadError) { _ = try reader.read(count, "number") } catch { refused.append(count) }
    }
    let rest = try reader.read(7, "number")
    let nothing = try reader.read(0, "number")
    #expect(first == 511 && rest == 0 && nothing == 0 && refused == [8, 33, -1])
  }
}
