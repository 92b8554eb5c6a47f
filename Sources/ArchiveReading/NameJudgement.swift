/// What is odd about a member's name: what would lead out of a directory, or mislead whoever reads it.
public enum NameJudgement: String, Hashable, Sendable, CaseIterable {
  case absolute, parentDirectory, controlCharacter, tooLong, absent
  /// It would turn the direction of writing (UAX #9), so that it shows another ending than it has.
  case directionOverride

  /// Judges the name of a member; empty when there is nothing odd.
  public static func judge(_ member: ArchiveMember) -> [NameJudgement] {
    guard let name = member.name else { return [.absent] }
    var found = path(name)
    if name.contains(where: { $0 < 0x20 || $0 == 0x7f }) { found.append(.controlCharacter) }
    if member.isNameCut { found.append(.tooLong) }
    // U+202A to U+202E and U+2066 to U+2069 in UTF-8.
    for place in name.indices.dropLast(2)
    where name[place] == 0xe2
      && (name[place + 1] == 0x80 && (0xaa...0xae).contains(name[place + 2])
        || name[place + 1] == 0x81 && (0xa6...0xa9).contains(name[place + 2]))
    {
      found.append(.directionOverride)
      break
    }
    return found
  }

  /// What is odd about a path, such as the target of a link.
  public static func path(_ name: [UInt8]) -> [NameJudgement] {
    var found: [NameJudgement] = []
    let isDrive = name.count >= 2 && name[1] == 0x3a && (0x41...0x5a).contains(name[0] & 0xdf)
    if name.first == 0x2f || name.first == 0x5c || isDrive { found.append(.absolute) }
    if name.split(whereSeparator: { $0 == 0x2f || $0 == 0x5c }).contains(where: { $0.elementsEqual([0x2e, 0x2e]) }) {
      found.append(.parentDirectory)
    }
    return found
  }
}
