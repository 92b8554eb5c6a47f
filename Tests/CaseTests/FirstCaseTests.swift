import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// The shipped case against what the programs that made it wrote down.
@Suite struct FirstCaseTests {
  let scratch: TemporaryFolder
  let bundle: String
  static let folder = repository.appending(path: "evidence-samples/first-case")

  init() throws {
    scratch = try TemporaryFolder()
    bundle = scratch.path("case")
    guard exhibitProgram != nil else { return }
    let input = Self.folder.appending(path: "input")
    let result = try exhibit(
      "process", input.appending(path: "1-calls.pcapng").path, input.appending(path: "2-web-and-names.pcapng").path,
      "--output", bundle, "--quiet")
    try #require(result.status == 0, "\(result.errors)")
  }

  func records(_ kind: String) -> [Fields] {
    RecordFile(path: "\(bundle)/data/records/\(kind).ndjson").compactMap { ValueReader.fields($0) }
  }

  func expected(_ name: String) throws -> [[String: Any]] {
    let data = try Data(contentsOf: Self.folder.appending(path: "expected/\(name)"))
    let list = try JSONSerialization.jsonObject(with: data) as? [[String: Any]]
    return try #require(list, "\(name) is no list of objects")
  }

  static func text(_ fields: Fields, _ name: String) -> String? {
    if case .text(let text)? = fields[name] { return text }
    return nil
  }

  @Test func findsEveryTransferredFile() throws {
    guard exhibitProgram != nil else { return }
    let transfers = try expected("transfers.json")
    let found = Set(records("artefact").compactMap { Self.text($0, "sha256") })
    var checked = 0
    for transfer in transfers {
      for body in [transfer["responseBody"] as? [String: Any]] + (transfer["uploaded"] as? [[String: Any]] ?? []) {
        guard let hash = body?["sha256"] as? String else { continue }
        #expect(found.contains(hash), "\(transfer["url"] ?? "")")
        checked += 1
      }
    }
    #expect(checked >= 10)
    #expect(records("http-transfer").count == transfers.count)
  }

  @Test func findsEveryCallWithItsParties() throws {
    guard exhibitProgram != nil else { return }
    let calls = try expected("calls.json")
    let found = records("sip-call")
    #expect(found.count == calls.count)
    for call in calls {
      let record = try #require(found.first { Self.text($0, "callID") == call["callID"] as? String })
      #expect(Self.text(record, "caller") == call["caller"] as? String)
      guard let streams = call["streams"] as? [Any], !streams.isEmpty else { continue }
      guard case .list(let mine)? = record["streams"] else {
        Issue.record("a call without streams")
        continue
      }
      #expect(mine.count == streams.count)
    }
  }

  @Test func audioIsWhatFFmpegDecodes() throws {
    guard exhibitProgram != nil, let ffmpeg = program("ffmpeg"), let tshark = program("tshark") else {
      print("skipped: ffmpeg or tshark is not installed")
      return
    }
    let capture = Self.folder.appending(path: "input/1-calls.pcapng").path
    for stream in records("rtp-stream") {
      guard let identifier = Self.text(stream, "identifier"), let hash = Self.text(stream, "audioSha256"),
        case .list(let codecs)? = stream["codecs"], case .text(let codec)? = codecs.first
      else { continue }
      let payload = try run(
        tshark,
        [
          "-r", capture, "-o", "rtp.heuristic_rtp:TRUE", "-Y", "rtp.ssrc == \(identifier)", "-T", "fields", "-e",
          "rtp.payload",
        ])
      let bytes = payload.lines.flatMap { Hexadecimal.decode($0.replacingOccurrences(of: ":", with: "")) ?? [] }
      let raw = try scratch.write(bytes, "payload")
      let decoded = try run(
        ffmpeg,
        [
          "-v", "error", "-f", codec == "PCMA" ? "alaw" : "mulaw", "-ar", "8000", "-ac", "1", "-i", raw, "-f", "s16le",
          "-",
        ])
      let wav = [UInt8](
        try Data(contentsOf: URL(fileURLWithPath: "\(bundle)/data/artefacts/\(hash.prefix(2))/\(hash).wav")))
      let samples = Data(wav.dropFirst(44))
      // The party's track begins with silence when the other side spoke first, and ends with it when that spoke longer.
      let isThere = !decoded.output.isEmpty && samples.range(of: Data(decoded.output)) != nil
      #expect(isThere, "\(identifier): the WAV does not hold what ffmpeg decodes")
    }
  }

  @Test func dataIsTheSameForAnyNumberOfWorkersZoneAndLocale() throws {
    guard let program = exhibitProgram else { return }
    let input = Self.folder.appending(path: "input")
    let again = scratch.path("again")
    let command =
      "TZ=Asia/Kathmandu LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 '\(program)' process '\(input.path)/1-calls.pcapng' '\(input.path)/2-web-and-names.pcapng' --output '\(again)' --jobs 5 --quiet"
    #expect(try run("/bin/sh", ["-c", command]).status == 0)
    let difference = try run("/usr/bin/diff", ["-r", "\(bundle)/data", "\(again)/data"])
    #expect(difference.status == 0, "\(difference.text)")
  }

  @Test func otherProgramsAgreeThatItIsWhole() throws {
    guard exhibitProgram != nil else { return }
    let sums = try run(
      "/usr/bin/sha256sum", ["--check", "--quiet", "manifest-sha256.txt", "tagmanifest-sha256.txt"],
      in: URL(fileURLWithPath: bundle))
    #expect(sums.status == 0, "\(sums.text)")
    guard let bagit = program("bagit.py") else {
      print("skipped: bagit.py is not installed")
      return
    }
    let result = try run(bagit, ["--validate", bundle])
    #expect(result.status == 0, "\(result.errors)")
  }
}
