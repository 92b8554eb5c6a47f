import ArgumentParser
import BuiltInDecoders
import Custody
import EvidenceBundle
import EvidenceModel
import Foundation
import Processing
import Signing

/// `exhibit reproduce`
struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Makes a bundle's content again from the originals and compares every file.",
    discussion: """
      The originals in the bundle, or those found by their SHA-256 in --originals, are decoded again with the settings that
      stand in the bundle. Every file of records, every artefact and the account are compared by SHA-256 with the bundle's
      manifest. Nothing is written into the bundle. A receipt of the result is written beside it; with --key it is signed
      (CAdES, in a file of its own with .p7s at its end).

      Exit status 0 when everything is equal, 1 when something differs or an original is another, 4 when an original is
      not there. Another version of exhibit may come to other results: then what changed is listed, record by record.

      Examples
        exhibit reproduce case.exhibit
        exhibit reproduce case.exhibit --originals /media/recordings --receipt case.reproduced.json
        exhibit reproduce /media/cdrom/case.exhibit --no-receipt
      """)

  @Argument(help: "The bundle.") var bundle: String

  @Option(
    help: ArgumentHelp(
      "Look for the originals in this directory, by their SHA-256, and not in the bundle.", valueName: "directory"))
  var originals: String?

  @Option(
    name: .customLong("hash-set"),
    help: ArgumentHelp(
      "A set of hashes that the bundle's run used, of either kind; it is known by its SHA-256.", valueName: "file"))
  var hashSets: [String] = []

  @Option(
    name: .customLong("yara"),
    help: ArgumentHelp("YARA rules that the bundle's run used, known by their SHA-256.", valueName: "file"))
  var rules: [String] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Worker processes; the result does not depend on it.", valueName: "n"))
  var jobs: Int = ProcessInfo.processInfo.activeProcessorCount

  @Option(
    help: ArgumentHelp(
      "Where to put what is made, until it is compared (otherwise TMPDIR); it is removed.", valueName: "directory"))
  var scratch: String?

  @Option(
    help: ArgumentHelp(
      "Write the receipt to this new file, and not to BUNDLE.reproduced.json.", valueName: "file"))
  var receipt: String?

  @Flag(help: "Write no receipt.") var noReceipt = false

  @OptionGroup(title: "Signing") var signing: SigningOptions

  @Option(help: ArgumentHelp("What the signer is in this case.", valueName: "role"))
  var role = "examiner"

  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Print nothing but errors.") var quiet = false

  func validate() throws {
    guard jobs >= 1, jobs <= 256 else { throw ValidationError("--jobs takes a number from 1 to 256.") }
    guard receipt == nil || !noReceipt else { throw ValidationError("--receipt and --no-receipt exclude each other.") }
    guard signing.key == nil || !noReceipt else {
      throw ValidationError("--key signs the receipt, and --no-receipt writes none.")
    }
  }

  func run() throws {
    var request = ReproductionRequest(bundle: bundle)
    request.originals = originals
    request.hashSets = hashSets
    request.rules = rules
    request.jobs = jobs
    request.scratch = scratch
    let reproduction = Reproduction(request, decoders: builtInDecoders)
    let progress = ProgressLine(isQuiet: quiet || json)
    do throws(ProcessingError) {
      let place = try receiptPlace(reproduction)
      // Before the work: a wrong pass-phrase must not cost hours.
      let signer = signing.open()
      let result = try reproduction.run { progress.show($0) }
      progress.end()
      var document = result.document
      var failure: ProcessingError?
      if let place {
        if let signer { document.set("actor", .object(signer.actor(["role": .text(role)]))) }
        // What was found is said even when it cannot be written or signed.
        do throws(ProcessingError) {
          try ResultFile.write(document, to: place, by: signer)
          document.set("receipt", place)
          if signer != nil { document.set("signature", ResultFile.signaturePath(of: place)) }
        } catch { failure = error }
      }
      if json {
        print(CanonicalJSON.text(.object(document)))
      } else if !quiet {
        for line in result.lines { print(Console.safe(line)) }
        for name in ["receipt", "signature"] {
          if case .text(let path)? = document[name] { print("\(name): \(Console.safe(path))") }
        }
      }
      if let failure { throw failure }
      if !result.isSame { Console.exit(Console.Status.checkFailed) }
    } catch {
      progress.end()
      Console.fail(error)
    }
  }

  /// Where the receipt goes; nil when none is written.
  ///
  /// Beside a bundle on read-only media nothing can be written; then there is none, and a line says so. Who wants it
  /// signed wants it: then that is an error.
  private func receiptPlace(_ reproduction: Reproduction) throws(ProcessingError) -> String? {
    if noReceipt { return nil }
    let place = receipt ?? reproduction.receiptPath
    do throws(ProcessingError) {
      if let reason = EnclosingBundle.refusal(place) { throw ProcessingError(.usage, place, reason) }
      try ResultFile.check(place)
    } catch {
      guard receipt == nil, signing.key == nil else { throw error }
      Console.error("exhibit: note: \(place): \(error.message); no receipt is written, --receipt names another place")
      return nil
    }
    return place
  }
}
