/// Something that a reader of the evidence must know: a gap, a malformed message, a limit reached.
public struct Finding: Hashable, Sendable {
  public enum Severity: String, Sendable, CaseIterable {
    /// Something was lost or could not be used.
    case error
    /// Something is odd; what was made of it stands.
    case warning
    /// Something that only explains.
    case notice
  }

  public var severity: Severity
  /// What kind, as `room/what` in lowerCamelCase, such as `capture/truncated`; stable, for programs.
  public var code: String
  /// One sentence for people.
  public var message: String
  /// Further facts, such as the byte offset.
  public var fields: Fields

  public init(_ severity: Severity, _ code: String, _ message: String, _ fields: Fields = [:]) {
    self.severity = severity
    self.code = code
    self.message = message
    self.fields = fields
  }

  /// The fields of its record that it brings itself: its own, with severity, code and message.
  public var recordFields: Fields {
    var all = fields
    all.set("severity", severity.rawValue)
    all.set("code", code)
    all.set("message", message)
    return all
  }
}
