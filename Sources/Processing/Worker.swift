import CaptureReading
public import DecoderKit
import Fingerprinting
import Foundation

/// Runs one stage of a run in this process.
public enum Worker {
  /// Does what the order at `orderPath` says. Throws when a result could not be written.
  public static func run(
    stage: String, orderPath: String, decoders: [any EvidenceDecoder.Type]
  ) throws(ProcessingError) {
    do {
      let order = try WorkOrder.read(from: orderPath)
      switch stage {
      case "prepare": try Preparation.run(order)
      case "witness": try WitnessReport.run(order)
      case "shard": try shard(order, decoders)
      case "render": try RenderStage.run(order, types: typeIdentifier())
      case "merge": try MergeResult.run(order)
      case "report": try ReportStage.run(order)
      default: throw ProcessingError(.defect, stage, "there is no such stage")
      }
    } catch let error as ProcessingError {
      throw error
    } catch {
      throw ProcessingError(.defect, orderPath, "\(stage): \(error)")
    }
  }

  static func typeIdentifier() throws(ProcessingError) -> FileTypeIdentifier {
    guard let types = FileTypeIdentifier() else {
      throw ProcessingError(.defect, "", "libmagic's database could not be loaded")
    }
    return types
  }

  private static func shard(_ order: WorkOrder, _ decoders: [any EvidenceDecoder.Type]) throws {
    let layout = ScratchLayout(order.scratch)
    let status = try StatusPage(path: layout.status("shard", order.worker))
    let output = try ShardOutput(order, layout, types: typeIdentifier())
    let runner: ShardRunner
    do { runner = try ShardRunner(order, decoders: decoders, output: output, status: status) } catch {
      throw ProcessingError(.input, order.filter ?? "", "the filter cannot be used: \(error.message)")
    }
    try runner.run().write(to: layout.ledger("shard", order.worker))
  }
}
