import ArgumentParser
import BuiltInDecoders
import Custody
import EvidenceModel
import Foundation
import Processing
import Signing

/// `exhibit validate`
struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Measures this very program on cases whose content is known, and writes a validation report.",
    discussion: """
      Each case is a directory with recordings (input/) and what the programs that made them wrote down (expected/). Each
      requirement has a stable identifier, what was expected, what was found, and a verdict. `exhibit process` names the
      report in the bundles it makes when it finds it: as exhibit.validation.json beside the program, as
      ~/.local/share/exhibit/validation/SHA-256-OF-THE-PROGRAM.json, or by --validation.

      Exit status 0 when every requirement passed, 1 otherwise, or when --compare finds that something got worse.

      Examples
        exhibit validate --output exhibit.validation.json
        exhibit validate --cases evidence-samples --output new.json --compare old.json
        exhibit validate --output exhibit.validation.json --key lab.key --cert lab.pem
      """)

  @Option(help: ArgumentHelp("The directory that holds the cases.", valueName: "directory"))
  var cases = "evidence-samples"

  @Option(name: .shortAndLong, help: ArgumentHelp("Write the report to this new file.", valueName: "report"))
  var output: String

  @Option(help: ArgumentHelp("List what changed since this earlier report.", valueName: "report"))
  var compare: String?

  @OptionGroup(title: "Signing") var signing: SigningOptions

  @Option(help: ArgumentHelp("What the signer is.", valueName: "role"))
  var role = "examiner"

  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Print nothing but errors.") var quiet = false

  func run() throws {
    Console.keepOutOfBundles(output)
    let progress = ProgressLine(isQuiet: quiet || json)
    do throws(ProcessingError) {
      try ResultFile.check(output)
      var old: ValidationReport?
      if let compare { old = try ValidationReport(path: compare) }
      let validation = try Validation(cases: cases, decoders: builtInDecoders)
      let signer = signing.open()
      let report = try validation.run { progress.show($0) }
      progress.end()
      var document = report.document
      if let signer { document.set("actor", .object(signer.actor(["role": .text(role)]))) }
      try ResultFile.write(document, to: output, by: signer)
      let comparison = old.map { ValidationComparison(old: $0, new: report) }
      if json {
        if let comparison { document.set("comparison", comparison.value) }
        print(CanonicalJSON.text(.object(document)))
      } else if !quiet {
        for line in report.lines + (comparison?.lines ?? []) { print(Console.safe(line)) }
      }
      if !report.hasPassed || comparison?.worse.isEmpty == false { Console.exit(Console.Status.checkFailed) }
    } catch {
      progress.end()
      Console.fail(error)
    }
  }
}
