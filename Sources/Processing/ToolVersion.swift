/// The version of this tool.
public enum ToolVersion {
  public static let text = "0.1.0"
}
