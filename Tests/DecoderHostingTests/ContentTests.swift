import DecoderHosting
import DecoderKit
import Testing

struct ContentTests {
  /// Stores bytes in pieces under codings and returns the artefact, its record and the findings.
  private func store(
    _ bytes: [UInt8], _ codings: String = "", pieces: Int = 7, type: String = "test/plain", end: StreamEnd = .finished,
    _ change: (inout HostLimits) -> Void = { _ in }
  ) -> (bytes: [UInt8], fields: Fields, stage: Stage) {
    let stage = Stage(change)
    stage.say("STORE \(type) \(codings)\n")
    for begin in stride(from: 0, to: bytes.count, by: pieces) {
      stage.say(Array(bytes[begin..<min(begin + pieces, bytes.count)]))
    }
    stage.finish(end)
    return (
      stage.output.artefacts.first ?? [], stage.output.records.last { $0.kind == "artefact" }?.fields ?? [:], stage
    )
  }

  private static let text = Array(String(repeating: "The quick brown fox. ", count: 5_000).utf8)

  @Test(arguments: [
    ("gzip", "gzip.compress(d)"), ("gzip", "gzip.compress(d[:999])+gzip.compress(d[999:])"),
    ("deflate", "zlib.compress(d)"),
    ("deflate", "zlib.compress(d,9)[2:-4]"), ("base64", "base64.encodebytes(d)"),
    ("base64", "base64.b64encode(d[:1])+base64.b64encode(d[1:])"), ("quoted-printable", "quopri.encodestring(d)"),
    ("uuencode", "__import__('codecs').encode(d,'uu')"),
    ("gzip,deflate", "gzip.compress(zlib.compress(d))"), ("base64,gzip", "base64.encodebytes(gzip.compress(d))"),
  ])
  func undoesWhatPythonDid(_ codings: String, _ expression: String) throws {
    for original in [Self.text, Array("a=\u{e4}\n=3D".utf8), [0]] {
      guard let encoded = try python(expression, original) else { return }
      for pieces in [1, 7, 100_000] {
        let stored = store(encoded, codings, pieces: pieces)
        #expect(stored.bytes == original, "\(expression) in pieces of \(pieces)")
        #expect(stored.fields["isComplete"] == true && stored.stage.output.findings.isEmpty, "\(expression) \(pieces)")
        #expect(stored.fields["encodedByteCount"] == .integer(Int64(encoded.count)))
      }
    }
  }

  @Test func handsOutEverythingOfASmallInput() throws {
    let zeros = [UInt8](repeating: 0, count: 5_000_000)
    for (coding, expression) in [("gzip", "gzip.compress(d)"), ("deflate", "zlib.compress(d)")] {
      guard let encoded = try python(expression, zeros) else { return }
      let stored = store(encoded, coding, pieces: 1_400) { $0.expansionRatio = 10_000 }
      #expect(stored.bytes == zeros && stored.fields["isComplete"] == true)
    }
  }

  @Test func undoesBrotli() {
    // One meta-block that is not compressed (RFC 7932, 9.2), and an empty last one.
    let text = Array("hello hello hello\n".utf8)
    let encoded: [UInt8] = [0x10, 0x01, 0x10] + text + [0x03]
    for pieces in [1, 5, 100] {
      let stored = store(encoded, "br", pieces: pieces)
      #expect(stored.bytes == text && stored.stage.output.findings.isEmpty)
      #expect(stored.fields["isComplete"] == true)
    }
  }

  /// What cannot be decoded to its end is kept as it came, too.
  @Test func keepsWhatWasSent() throws {
    guard var broken = try python("gzip.compress(d)", Self.text) else { return }
    broken[broken.count / 2] ^= 0xff
    let damaged = store(broken, "gzip")
    #expect(damaged.stage.output.artefacts.last == broken && damaged.stage.output.artefacts.count == 2)
    let records = damaged.stage.output.records.filter { $0.kind == "artefact" }.map(\.fields)
    #expect(records.map { $0["role"] } == ["test, as sent", "test"])
    #expect(records.map { $0["isComplete"] } == [true, false])
    let large = store(broken, "gzip") { $0.encodedBytes = 100 }
    #expect(large.stage.output.artefacts.count == 1)
  }

