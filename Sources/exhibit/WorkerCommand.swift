import ArgumentParser
import BuiltInDecoders
import Processing

/// `exhibit worker`: one stage of a run, started by the supervisor.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Does one stage of a run; the supervisor starts it.", shouldDisplay: false)

  @Argument var stage: String
  @Argument var order: String

  func run() throws {
    do throws(ProcessingError) {
      try Worker.run(stage: stage, orderPath: order, decoders: builtInDecoders)
    } catch { Console.fail(error) }
  }
}
