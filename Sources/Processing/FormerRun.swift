/// What an earlier run met on its machine, for a run that is to come to the same result.
struct FormerRun: Sendable {
  /// What was left out after crashes: taken over, not found out again.
  var exclusions: [WorkOrder.Exclusion] = []
  /// What the sandbox of that machine could not hold; a finding says so.
  var missingProtection: [String] = []
  /// How far originals were expanded before the program crashed on them.
  var expandedBytes: [UInt16: UInt64] = [:]
}
