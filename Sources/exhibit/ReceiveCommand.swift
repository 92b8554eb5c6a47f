import ArgumentParser
import Custody

/// `exhibit receive`, which is also `exhibit transfer receive`
struct ReceiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Checks a bundle that was offered, and signs that it was received or refused.",
    discussion: """
      Every byte is read and every check made, as verify does. When one fails, or when nothing was offered, the chain gets an
      event that says so, and the exit status is 1. Otherwise it gets the acceptance, and a receipt with its signature is
      written for the giver, who compares with it later: exhibit verify --against RECEIPT.

      Examples
        exhibit receive case.exhibit --key b77.key --cert b77.pem
        exhibit receive case.exhibit --key b77.key --cert b77.pem --trust agency-ca.pem --receipt for-a12.json
      """)

  @Argument(help: "The bundle.") var bundle: String
  @Option(help: ArgumentHelp("A receipt that was taken of this bundle earlier.", valueName: "file")) var against:
    String?
  @Option(
    help: ArgumentHelp(
      "Write the receipt to this new file, and not to BUNDLE.received.json; its signature to FILE.p7s.",
      valueName: "file"))
  var receipt: String?
  @OptionGroup var who: ActOptions
  @OptionGroup(title: "Trust") var trusted: TrustOptions

  func run() throws {
    let place = ReceiptPlace(receipt, for: bundle)
    var known: Receipt?
    if let against {
      known = Receipt(path: against)
      guard known != nil else { Console.fail(CustodyError(.input, against, "this is no receipt")) }
    }
    let store = trusted.store
    let act = who.act(isKeyNeeded: true)
    do throws(CustodyError) {
      switch try Transfer.receive(bundle, by: act, against: known, trust: store) {
      case .accepted(let event, let receipt):
        place.write(receipt, by: act.signer)
        Console.show(event, "\(bundle): received")
        print("receipt for the giver: \(Console.safe(place.path))")
      case .refused(let event, let reasons):
        for reason in reasons { Console.error("exhibit: \(Console.safe(reason))") }
        Console.show(event, "\(bundle): refused")
        Console.exit(Console.Status.checkFailed)
      }
    } catch { Console.fail(error) }
  }
}
