import ArgumentParser
import EvidenceBundle
import EvidenceReport
import Foundation

/// `exhibit report`
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes a bundle's report again, into a directory outside the bundle.",
    discussion: """
      The report in the bundle is part of what its manifests list and never changes. This command writes the same pages
      elsewhere; its links to audio and pictures lead to where the bundle lies now.

      Example
        exhibit report case.exhibit --output /tmp/report
      """)

  @Argument(help: "The bundle.") var bundle: String
  @Option(name: .shortAndLong, help: ArgumentHelp("A new directory for the pages.", valueName: "directory")) var output:
    String

  func run() throws {
    Console.keepOutOfBundles(output)
    guard !FileManager.default.fileExists(atPath: output) else {
      Console.error("exhibit: \(output): it exists already")
      Console.exit(Console.Status.output)
    }
    do throws(BundleError) {
      let files = try ReportWriter(bundle: bundle, output: output).write()
      print("\(output)/index.html: \(files.count) files")
    } catch { Console.fail(error) }
  }
}
