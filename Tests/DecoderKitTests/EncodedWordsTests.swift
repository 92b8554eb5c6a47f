import CharacterCoding
import DecoderKit
import TestSupport
import Testing

@Suite struct EncodedWordsTests {
  private func decode(_ text: String) -> String {
    String(decoding: EncodedWords.decode(Array(text.utf8)), as: UTF8.self)
  }

  /// The examples of RFC 2047, 8, and RFC 2231, 5.
  @Test(arguments: [
    ("(=?ISO-8859-1?Q?a?=)", "(a)"), ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
    ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"), ("(=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=)", "(ab)"),
    ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"), ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
    ("=?US-ASCII*EN?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
    ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen <keld@dkuug.dk>"),
    (
      "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
      "If you can read this you understand the example."
    ),
    (
      "=?ISO-8859-8?b?7eXs+SDv4SDp7Oj08A==?=",
      "\u{5dd}\u{5d5}\u{5dc}\u{5e9} \u{5df}\u{5d1} \u{5d9}\u{5dc}\u{5d8}\u{5e4}\u{5e0}"
    ),
  ])
  func readsTheStandardsExamples(_ text: String, _ meaning: String) { #expect(decode(text) == meaning) }

  @Test(arguments: [
    // A character cut in two, as some programs do.
    ("=?utf-8?B?w6TD?= =?utf-8?B?pA==?=", "ää"), ("=?gb2312?B?xOO6w6Oh?=", "你好！"), ("=?Shift_JIS?B?k/qWe4zq?=", "日本語"),
    ("=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"), ("=?big5?B?pKSk5Q==?=", "中文"), ("=?euc-kr?B?x9Gx2w==?=", "한글"),
  ])
  func readsOtherCharacterSets(_ text: String, _ meaning: String) { #expect(decode(text) == meaning) }

  @Test(arguments: [
    "plain", "a=b", "=?", "=?utf-8?Q?open", "=?utf-8?X?a?=", "=?no-such-set?Q?a=20?=", "=?utf-8?Q?=ff?=",
    "=?utf-8?B?***?=",
    "=??Q?a?=", "=?utf-8?", "=?=?=?=", "=?a,b?Q?x?=",
  ])
  func leavesWhatIsNoneAsItStands(_ text: String) { #expect(decode(text) == text) }

  @Test func survivesEveryCut() {
    let bytes = Array("x =?utf-8?B?w6TD?= =?utf-8*de?Q?=C3=A4_?= \t=?a?b?c".utf8)
    for length in bytes.indices { _ = EncodedWords.decode(bytes.prefix(length)) }
  }

  @Test(arguments: ["utf-8", "latin-1", "koi8-r", "cp1252", "iso-2022-jp", "gb18030", "utf-16", "mac-roman"])
  func convertsAsPythonDoes(_ name: String) throws {
    guard let python = program("python3") else { return print("skipped: no python3") }
    let code = """
      import sys
      n=sys.argv[1]
      s=bytes(range(32,127)) if n.startswith('iso-2022') else bytes(range(32,256)) if n in('latin-1','koi8-r','mac-roman') else None
      t=s.decode(n) if s else 'Grüße, Übergabe €5' if n=='cp1252' else 'Grüße 日本 привет'
      sys.stdout.buffer.write(t.encode(n)+b'\\0\\0\\0'+t.encode())
      """
    let output = try run(python, ["-c", code, name]).output
    let place = try #require(output.indices.first { output[$0...].starts(with: [0, 0, 0]) })
    let set = try #require(TextCharset(Array(name.utf8)))
    // UTF-16 in ASCII ends with a zero of its own.
    let isWide = name == "utf-16"
    let encoded = Array(output[..<(isWide ? place + place % 2 : place)])
    let expected = Array(output[(place + 3 + (isWide ? place % 2 : 0))...])
    #expect(set.utf8(encoded) == expected)
  }

  @Test func repairsWhatHasNoMeaning() throws {
    let set = try #require(TextCharset(Array("UTF-8".utf8)))
    #expect(set.utf8([0x61, 0xff]) == nil)
    #expect(set.repairedUTF8([0x61, 0xff]) == Array("a\u{fffd}".utf8))
    #expect(TextCharset(Array("utf-8,swaplfnl".utf8)) == nil)
    #expect(TextCharset(Array(String(repeating: "x", count: 65).utf8)) == nil)
    #expect(TextCharset([]) == nil)
    #expect(set.utf8([UInt8](repeating: 0x61, count: TextCharset.maximumTextByteCount + 1)) == nil)
  }
}
