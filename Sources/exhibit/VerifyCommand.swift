import ArgumentParser
import Custody
import EvidenceBundle
import EvidenceModel
import Foundation

/// `exhibit verify`
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks a bundle and names every check.",
    discussion: """
      Exit status 0 when every check passed, 1 when one failed. Nothing is written into the bundle. An unsealed bundle can
      be rewritten whole by whoever holds it: keep a receipt elsewhere (--receipt) and compare later (--against).

      Examples
        exhibit verify case.exhibit
        exhibit verify case.exhibit --receipt case.receipt.json
        exhibit verify case.exhibit --against case.receipt.json
        exhibit verify case.exhibit --trust agency-ca.pem --crl agency.crl
      """)

  @Argument(help: "The bundle.") var bundle: String
  @Option(help: ArgumentHelp("A receipt that was taken of this bundle earlier.", valueName: "file")) var against:
    String?
  @Option(help: ArgumentHelp("Write a receipt to this new file, when all checks pass.", valueName: "file"))
  var receipt: String?
  @OptionGroup(title: "Trust") var trusted: TrustOptions
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Print only what failed.") var quiet = false

  @OptionGroup(title: "Recording") var access: AccessOptions

  func run() throws {
    Console.keepOutOfBundles(receipt)
    let act = access.act
    var isDirectory: ObjCBool = false
    // Safe: the flag is a variable of ours.
    guard unsafe FileManager.default.fileExists(atPath: bundle, isDirectory: &isDirectory), isDirectory.boolValue else {
      Console.error("exhibit: \(bundle): there is no bundle here")
      Console.exit(Console.Status.input)
    }
    var known: Receipt?
    if let against {
      known = Receipt(path: against)
      guard known != nil else {
        Console.error("exhibit: \(against): this is no receipt")
        Console.exit(Console.Status.input)
      }
    }
    let checks = BundleVerifier.verify(bundle, against: known, trust: trusted.store)
    let failed = checks.filter { $0.verdict == .failed }
    if json { print(CanonicalJSON.text(value(checks))) } else { show(checks, failed.count) }
    AccessOptions.note("verify", bundle, by: act, exit: failed.isEmpty ? 0 : Int(Console.Status.checkFailed))
    guard failed.isEmpty else { Console.exit(Console.Status.checkFailed) }
    if let receipt { try writeReceipt(receipt) }
  }

  private func writeReceipt(_ path: String) throws {
    guard let taken = Receipt.take(of: bundle), (try? BundleWriter.write(taken.bytes, to: path)) != nil else {
      Console.error("exhibit: \(path): the receipt could not be written, or the file exists")
      Console.exit(Console.Status.output)
    }
  }

  private func show(_ checks: [BundleVerifier.Check], _ failures: Int) {
    for check in checks where !quiet || check.verdict == .failed {
      let mark =
        switch check.verdict {
        case .passed: "ok  "
        case .failed: "FAIL"
        case .notApplicable: "--  "
        }
      print("\(mark)  \(check.name): \(check.words)")
      for detail in check.details { print("        \(Console.safe(detail))") }
    }
    if !quiet || failures > 0 {
      print(failures == 0 ? "\(bundle): verified" : "\(bundle): \(failures) of \(checks.count) checks failed")
    }
  }

  private func value(_ checks: [BundleVerifier.Check]) -> Value {
    .object([
      "bundle": .text(bundle), "verified": .boolean(!checks.contains { $0.verdict == .failed }),
      "checks": .list(
        checks.map {
          .object([
            "name": .text($0.name), "what": .text($0.words), "verdict": .text($0.verdict.rawValue),
            "details": .list($0.details.map { .text($0) }),
          ])
        }),
    ])
  }
}
