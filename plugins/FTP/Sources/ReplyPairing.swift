/// Says which command a reply belongs to: in order, unless its code speaks for another one (RFC 959, 5.4).
enum ReplyPairing {
  /// The place of the command among those that wait; nil when none does.
  static func place(of code: Int, in waiting: [(command: String, isUnderWay: Bool)]) -> Int? {
    guard let first = waiting.first else { return nil }
    guard let commands = commands[code], !commands.contains(first.command) else {
      // A reply that cannot be the transfer's belongs to what was asked during it.
      if first.isUnderWay, waiting.count > 1, code == 211 || code == 212 || code == 213 || code == 500 || code == 502 {
        return 1
      }
      return 0
    }
    return waiting.firstIndex { commands.contains($0.command) }
      ?? (first.isUnderWay && waiting.count > 1 && code < 400 ? 1 : 0)
  }

  private static let transfers: Set<String> = Transfer.commands.union(["ABOR"])

  /// The commands that a code can be a reply to, of codes that belong to a few.
  private static let commands: [Int: Set<String>] = [
    125: transfers, 150: transfers, 211: ["STAT", "FEAT", "HELP", "SITE"],
    213: ["SIZE", "MDTM", "STAT", "MFMT", "HASH"],
    215: ["SYST"], 221: ["QUIT"], 225: ["ABOR"], 226: transfers, 227: ["PASV"], 229: ["EPSV"],
    230: ["USER", "PASS", "ACCT", "AUTH", "REIN"], 234: ["AUTH"], 257: ["PWD", "XPWD", "MKD", "XMKD"], 331: ["USER"],
    332: ["USER", "PASS"], 350: ["REST", "RNFR"], 425: transfers, 426: transfers,
  ]
}
