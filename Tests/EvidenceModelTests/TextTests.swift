import EvidenceModel
import Foundation
import TestSupport
import Testing

/// What the model writes as text, against Python's standard library.
struct TextTests {
  /// Runs `expression` on each line of the input, as `x`; a line that Python refuses gives `refused`.
  private func python(_ setup: String, _ expression: String, _ lines: [String]) throws -> [String] {
    let script = """
      import sys, json
      \(setup)
      for line in sys.stdin.read().split("\\n")[:-1]:
        x = json.loads(line)
        try: print(json.dumps(\(expression)))
        except ValueError: print('"refused"')
      """
    let input = lines.map { CanonicalJSON.text(.text($0)) + "\n" }.joined()
    let found = try run(try #require(program("python3")), ["-c", script], input: Array(input.utf8))
    #expect(found.status == 0, "\(found.errors)")
    return try found.lines.map { try JSONDecoder().decode(String.self, from: Data($0.utf8)) }
  }

  @Test func writesAddressesAsOthersDo() throws {
    var random = SeededGenerator(testSeed("addresses"))
    var addresses: [InternetAddress] = []
    for _ in 0..<500 {
      addresses.append(InternetAddress(version4: UInt32.random(in: 0...UInt32.max, using: &random)))
      var words: [UInt64] = [0, 0]
      for place in 0..<8 where Bool.random(using: &random) {
        let group = UInt64.random(in: 0...0xffff, using: &random) >> UInt64.random(in: 0...12, using: &random)
        words[place / 4] |= group << UInt64(16 * (place % 4))
      }
      addresses.append(InternetAddress(version6: words[0], words[1]))
    }
    addresses += [
      InternetAddress(version6: 0, 0), InternetAddress(version6: 0, 1), InternetAddress(version6: .max, .max),
    ]
    let texts = addresses.map { Hexadecimal.encode($0.bytes) }
    let theirs = try python(
      "import ipaddress\ndef mapped(a):\n  m = getattr(a, 'ipv4_mapped', None)\n  return '::ffff:' + str(m) if m else str(a)",
      "mapped(ipaddress.ip_address(bytes.fromhex(x)))", texts)
    #expect(addresses.map(\.description) == theirs)
    for address in addresses { #expect(InternetAddress(address.description) == address) }
    #expect(InternetAddress(version6: 0, 0xffff_c000_0201).description == "::ffff:192.0.2.1")
    #expect(Endpoint(InternetAddress(version6: 1 << 61, 1), port: 53).description == "[2000::1]:53")
  }

  @Test func readsAddressesAsOthersDo() throws {
    var random = SeededGenerator(testSeed("texts of addresses"))
    let parts = [
      "0", "1", "ffff", "FE80", "12345", "g", "", ":", "::", ".", "192.0.2.1", "256", "255", "+1", "-1", " ", "%1",
      "a.b",
    ]
    var texts = [
      "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::1:2:3:4:5:6:7:8", "1::2::3", "1:2", ":1", "1:",
      ":::", "::ffff:1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "1.2.3", "1.2.3.4.5", "", "1.2.3.4 ", "١.2.3.4", "::+1",
      "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4",
    ]
    for _ in 0..<2_000 {
      let count = Int.random(in: 1...9, using: &random)
      let separator = Bool.random(using: &random) ? ":" : "."
      texts.append(
        (0..<count).map { _ in parts[Int.random(in: 0..<parts.count, using: &random)] }.joined(separator: separator))
    }
    // Python takes zones, and refuses zeros in front; we the other way round.
    texts.removeAll { $0.contains("%") }
    let theirs = try python("import ipaddress", "ipaddress.ip_address(x).packed.hex()", texts)
    for (text, packed) in zip(texts, theirs) {
      #expect(
        InternetAddress(text).map { Hexadecimal.encode($0.bytes) } ?? "refused" == packed, "\(text.debugDescription)")
    }
    #expect(InternetAddress("192.000.002.001")?.description == "192.0.2.1")
  }

  @Test func writesTimesAsOthersDo() throws {
    var random = SeededGenerator(testSeed("times"))
    var times: [Int64] = [
      0, -1, 1, 951_782_400_000_000_000, 951_868_799_999_999_999, .max, .min + 1, 4_107_542_399_999_999_999,
    ]
    for _ in 0..<500 { times.append(Int64.random(in: .min + 1 ... .max, using: &random)) }
    let theirs = try python(
      "from datetime import datetime, timedelta",
      "(datetime(1970, 1, 1) + timedelta(seconds=int(x) // 10**9)).isoformat() + '.%09dZ' % (int(x) % 10**9)",
      times.map { "\($0)" })
    #expect(times.map { CaptureTime(nanoseconds: $0).description } == theirs)
    #expect(CaptureTime.unknown.description == "unknown" && !CaptureTime.unknown.isKnown)
  }

  @Test func differencesOfTimesDoNotOverflow() {
    let ends = [CaptureTime(nanoseconds: .max), CaptureTime(nanoseconds: .min + 1)]
    #expect(ends[0].nanoseconds(since: ends[1]) == .max && ends[1].nanoseconds(since: ends[0]) == .min + 1)
    #expect(
      ends[0].nanoseconds(since: ends[0]) == 0
        && CaptureTime(nanoseconds: 5).nanoseconds(since: CaptureTime(nanoseconds: 7)) == -2)
  }

