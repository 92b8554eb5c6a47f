import EvidenceBundle
import EvidenceModel
import EvidenceReport
import Foundation

/// Writes the report of a bundle that grows, in a worker: the records hold captured text.
enum ReportStage {
  private struct File: Codable {
    var path: String
    var sha256: String
    var byteCount: UInt64
  }

  static func run(_ order: WorkOrder) throws {
    let bundle = order.bundle ?? ""
    var files: [File] = []
    for name in try writeReport(bundle: bundle, output: bundle + "/" + BundleLayout.report).sorted() {
      let path = "\(bundle)/\(BundleLayout.report)/\(name)"
      let hash = try OriginalIntake.read(path, into: nil) { _ in }
      let size = fileSize(path)
      files.append(File(path: "\(BundleLayout.report)/\(name)", sha256: hash.hex, byteCount: size))
    }
    try JSONEncoder().encode(files).write(to: URL(filePath: ScratchLayout(order.scratch).report))
  }

  /// Writes the pages; gives their names within `output`.
  static func writeReport(bundle: String, output: String) throws -> [String] {
    try ReportWriter(bundle: bundle, output: output).write().map(\.name)
  }

  static func read(_ layout: ScratchLayout) throws -> [BundleWriter.Entry] {
    let files = try JSONDecoder().decode([File].self, from: Data(contentsOf: URL(filePath: layout.report)))
    return files.compactMap { file in
      ContentHash(hex: file.sha256).map { .init(path: file.path, hash: $0, byteCount: file.byteCount) }
    }
  }
}
