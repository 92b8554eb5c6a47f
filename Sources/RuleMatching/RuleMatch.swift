/// A rule that matches a file.
public struct RuleMatch: Hashable, Sendable {
  public enum Meta: Hashable, Sendable {
    case text(String)
    case integer(Int64)
    case boolean(Bool)
  }
  /// Where a string of the rule stands.
  public struct Place: Hashable, Sendable {
    public let string: String
    public let offset: Int64
    public let byteCount: Int64
  }

  public let rule: String
  /// The place of the rule's file in the set, from 0.
  public let file: Int
  public internal(set) var tags: [String] = []
  public internal(set) var meta: [(name: String, value: Meta)] = []
  /// The first places, in the order of the rule's strings, and how many there are.
  public internal(set) var places: [Place] = []
  public internal(set) var placeCount = 0

  init(rule: String, file: Int) {
    self.rule = rule
    self.file = file
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.rule == right.rule && left.file == right.file && left.places == right.places && left.tags == right.tags
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(rule)
    hasher.combine(file)
  }
}

/// What a scan found.
public struct RuleScan: Sendable {
  public internal(set) var matches: [RuleMatch] = []
  /// What was not told or could not be done, in words.
  public internal(set) var limits: [String] = []
  var modules: [String] = []
}

/// Why rules cannot be used.
public struct RuleFault: Error, Hashable, Sendable {
  /// The place of the file in the set, from 0.
  public let file: Int
  public let message: String
}
