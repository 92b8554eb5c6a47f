import ArgumentParser
import Processing

/// The command line. Each command has a file of its own.
@main
struct Exhibit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exhibit",
    abstract: "Turns lawfully intercepted captures and recordings into evidence.",
    discussion: """
      A run reads captures, decodes what they hold, and writes a bundle: a directory with the originals, everything that
      was found, an account of every packet, and a report for a browser. Anybody can check a bundle with sha256sum.

        exhibit process line.pcapng --output case.exhibit --case 2026-041 --examiner A12
        exhibit verify case.exhibit
        exhibit --version --json          version, commit, SHA-256 of the program and of its libraries
        open case.exhibit/report/index.html

      EXIT STATUS
        0   done
        1   the check failed
        2   wrong usage
        3   done, but part of the input could not be used; the bundle is complete and says so
        4   an input could not be opened; no bundle was made
        5   the output could not be written; no bundle was made
        6   an original changed while it was used
        70  a defect in exhibit
      """,
    version: ToolVersion.text,
    subcommands: [
      ProcessCommand.self, VerifyCommand.self, ReproduceCommand.self, ValidateCommand.self, ReportCommand.self,
      ListCommand.self, ShowCommand.self, SimilarCommand.self, CustodyCommand.self, TransferCommand.self,
      ReceiveCommand.self,
      SealCommand.self, CosignCommand.self, TimestampCommand.self, RenewCommand.self, KeyCommand.self,
      DecodersCommand.self, WorkerCommand.self,
    ])

  /// Runs the command and maps wrong usage to exit status 2, whatever the argument library uses.
  static func main() {
    if Set(CommandLine.arguments.dropFirst()) == ["--version", "--json"] { printVersion() }
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let code = exitCode(for: error)
      let status: Int32 =
        switch code {
        case .success: 0
        case .validationFailure: 2
        default: code.rawValue
        }
      let message = fullMessage(for: error)
      if !message.isEmpty {
        if code == .success { print(message) } else { Console.error(message) }
      }
      Console.exit(status)
    }
  }

  private static func printVersion() -> Never {
    do throws(ProcessingError) { print(try ToolVersion.json()) } catch { Console.fail(error) }
    Console.exit(0)
  }
}
