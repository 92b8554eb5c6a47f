import Foundation
import TestSupport
import Testing

/// Looking into a bundle writes nothing, unless it is to be recorded.
@Suite struct AccessTests {
  let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  @Test func lookingIsRecordedOnRequestOnly() throws {
    guard exhibitProgram != nil else { return }
    let bundle = scratch.path("case")
    try #require(exhibit("process", SignedEventTests.input, "-o", bundle, "-q").status == 0)
    let events = { try FileManager.default.contentsOfDirectory(atPath: bundle + "/custody").count }
    for command in [["verify", bundle], ["list", bundle], ["show", bundle, "R-000001"], ["custody", bundle]] {
      let before = try events()
      let look = { (more: [String]) in try run(try #require(exhibitProgram), command + more) }
      #expect(try look([]).status == 0)
      #expect(try events() == before)
      let recorded = try look(["--record", "--examiner", "B77"])
      #expect(recorded.status == 0, "\(recorded.errors)")
      #expect(try events() == before + 1)
    }
    let last = try String(contentsOfFile: bundle + "/custody/000008.json", encoding: .utf8)
    #expect(last.contains(#""type":"access""#) && last.contains(#""id":"B77""#))
    #expect(try exhibit("verify", bundle).status == 0)
  }

  @Test func aFailedCheckIsRecordedAsSuch() throws {
    guard exhibitProgram != nil else { return }
    let bundle = scratch.path("case")
    try #require(exhibit("process", SignedEventTests.input, "-o", bundle, "-q").status == 0)
    try Data("x".utf8).write(to: URL(fileURLWithPath: bundle + "/data/extra"))
    #expect(try exhibit("verify", bundle, "--record", "--examiner", "B77").status == 1)
    let event = try String(contentsOfFile: bundle + "/custody/000005.json", encoding: .utf8)
    #expect(event.contains(#""command":"verify""#) && event.contains(#""exit":1"#))
  }
}
