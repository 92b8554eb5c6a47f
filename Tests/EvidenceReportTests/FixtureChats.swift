import EvidenceModel
import Foundation

extension FixtureBundle {
  static let chatConversation = "1:iRCiRCiRCiRCiRCiRCiRCiRCiRC="

  /// Chats and sessions whose people attack the reader.
  mutating func addChats() throws {
    let irc: Fields = [
      "source": "192.0.2.1:40000", "destination": "198.51.100.7:6667", "transport": "tcp",
      "communityID": .text(Self.chatConversation), "speaker": "client",
    ]
    add(
      "irc/message", packets: "3001", second: 1_000,
      irc.with([
        "command": "PRIVMSG", "from": .text(Self.script), "userHost": "robin@pier.example",
        "to": .text("#\(Self.turned)"),
        "text": .text("\(Self.script)\r\n\u{202E}second line"),
      ]))
    add(
      "irc/message", packets: "3002", second: 1_001,
      irc.with(["command": "NOTICE", "from": "kim", "to": "robin", "text": .text(Self.long), "isAction": true]))
    add(
      "irc/command", packets: "3003", second: 1_002,
      irc.with(["command": "JOIN", "from": "kim", "channel": .text(Self.script)]))
    add(
      "xmpp/message", packets: "3004", second: 1_003,
      [
        "source": "192.0.2.1:40001", "destination": "198.51.100.7:5222",
        "from": .text("kim@pier.example/\(Self.turned)"),
        "to": "robin@pier.example", "isEncrypted": true, "subject": .text(Self.script), "speaker": "client",
        "writtenAt": .text(Self.time(900)),
      ])
    add(
      "mqtt/message", packets: "3005", second: 1_004,
      [
        "source": "198.51.100.7:1883", "destination": "192.0.2.1:40002", "topic": .text(Self.script),
        "speaker": "server", "clientID": "ear", "sha256": .text(Self.hash(0x31)), "byteCount": 5_000,
        "isComplete": false,
      ])
    let transcript = try textArtefact(
      0x32, "# irc transcript\n2026-01-02T03:16:40Z > \(Self.script)\n" + String(repeating: "x y\n", count: 8_000))
    add(
      "irc/session", packets: "3001-3003", second: 1_000,
      irc.with([
        "nick": .text(Self.script), "realName": .text(Self.long), "channels": .list([.text("#\(Self.turned)")]),
        "messageCount": 2, "lineCount": 9, "isComplete": false, "isEncrypted": false,
        "transcriptSha256": .text(transcript), "endedAt": .text(Self.time(1_010)),
      ]))
    add(
      "smtp/session", packets: "3010", second: 1_020,
      [
        "source": "192.0.2.1:40003", "destination": "198.51.100.7:25", "clientName": .text(Self.turned),
        "messageCount": 0, "lineCount": 3, "isComplete": false, "isEncrypted": true,
        "transcriptSha256": .text(Self.hash(0x33)),
      ])
  }

  /// A computed text; gives its hash.
  mutating func textArtefact(_ number: Int, _ text: String) throws -> String {
    let sha256 = Self.hash(number)
    let place = "data/artefacts/\(sha256.prefix(2))/\(sha256).txt"
    try write(place, Array(text.utf8))
    add(
      "artefact", packets: "3001-3003", second: 1_000,
      [
        "sha256": .text(sha256), "path": .text(place), "byteCount": .integer(Int64(text.utf8.count)),
        "isComplete": true,
        "mediaType": "text/plain", "origin": "computed", "role": "irc transcript",
      ], prefix: "A")
    return sha256
  }
}
