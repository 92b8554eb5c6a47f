import Custody
import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation
import Signing

/// The validation report that a bundle names: of this very program, or the one that was asked for.
struct ValidationEvidence {
  static let document = "meta/validation.json"

  private let bytes: [UInt8]
  private let signature: [UInt8]?
  private let report: ValidationReport
  private let isOfThisProgram: Bool

  /// Reads the report at `path`; without one, looks where reports of this program are kept and takes none of another program.
  ///
  /// Throws when `path` is no report.
  static func find(_ path: String?, _ tool: ToolIdentity) throws(ProcessingError) -> ValidationEvidence? {
    if let path { return try ValidationEvidence(path, tool) }
    for place in places(tool) where FileManager.default.fileExists(atPath: place) {
      if let found = try? ValidationEvidence(place, tool), found.isOfThisProgram { return found }
    }
    return nil
  }

  /// Where the report of this program is looked for, in order.
  static func places(_ tool: ToolIdentity) -> [String] {
    let folder = ParentDirectory.of(tool.executable)
    let home = FileManager.default.homeDirectoryForCurrentUser.path(percentEncoded: false)
    return [
      "\(folder)/exhibit.validation.json",
      "\(home)/.local/share/exhibit/validation/\(tool.executableHash.hex).json",
    ]
  }

  private init(_ path: String, _ tool: ToolIdentity) throws(ProcessingError) {
    bytes = try Document.bytes(at: path, what: "the validation report")
    report = try ValidationReport(bytes, path)
    isOfThisProgram = report.programHash == tool.executableHash.hex
    let signaturePath = ResultFile.signaturePath(of: path)
    signature =
      FileManager.default.fileExists(atPath: signaturePath)
      ? try Document.bytes(at: signaturePath, what: "the signature of the validation report") : nil
  }

  /// Copies the report, and the signature beside it, into a bundle; gives what its description says of it.
  func write(to writer: BundleWriter) throws(BundleError) -> Value {
    let entry = try writer.write(bytes, to: Self.document)
    if let signature { try writer.write(signature, to: ResultFile.signaturePath(of: Self.document)) }
    var fields: Fields = [
      "path": .text(Self.document), "sha256": .text(entry.hash.hex), "verdict": .text(report.verdict),
      "binaryMatches": .boolean(isOfThisProgram),
    ]
    if let signature { fields.set("signatures", .list(signers(signature))) }
    return .object(fields)
  }

  /// Who signed the report, as their certificates say, and whether the signature is over these bytes.
  ///
  /// Whether anybody vouches for the certificates is for whoever has certificates that they trust.
  private func signers(_ signature: [UInt8]) -> [Value] {
    SignatureCheck.verify(signature, over: bytes, trust: TrustStore(trusted: []), at: SystemClock.now).map { verdict in
      var fields: Fields = ["fits": .boolean(verdict.word != .broken)]
      if let signer = verdict.signer {
        fields.set("name", signer.name)
        fields.set("cert", signer.sha256)
      }
      return .object(fields)
    }
  }
}
