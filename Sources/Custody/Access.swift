import EvidenceModel

/// Records that somebody looked into a bundle, where an agency wants that; looking alone writes nothing.
public enum Access {
  /// Adds one event `access` of the command, as `command` names it; `exit` is what came of it.
  public static func record(
    _ command: String, of path: String, by act: CustodyAct, exit: Int
  ) throws(CustodyError) {
    try BundleChange.perform("access", of: path, by: act) { change throws(CustodyError) in
      try change.record(["command": .text(command)], exit: exit)
      return [:]
    }
  }
}
