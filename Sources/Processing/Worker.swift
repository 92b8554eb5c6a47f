import ArchiveReading
import CSandbox
import CaptureReading
public import DecoderKit
import EvidenceBundle
import Fingerprinting
import Foundation

/// Runs one stage of a run in this process.
public enum Worker {
  /// Does what the order at `orderPath` says. Throws when a result could not be written.
  ///
  /// What comes before the sandbox reads the order, the type database and the filter, and nothing that was captured.
  public static func run(
    stage: String, orderPath: String, decoders: [any EvidenceDecoder.Type]
  ) throws(ProcessingError) {
    do {
      let order = try WorkOrder.read(from: orderPath)
      let layout = ScratchLayout(order.scratch)
      if let supervisor = order.supervisor, exhibit_sandbox_follow(supervisor) != 0 {
        throw ProcessingError(.defect, "", "the supervisor is gone")
      }
      let status = try StatusPage(isInherited: order.supervisor != nil)
      switch stage {
      case "prepare":
        try enter(stage, order, fileLimit: Preparation.expansionLimit)
        try Preparation.run(order, status.hand)
      case "sets":
        let readable = order.hashSets.filter { $0.number == order.worker }.map(\.path)
        try enter(stage, order, readable: readable, fileLimit: Preparation.expansionLimit)
        try HashSetReport.run(order)
      case "rules":
        try enter(stage, order, readable: order.rules.map(\.path))
        _ = try RuleSearch(order)
      case "witness":
        try enter(stage, order)
        try WitnessReport.run(order, status.hand)
      case "shard":
        let types = try typeIdentifier()
        let filter = try filter(order)
        try enter(stage, order)
        let output = try ShardOutput(order, layout, types: types)
        let runner = ShardRunner(order, decoders: decoders, filter: filter, output: output, hand: status.hand)
        _ = status.guardFiles()
        try runner.run().write(to: layout.ledger(stage, order.worker))
      case "inspect":
        let types = try typeIdentifier()
        try prepareArchives()
        try enter(stage, order, readable: order.rules.map(\.path), fileLimit: Preparation.expansionLimit)
        try InspectionStage.run(order, decoders, types: types, status.hand)
      case "examine":
        let types = try typeIdentifier()
        try prepareArchives()
        try enter(stage, order, readable: order.rules.map(\.path), fileLimit: Preparation.expansionLimit)
        try ExaminationStage.run(order, decoders, types: types, status.hand)
      case "picture":
        try enter(stage, order)
        try PictureReport.run(order)
      case "render":
        let types = try typeIdentifier()
        try enter(stage, order)
        try RenderStage.run(order, types: types, status.hand)
      case "merge":
        try enter(stage, order)
        try MergeResult.run(order)
      case "report":
        let bundle = order.bundle ?? ""
        let report = bundle + "/" + BundleLayout.report
        try FileManager.default.createDirectory(atPath: report, withIntermediateDirectories: true)
        try enter(stage, order, readable: [bundle], writable: [report])
        try ReportStage.run(order)
      default: throw ProcessingError(.defect, stage, "there is no such stage")
      }
    } catch let error as ProcessingError {
      throw error
    } catch {
      throw ProcessingError(.defect, orderPath, "\(stage): \(error)")
    }
  }

  private static func enter(
    _ stage: String, _ order: WorkOrder, readable: [String] = [], writable: [String] = [], fileLimit: UInt64? = nil
  ) throws {
    let bytes = order.originals.reduce(UInt64(0)) { $0 &+ fileSize($1.path) }
    let state = try WorkerSandbox.enter(
      readable: order.originals.map(\.path) + readable, writable: [order.scratch] + writable,
      fileLimit: fileLimit ?? WorkerSandbox.fileLimit &+ bytes &* 32)
    try JSONEncoder().encode(state).write(to: URL(filePath: ScratchLayout(order.scratch).sandbox(stage, order.worker)))
  }

  private static func prepareArchives() throws(ProcessingError) {
    guard ArchiveFile.prepare() else { throw ProcessingError(.defect, "", "the locale C.UTF-8 is missing") }
  }

  private static func typeIdentifier() throws(ProcessingError) -> FileTypeIdentifier {
    guard let types = FileTypeIdentifier() else {
      throw ProcessingError(.defect, "", "libmagic's database could not be loaded")
    }
    return types
  }

  private static func filter(_ order: WorkOrder) throws(ProcessingError) -> PacketFilter? {
    guard let expression = order.filter else { return nil }
    do throws(CaptureFault) { return try PacketFilter(expression) } catch {
      throw ProcessingError(.input, expression, "the filter cannot be used: \(error.message)")
    }
  }
}