  /// Python's encoder with sorted keys and no spaces writes what RFC 8785 asks for, as long as there are neither floats nor names beyond ASCII.
  @Test func writesJSONAsOthersDo() throws {
    var random = SeededGenerator(testSeed("values"))
    let values =
      (0..<500).map { _ in Self.value(&random, depth: 0) } + [.integer(.min), .integer(.max), .list([]), .object([:])]
    let texts = values.map { CanonicalJSON.text($0) }
    let theirs = try python(
      "", "json.dumps(json.loads(x), sort_keys=True, separators=(',', ':'), ensure_ascii=False)", texts)
    for (text, other) in zip(texts, theirs) { #expect(text == other) }
  }

  private static func value(_ random: inout SeededGenerator, depth: Int) -> Value {
    switch Int.random(in: 0..<(depth < 4 ? 6 : 4), using: &random) {
    case 0: .integer(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...60, using: &random))
    case 1: .boolean(Bool.random(using: &random))
    case 2, 3:
      .text(
        String(
          String.UnicodeScalarView(
            (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
              Unicode.Scalar(
                UInt32.random(in: 0...0x1ffff, using: &random) >> UInt32.random(in: 0...16, using: &random))
            })))
    case 4: .list((0..<Int.random(in: 0...4, using: &random)).map { _ in value(&random, depth: depth + 1) })
    default:
      .object(
        (0..<Int.random(in: 0...6, using: &random)).reduce(into: Fields()) { fields, _ in
          fields.set(
            ["a", "B", "aa", "a1", "", "z_", "\u{7f}\"\\"][Int.random(in: 0..<7, using: &random)],
            value(&random, depth: depth + 1))
        })
    }
  }

  @Test func wireTextKeepsEveryByte() {
    var random = SeededGenerator(testSeed("wire text"))
    for _ in 0..<300 {
      let bytes = random.bytes(Int.random(in: 0...8, using: &random))
      var fields = Fields()
      fields.set("name", wire: bytes)
      let isText = String(validating: bytes, as: UTF8.self) != nil
      #expect((fields["nameHex"] == nil) == isText)
      if isText { #expect(fields["name"] == .text(String(decoding: bytes, as: UTF8.self))) }
      if case .text(let hex) = fields["nameHex"] { #expect(Hexadecimal.decode(hex) == bytes) }
    }
  }

  @Test func momentsStayWithinWhatCanBeHeld() {
    let first = CaptureTime(nanoseconds: .min + 1)
    #expect(first.earlier(by: 1) == first && first.earlier(by: 10_000_000_000) == first)
    #expect(CaptureTime(nanoseconds: 5).earlier(by: 3) == CaptureTime(nanoseconds: 2))
    #expect(CaptureTime.unknown.earlier(by: 1) == .unknown)
  }

  @Test func hexadecimalGoesBothWays() {
    let all = (0...255).map { UInt8($0) }
    #expect(Hexadecimal.decode(Hexadecimal.encode(all)) == all)
    #expect(Hexadecimal.decode(Hexadecimal.encode(all).uppercased()) == all)
    for bad in ["0", "0g", "+1", " 1", "1 ", "é"] { #expect(Hexadecimal.decode(bad) == nil) }
  }

  @Test func aNameStandsOnce() {
    var fields: Fields = ["a": 1, "b": 2]
    fields.set("a", 3)
    #expect(fields["a"] == 3 && fields.entries.count == 2)
    let same = [Fields.Entry(name: "x", value: 1), Fields.Entry(name: "x", value: 1)]
    #expect(Fields(distinct: same) == nil)
    let many = (0..<20).map { Fields.Entry(name: "x\($0)", value: 1) }
    #expect(Fields(distinct: many) != nil && Fields(distinct: many + same.prefix(1) + same.suffix(1)) == nil)
  }
}
