import EvidenceModel
import Foundation
import Testing

@testable import EvidenceReport

@Suite struct SessionPagesTests {
  private func report(
    _ change: (inout FixtureBundle) throws -> Void
  ) throws -> (scratch: Scratch, names: [String], text: (String) throws -> String) {
    let scratch = try Scratch()
    var bundle = try FixtureBundle(path: scratch.path + "/bundle")
    try bundle.addDocuments()
    try change(&bundle)
    try bundle.writeRecords()
    let files = try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    return (scratch, files.map(\.name), { try scratch.text("bundle/report/\($0)") })
  }

  @Test func listsMessagesOfAllChatsAsText() throws {
    let (_, names, text) = try report { try $0.addChats() }
    #expect(
      names.contains("chat.html") && names.contains("sessions.html") && names.contains("records-irc-command.html"))
    #expect(!names.contains("records-irc-message.html") && !names.contains("records-smtp-session.html"))
    let page = try text("chat.html")
    #expect(
      page.contains(
        "&lt;script&gt;alert(1)&lt;/script&gt;\n<span class=\"esc\">[U+202E]</span>second line"))
    #expect(!page.contains("<script>alert"))
    #expect(page.contains("kim@pier.example/invoice<span class=\"esc\">[U+202E]</span>gpj.exe"))
    for words in [
      "encrypted from end to end; not readable", "tells what the sender does (/me)", "NOTICE", "robin@pier.example",
      "not stated; it comes from the server", "written, as it says: ", "incomplete",
    ] { #expect(page.contains(words), "\(words)") }
    let places = ["3001", "3002", "3004", "3005"].compactMap { page.firstRange(of: "packet</span>\($0)")?.lowerBound }
    #expect(places == places.sorted())
  }

  @Test func linksSessionsToTranscriptsMessagesAndRecords() throws {
    let (_, _, text) = try report { try $0.addChats() }
    let page = try text("sessions.html")
    #expect(page.contains("IRC <bdi class=\"captured\">&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"))
    #expect(page.contains("href=\"chat.html#R-000001\">messages between these two ends, from R-000001 on"))
    #expect(page.contains("href=\"records-irc-command.html\">all of kind irc command"))
    #expect(page.contains("href=\"files.html#A-"))
    #expect(page.contains("2026-01-02T03:16:40Z &gt; &lt;script&gt;") && !page.contains("<script>alert"))
    #expect(page.contains("Only the beginning is shown"))
    #expect(page.contains("A part of this connection was not captured"))
    #expect(page.contains("A part of this connection is encrypted"))
    #expect(page.contains("the transcript is not in the bundle"))
    #expect(try text("index.html").contains("chats and sessions"))
  }

  @Test func listsTextsOfSIPAmongMessagesAndNoOther() throws {
    let (_, names, text) = try report { bundle in
      for (place, method) in ["INVITE", "MESSAGE", "BYE"].enumerated() {
        bundle.add(
          "sip/message", packets: "\(place)", second: place,
          ["method": .text(method), "from": "sip:a@x", "to": "sip:b@x", "text": .text("words of \(method)")])
      }
    }
    let page = try text("chat.html")
    #expect(page.contains("words of MESSAGE") && !page.contains("words of INVITE") && !page.contains("words of BYE"))
    #expect(!names.contains("sessions.html"))
  }

  @Test func hasNoPageWithoutChats() throws {
    let (_, names, text) = try report { bundle in
      bundle.add("sip/message", packets: "1", second: 1, ["method": "INVITE"])
    }
    #expect(!names.contains("chat.html") && !names.contains("sessions.html"))
    #expect(try !text("index.html").contains("chat.html"))
  }

  @Test func endsPagesThatManyTranscriptsFill() throws {
    let (_, names, text) = try report { bundle in
      for number in 0..<90 {
        let sha256 = try bundle.textArtefact(0x100 + number, String(repeating: "\(number) ", count: 9_000))
        bundle.add(
          "telnet/session", packets: "1", second: 1,
          ["lineCount": 1, "isComplete": true, "transcriptSha256": .text(sha256)])
      }
    }
    #expect(names.contains("sessions-2.html") && !names.contains("sessions-3.html"))
    #expect(try text("sessions.html").utf8.count < 2 << 20)
  }

  @Test func callsAStreamingSessionNoCall() throws {
    let (_, _, text) = try report { bundle in
      bundle.add(
        "rtsp/call", packets: "1-9", second: 1,
        [
          "caller": "192.0.2.1:4000", "called": "rtsp://camera.example/door", "invitedAt": .text(FixtureBundle.time(1)),
          "answeredAt": .text(FixtureBundle.time(2)), "outcome": "ongoing", "endedBy": "called",
          "steps": .list([
            .object(["party": "caller", "step": "invited", "capturedAt": .text(FixtureBundle.time(1))])
          ]),
          "streams": .list([.object(["party": "called", "attachedBy": "signalling", "packetsExpected": 3])]),
        ])
    }
    let page = try text("calls.html")
    for words in [
      "Streaming session R-000001", "<dt>Client", "<dt>Server", "Asked to play or record at", "Agreed to at",
      "the server agreed; its end was not recorded; ended by the server", "asked to play or record",
      "What the signalling tells of this streaming session",
    ] { #expect(page.contains(words), "\(words)") }
    for words in ["Call R-", "<dt>Caller", "Invited at", "called party"] { #expect(!page.contains(words), "\(words)") }
    #expect(try text("index.html").contains("1 is a streaming session (RTSP)"))
  }
}
