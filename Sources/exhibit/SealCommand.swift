import ArgumentParser
import Custody
import EvidenceModel
import Foundation
import Signing

/// Whose signatures are relied on. Commands that check a bundle have these options.
struct TrustOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Certificates whose word is relied on for who signed; from elsewhere, never from the bundle. May be repeated.",
      valueName: "pem"))
  var trust: [String] = []
  @Option(help: ArgumentHelp("Revocation lists of those authorities; may be repeated.", valueName: "file"))
  var crl: [String] = []

  /// Ends the program when a file cannot be used.
  var store: TrustStore {
    do throws(SigningError) { return try TrustStore.load(trusted: trust, revocationLists: crl) } catch {
      Console.fail(error)
    }
  }

  /// The revocation lists in DER.
  var revocationLists: [[UInt8]] {
    do throws(SigningError) { return try TrustStore.revocationLists(crl) } catch { Console.fail(error) }
  }
}

/// `exhibit seal`
struct SealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal", abstract: "Seals a bundle: binds all of it to one signed text.",
    discussion: """
      Reads every byte again, proves the SHA-256 lists and writes SHA-512 lists beside them, and a tree of all items.

      Examples:
        exhibit seal case.exhibit --key a12.key --cert a12.pem
        exhibit seal case.exhibit --key a12.key --cert a12.pem --tsa http://tsa.example/tsr
        exhibit seal case.exhibit --key a12.key --cert a12.pem --order 2026-LI-42 \\
          --order-expired 2026-02-01T00:00:00Z --explanation "the capture came by post"
      """)

  @Argument(help: "The bundle.") var bundle: String
  @OptionGroup var actor: ActOptions
  @Option(help: ArgumentHelp("The reference of the order or warrant.", valueName: "reference")) var order: String?
  @Option(help: ArgumentHelp("When the order expired: RFC 3339.", valueName: "time")) var orderExpired: String?
  @Option(
    help: ArgumentHelp(
      "Why it is sealed later than 24 hours after the order expired, or after the run.", valueName: "text"))
  var explanation: String?
  @Option(help: ArgumentHelp("Ask this time-stamping authority (RFC 3161) over HTTP.", valueName: "url"))
  var tsa: String?
  @OptionGroup(title: "Trust") var trust: TrustOptions
  @Flag(name: .shortAndLong, help: "Print nothing.") var quiet = false

  func run() throws {
    var options = Sealing.Options()
    options.order = order
    if let orderExpired {
      guard let time = CaptureTime(rfc3339: orderExpired) else {
        Console.error("exhibit: --order-expired \(orderExpired): that is no time as RFC 3339 has it")
        Console.exit(Console.Status.usage)
      }
      options.orderExpired = time
    }
    options.explanation = explanation
    options.authority = tsa
    options.trust = trust.store
    options.revocationLists = trust.revocationLists
    let act = actor.act(isKeyNeeded: true)
    do throws(CustodyError) { Self.show(bundle, try Sealing.seal(bundle, by: act, options), quiet: quiet) } catch {
      Console.fail(error)
    }
  }

  /// Prints what came of a seal, and ends with status 3 when its time-stamp is missing.
  static func show(_ bundle: String, _ outcome: Sealing.Outcome, quiet: Bool) {
    if !quiet {
      print("\(Console.safe(bundle)): sealed, \(outcome.itemCount) items")
      print("SHA-256 of seal/seal.txt: \(outcome.seal.hex)")
      if let time = outcome.time { print("time-stamped at \(time.description.prefix(19))Z") }
    }
    Stamp.complain(outcome.stampProblem)
  }
}

/// What commands say of time-stamps.
enum Stamp {
  /// Ends with status 3 when a time-stamp was asked for and none came.
  static func complain(_ problem: String?) {
    guard let problem else { return }
    Console.error("exhibit: no time-stamp: \(problem); exhibit timestamp request and attach add one")
    Console.exit(Console.Status.partial)
  }
}

/// `exhibit cosign`
struct CosignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cosign", abstract: "Adds a second person's signature to a seal: another examiner, a judge.")

  @Argument(help: "The bundle.") var bundle: String
  @OptionGroup var actor: ActOptions
  @OptionGroup(title: "Trust") var trust: TrustOptions

  func run() throws {
    let (store, lists) = (trust.store, trust.revocationLists)
    let act = actor.act(isKeyNeeded: true)
    do throws(CustodyError) {
      let seal = try Cosigning.cosign(bundle, by: act, trust: store, revocationLists: lists)
      print("\(Console.safe(bundle)): the seal \(seal.hex) has one signature more")
    } catch { Console.fail(error) }
  }
}

/// `exhibit renew`
struct RenewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract:
      "Renews what vouches for a sealed bundle, before a time-stamping authority's certificate or an algorithm ends.")

  @Argument(help: "The bundle.") var bundle: String
  @OptionGroup var actor: ActOptions
  @Option(help: ArgumentHelp("Ask this time-stamping authority (RFC 3161) over HTTP.", valueName: "url"))
  var tsa: String?
  @OptionGroup(title: "Trust") var trust: TrustOptions

  func run() throws {
    let store = trust.store
    let act = actor.act(isKeyNeeded: true)
    do throws(CustodyError) {
      let outcome = try Renewal.renew(bundle, by: act, authority: tsa, trust: store)
      print("\(Console.safe(bundle)): renewed: \(outcome.list)")
      if let time = outcome.time { print("time-stamped at \(time.description.prefix(19))Z") }
      Stamp.complain(outcome.stampProblem)
    } catch { Console.fail(error) }
  }
}
