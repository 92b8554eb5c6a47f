import BuildRecord
import EvidenceModel

/// The version of this tool.
public enum ToolVersion {
  public static let text = "0.1.0"

  /// The git commit it was built from, with `+changes` when the sources were not those; nil when that is not known.
  public static var commit: String? { BuildRecord.commit }

  /// Everything that `--version --json` tells, in canonical form: what bundles say of the tool that made them.
  ///
  /// Throws when the program cannot read itself.
  public static func json() throws(ProcessingError) -> String { CanonicalJSON.text(try ToolIdentity().document) }
}
