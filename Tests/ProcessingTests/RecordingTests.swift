import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Recordings and tracks of places as originals, through the whole program.
@Suite struct RecordingTests {
  static let track = """
    <?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>Van</name>
    <trkseg><trkpt lat="48.2082" lon="16.3738"><time>2026-05-04T10:00:00Z</time></trkpt>
    <trkpt lat="48.2092" lon="16.3748"><time>2026-05-04T10:00:10Z</time></trkpt>
    <trkpt lat="48.2192" lon="16.3848"><time>2026-05-04T10:14:10Z</time></trkpt></trkseg></trk></gpx>
    """

  private func record(_ folder: TemporaryFolder, _ name: String, _ arguments: [String]) throws -> String {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    let result = try run(
      ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "sine=f=300:d=3"] + arguments + [folder.path(name)])
    try #require(result.status == 0, "\(result.errors)")
    return folder.path(name)
  }

  private func records(_ bundle: String, _ kind: String) throws -> [[String: Any]] {
    let text = try String(contentsOfFile: "\(bundle)/data/records/\(kind).ndjson", encoding: .utf8)
    return try text.split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  @Test func examinesRecordingsAndTracksBesideCaptures() throws {
    guard exhibitProgram != nil else { return }
    let folder = try TemporaryFolder()
    let talk = try record(folder, "talk.m4a", ["-metadata", "title=Interview"])
    let track = try folder.write(Array(Self.track.utf8), "van.gpx")
    let capture = try folder.write(
      DuplicateTests.capture([(0, DuplicateTests.ethernet(DuplicateTests.query(1, id: 1)))]), "a.pcap")
    var data: [String] = []
    for jobs in ["1", "3"] {
      let bundle = folder.path("bundle-\(jobs)")
      let result = try exhibit("process", talk, track, capture, "--output", bundle, "--jobs", jobs)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try exhibit("verify", bundle).status == 0)
      data.append(try String(contentsOfFile: "\(bundle)/manifest-sha256.txt", encoding: .utf8))
    }
    #expect(data[0] == data[1])
    let bundle = folder.path("bundle-1")
    let stream = try #require(try records(bundle, "recording-stream").first)
    let copy = try #require(stream["audioSha256"] as? String)
    #expect(FileManager.default.fileExists(atPath: "\(bundle)/data/artefacts/\(copy.prefix(2))/\(copy).wav"))
    let aids = try #require(try records(bundle, "recording-examination").first)
    #expect((aids["loudness"] as? [String: Any])?["integrated"] as? String != nil)
    #expect(try records(bundle, "location-point").count == 3)
    let gap = try #require(try records(bundle, "finding").first { $0["code"] as? String == "location/gap" })
    #expect(gap["seconds"] as? Int == 840)
    #expect(try records(bundle, "original-file").map { $0["takenFor"] as? String } == ["recording", "track"])
    #expect(try records(bundle, "dns-query").count == 1)
    let report = try String(contentsOfFile: "\(bundle)/report/recordings.html", encoding: .utf8)
    #expect(report.contains("<audio controls") && report.contains("Interview"))
    #expect(try String(contentsOfFile: "\(bundle)/report/tracks.html", encoding: .utf8).contains("840"))
    #expect(try exhibit("reproduce", bundle).status == 0)
  }

  @Test func findsTheSameSpeechInTwoCodings() throws {
    guard exhibitProgram != nil else { return }
    let folder = try TemporaryFolder()
    let espeak = try #require(program("espeak-ng"), "install the packages of the group test")
    let ffmpeg = try #require(program("ffmpeg"))
    let speech = """
      The goods arrive on Tuesday at the northern harbour. Nobody should be told before that. The driver knows the road, \
      and he will call from the second bridge. If he does not call, wait until midnight and then go home. Take \
      the small car and leave the telephone in the drawer. Tell my brother that the money is with the baker.
      """
    _ = try run(espeak, ["-w", folder.path("a.wav"), speech])
    _ = try run(
      espeak,
      [
        "-w", folder.path("other.wav"),
        "Something else is said here, and for as long as it takes. " + String(speech.reversed()),
      ])
    // The second begins three seconds later.
    _ = try run(
      ffmpeg,
      ["-v", "error", "-ss", "3", "-i", folder.path("a.wav"), "-c:a", "aac", "-b:a", "32k", folder.path("b.m4a")])
    let bundle = folder.path("bundle")
    let result = try exhibit(
      "process", folder.path("a.wav"), folder.path("other.wav"), folder.path("b.m4a"), "--output", bundle)
    #expect(result.status == 0, "\(result.errors)")
    let found = try records(bundle, "recording-likeness")
    #expect(found.count == 1)
    #expect((found.first?["first"] as? [String: Any])?["original"] as? String == "O-0001")
    #expect((found.first?["second"] as? [String: Any])?["original"] as? String == "O-0003")
    let first = found.first?["first"] as? [String: Any]
    let start = try #require(Double(first?["start"] as? String ?? ""))
    #expect(abs(start - 3) <= 1)
    #expect(try exhibit("verify", bundle).status == 0)
  }

  @Test func fingerprintsWhatItCannotRead() throws {
    guard exhibitProgram != nil else { return }
    let folder = try TemporaryFolder()
    let note = try folder.write(Array("a note\n".utf8), "note.txt")
    let cut = try record(folder, "talk.m4a", [])
    try FileHandle(forWritingTo: URL(filePath: cut)).truncate(atOffset: 8_000)
    let bundle = folder.path("bundle")
    let result = try exhibit("process", note, cut, "--output", bundle)
    #expect(result.status == 3)
    #expect(
      Set(try records(bundle, "finding").compactMap { $0["code"] as? String }) == [
        "capture/unknownFormat", "recording/damaged",
      ])
    let sums = try run(try #require(program("sha256sum")), [note, cut]).lines.map { String($0.prefix(64)) }
    let digests = try records(bundle, "original-file").map { ($0["digests"] as? [[String: String]])?.first?["digest"] }
    #expect(digests == sums)
    #expect(try exhibit("verify", bundle).status == 0)
  }
}
