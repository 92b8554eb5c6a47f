public import EvidenceModel

/// The program that runs now, as custody events name it.
public enum RunningTool {
  /// Name, version, SHA-256 of the binary, operating system.
  public static func event() throws(ProcessingError) -> Value { try ToolIdentity(isWhole: false).event }
}
