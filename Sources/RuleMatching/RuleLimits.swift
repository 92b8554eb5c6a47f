/// The bounds of looking for rules.
public enum RuleLimits {
  /// Files of rules in one run, and bytes of one.
  public static let files = 64
  public static let fileBytes = 64 << 20
  /// Bytes of a file that is looked into.
  public static let scannedBytes = 1 << 30
  /// Rules that match one file and are told, and places that are told of each.
  public static let rules = 1_000
  public static let places = 100
}
