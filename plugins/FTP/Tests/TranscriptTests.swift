import DecoderKit
import DecoderTesting
import FTPDecoder
import Testing

@Suite struct TranscriptTests {
  private func plain(_ line: String) -> String { line.replacing(#/artefact [0-9a-f]{64}/#, with: "artefact") }

  @Test func tellsOfFilesAndWithholdsPasswords() throws {
    let outcome = decode([
      server("220-FTP of Tidewater", "220 go"), client("USER robin"), server("331 more"), client("PASS pier-secret"),
      server("230 in"), client("PASV"), server(passiveReply), client("RETR a.bin"), server("150 go"),
      data("hello", from: .responder), end(.responder), end(.initiator), server("226 done"), client("QUIT"),
      server("221 bye"),
    ])
    #expect(
      outcome.transcript.map(plain) == [
        "< 220-FTP of Tidewater", "< 220 go", "> USER robin", "< 331 more", "> PASS [withheld]", "< 230 in", "> PASV",
        "< \(passiveReply)", "> RETR a.bin", "< 150 go", "< 226 done", "* [file, 5 bytes, artefact]", "> QUIT",
        "< 221 bye",
      ])
    let session = try #require(outcome.all("ftp/session").first)
    #expect(session.text("user") == "robin" && session.number("transferCount") == 1)
    #expect(session.number("withheldCount") == 1 && session.flag("isComplete") == true)
    #expect(outcome.all("ftp/session").count == 1)
  }

  @Test func knowsTheBeginningOfTLSWithoutTheReply() {
    let outcome = decode([
      server("220 FTP"), client("AUTH TLS"), (control, .bytes([0x16, 3, 1], from: .initiator)),
      (control, .bytes([0, 200, 1, 0, 0, 196, 3, 3], from: .initiator)),
    ])
    #expect(outcome.codes == ["ftp/encrypted"])
    #expect(outcome.transcript.last == "* what both sides send from here on is encrypted and not read")
    #expect(outcome.all("ftp/session").first?.flag("isEncrypted") == true)
  }
}
