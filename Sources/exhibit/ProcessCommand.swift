import ArgumentParser
import BuiltInDecoders
import Custody
import EvidenceModel
import Foundation
import Processing
import Signing

/// `exhibit process`
struct ProcessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "process",
    abstract: "Reads originals and builds an evidence bundle from them.",
    discussion: """
      Originals are opened read-only, copied into the bundle and hashed on the way (with --reference they stay where they
      are and are hashed there). The order in which they are named is part of the result. Everything that can be read is
      used; what cannot be is a finding in the bundle and makes the exit status 3.

      Examples
        exhibit process line.pcapng --output case.exhibit
        exhibit process day1.pcap.gz day2.pcap --output case.exhibit --case 2026-041 --examiner A12
        exhibit process big.pcap --reference --output case.exhibit --expect SHA256SUMS --received-from "Provider X"
      """)

  @Argument(help: ArgumentHelp("The originals, in order.", valueName: "input"))
  var inputs: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The bundle to make; it must not exist.", valueName: "bundle"))
  var output: String

  @Option(name: .customLong("case"), help: ArgumentHelp("The case's reference.", valueName: "id"))
  var caseID: String?

  @Option(help: ArgumentHelp("Who does this, as the custody chain names them.", valueName: "name"))
  var examiner: String?

  @Option(help: ArgumentHelp("What they are in this case.", valueName: "role"))
  var role = "examiner"

  @OptionGroup(title: "Signing") var signing: SigningOptions

  @Flag(help: "Sign the events but leave the bundle unsealed; exhibit seal does that later.") var noSeal = false

  @Option(help: ArgumentHelp("Ask this time-stamping authority (RFC 3161) for the seal.", valueName: "url"))
  var tsa: String?

  @Option(help: ArgumentHelp("The order or warrant: a file that is kept in the bundle.", valueName: "file"))
  var authority: String?

  @Flag(help: "Leave the originals where they are; list them with their hashes instead of copying them.")
  var reference = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Worker processes; the result does not depend on it.", valueName: "n"))
  var jobs: Int = ProcessInfo.processInfo.activeProcessorCount

  @Option(
    help: ArgumentHelp("Use only packets that this pcap-filter(7) lets pass; the rest is counted.", valueName: "bpf"))
  var filter: String?

  @Option(
    name: .customLong("user-link"),
    help: ArgumentHelp(
      "What the private link type USERn (0 to 15) stands for, by its LINKTYPE_ number, such as 0=1 for Ethernet.",
      valueName: "n=linktype"))
  var userLinks: [String] = []

  @Option(
    help: ArgumentHelp(
      "Hashes that came with the originals (sha256sum format); a difference stops the run.", valueName: "sums"))
  var expect: String?

  @Option(
    name: .customLong("hash-set"),
    help: ArgumentHelp(
      "Look every file up in this set of hashes (NSRL RDS 3, VICS, hashdeep, or what sha256sum and its kind write).",
      valueName: "file"))
  var hashSets: [String] = []

  @Option(
    name: .customLong("known-good"),
    help: ArgumentHelp(
      "As --hash-set, of files that are known and of no interest; the report can fold them away.", valueName: "file"))
  var knownGood: [String] = []

  @Option(
    name: .customLong("yara"), help: ArgumentHelp("Look into every file with these YARA rules.", valueName: "file"))
  var rules: [String] = []

  @Option(help: ArgumentHelp("From whom the originals were received.", valueName: "name"))
  var receivedFrom: String?

  @Option(
    help: ArgumentHelp(
      "How far the recorder's clock was ahead, in seconds, as declared by its owner; recorded, not applied.",
      valueName: "seconds"))
  var clockOffset: String?

  @Option(
    help: ArgumentHelp(
      "A report of `exhibit validate` that the bundle is to name; without it, that of this program is looked for.",
      valueName: "report"))
  var validation: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print nothing but errors.")
  var quiet = false

  func validate() throws {
    guard jobs >= 1, jobs <= 256 else { throw ValidationError("--jobs takes a number from 1 to 256.") }
    guard userLinks.allSatisfy({ Self.userLink($0) != nil }) else {
      throw ValidationError("--user-link takes a number from 0 to 15 and a LINKTYPE_ number, such as 0=1.")
    }
    if let clockOffset, Double(clockOffset) == nil {
      throw ValidationError("--clock-offset takes seconds, such as 2.5 or -3600.")
    }
  }

  func run() throws {
    var request = ProcessingRequest(inputs: inputs, output: output)
    request.caseID = caseID
    request.examiner = examiner
    request.authorityPath = authority
    request.isReference = reference
    request.jobs = jobs
    request.filter = filter
    for link in userLinks.compactMap({ Self.userLink($0) }) { request.userLinks[link.user] = link.linkType }
    request.expectPath = expect
    request.hashSetPaths = hashSets
    request.knownGoodPaths = knownGood
    request.rulePaths = rules
    request.receivedFrom = receivedFrom
    request.clockOffset = clockOffset
    request.validationPath = validation
    request.role = role
    request.signer = signing.open()
    request.arguments = SigningOptions.withheld(Array(CommandLine.arguments.dropFirst()))
    let progress = ProgressLine(isQuiet: quiet || json)
    do throws(ProcessingError) {
      var summary = try Supervisor(request, decoders: builtInDecoders).run(
        notice: { Console.error("exhibit: note: \($0)") }, progress: { progress.show($0) })
      if let signer = request.signer, !noSeal {
        progress.show(ProcessingProgress(stage: "sealing", done: 0, total: 0))
        seal(&summary, request, signer)
      }
      progress.end()
      print(summary)
      Stamp.complain(summary.stampProblem)
      if summary.isPartial { Console.exit(Console.Status.partial) }
    } catch {
      progress.end()
      Console.fail(error)
    }
  }

  /// Seals what was made. The bundle stays unsealed when that fails, with an event that says why.
  private func seal(_ summary: inout ProcessingSummary, _ request: ProcessingRequest, _ signer: Signer) {
    var options = Sealing.Options()
    options.authority = tsa
    do throws(ProcessingError) {
      let act = CustodyAct(
        tool: try RunningTool.event(), arguments: request.arguments, actor: request.examiner, role: request.role,
        signer: signer)
      do throws(CustodyError) {
        let outcome = try Sealing.seal(summary.bundle, by: act, options)
        summary.seal = outcome.seal.hex
        summary.stampProblem = outcome.stampProblem
      } catch { Console.fail(error) }
    } catch { Console.fail(error) }
  }

  private static func userLink(_ text: String) -> (user: Int, linkType: UInt16)? {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let user = Int(parts[0]), (0...15).contains(user), let linkType = UInt16(parts[1]) else {
      return nil
    }
    return (user, linkType)
  }

  private func print(_ summary: ProcessingSummary) {
    if json {
      Swift.print(summary.json)
    } else if !quiet {
      for line in summary.lines { Swift.print(Console.safe(line)) }
    }
  }
}