  /// Some senders name codings that are not there.
  @Test(arguments: [
    ("gzip", "d"), ("br", "d"), ("gzip,deflate", "gzip.compress(d)"), ("deflate,gzip", "gzip.compress(d)"),
    ("gzip,gzip", "gzip.compress(d)"), ("gzip,gzip,gzip", "gzip.compress(gzip.compress(d))"), ("gzip,gzip", "d"),
  ]) func leavesOutCodingsThatAreNotThere(_ codings: String, _ expression: String) throws {
    let text = Array("<html>not what it says</html>".utf8)
    guard let encoded = try python(expression, text) else { return }
    for pieces in [1, 7, 100_000] {
      let stored = store(encoded, codings, pieces: pieces)
      #expect(stored.bytes == text, "\(codings) in pieces of \(pieces)")
      #expect(stored.fields["isComplete"] == true && Set(stored.stage.output.findings) == ["host/coding"])
    }
  }

  @Test func makesNoArtefactOfAHoleAlone() {
    let stage = Stage()
    stage.say("STORE test/plain\n")
    stage.gap(60)
    stage.finish()
    #expect(stage.output.artefacts.allSatisfy { $0.isEmpty })
    #expect(!stage.output.records.contains { $0.kind == "artefact" })
  }

  @Test func keepsWhatCameBeforeDamage() throws {
    guard let encoded = try python("gzip.compress(d)", Self.text) else { return }
    let cut = store(Array(encoded.dropLast(12)), "gzip")
    #expect(cut.fields["isComplete"] == false && !cut.bytes.isEmpty)
    var broken = encoded
    broken[broken.count / 2] ^= 0xff
    let damaged = store(broken, "gzip")
    #expect(damaged.fields["isComplete"] == false && damaged.stage.output.findings == ["host/coding"])
    #expect(damaged.bytes == Array(Self.text.prefix(damaged.bytes.count)) || !damaged.bytes.isEmpty)
    let trailing = store(encoded + Array("tail".utf8), "gzip")
    #expect(trailing.bytes == Self.text && trailing.stage.output.findings == ["host/coding"])
    #expect(store(Self.text, end: .captureEnd).fields["isComplete"] == false)
  }

  @Test func meetsBombsWithAFinding() throws {
    guard let bomb = try python("gzip.compress(gzip.compress(bytes(50_000_000)))", []) else { return }
    let small = store(bomb, "gzip,gzip", pieces: 1_000) { $0.expandedBytes = 1 << 20 }
    #expect(small.bytes.count <= 1 << 20 && small.stage.output.findings == ["host/coding"])
    #expect(small.fields["isComplete"] == false)
    let ratio = store(bomb, "gzip,gzip", pieces: 1_000) { $0.expansionFloor = 100_000 }
    #expect(ratio.bytes.count < 1_000_000 && ratio.stage.output.findings == ["host/coding"])
  }

  @Test func fillsHolesUpToTheLimit() {
    let stage = Stage { $0.holeBytes = 100 }
    stage.say("STORE test/wrap\n")
    stage.say("abc")
    stage.gap(60)
    stage.say("def")
    stage.gap(41)
    stage.say("ghi")
    stage.finish()
    #expect(stage.output.artefacts[0] == Array("abc".utf8) + [UInt8](repeating: 0, count: 60) + Array("def".utf8))
    let fields = stage.output.records.last { $0.kind == "artefact" && $0.fields["role"] == "test" }?.fields
    #expect(fields?["holes"].map(CanonicalJSON.text) == "[{\"at\":3,\"byteCount\":60}]")
    #expect(fields?["isComplete"] == false && stage.output.findings.contains("host/coding"))
  }

  @Test func readsFilesInFilesToTheDepthLimit() {
    let stored = store(Array("wwwwwwX".utf8), pieces: 2, type: "test/wrap") { $0.depth = 3 }
    // The outer file and one for each level.
    let records = stored.stage.output.records.filter { $0.kind == "artefact" }
    #expect(
      stored.stage.output.artefacts.map { String(decoding: $0, as: UTF8.self) } == [
        "wwwwwwX", "wwwwwX", "wwwwX", "wwwX",
      ])
    #expect(records.count == 4)
    var parents: [String: String] = [:]
    for record in records {
      guard case .text(let own)? = record.fields["sha256"] else { continue }
      if case .text(let parent)? = record.fields["parentSha256"] {
        parents[String(own.prefix(2))] = String(parent.prefix(2))
      }
    }
    #expect(parents == ["01": "00", "02": "01", "03": "02"])
    #expect(records.map { $0.fields["decoder"] }.filter { $0 == "wrap 1.0" }.count == 3)
  }

  @Test func endsFilesThatWaitForTooMuch() {
    let stage = Stage { $0.openContents = 0 }
    stage.say("STORE test/wrap\nabc")
    stage.finish()
    #expect(stage.output.findings == ["decoder/limitExceeded"] && stage.output.packets == 1)
  }
}
