/// A file of a report: its name within the report's directory and its size.
public struct ReportFile: Hashable, Sendable {
  public let name: String
  public let byteCount: Int
}
