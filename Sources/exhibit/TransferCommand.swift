import ArgumentParser
import Custody

/// `exhibit transfer`
struct TransferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer",
    abstract: "Hands a bundle over: one offers it, the other checks and receives it.",
    discussion: """
      The giver signs an offer. The receiver checks every byte and signs that it was accepted, or that it was refused and
      why. The receiver's receipt goes back to the giver. docs/custody.md tells more.

      Examples
        exhibit transfer offer case.exhibit --to B77 --key a12.key --cert a12.pem
        exhibit transfer receive case.exhibit --key b77.key --cert b77.pem --trust agency-ca.pem
      """,
    subcommands: [Offer.self, ReceiveCommand.self])

  /// `exhibit transfer offer`
  struct Offer: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "offer",
      abstract: "Signs that a bundle is offered to somebody.",
      discussion: """
        Until it is accepted, whoever offers it has the bundle. A later offer takes the place of one that nobody answered.

        Example
          exhibit transfer offer case.exhibit --to B77 --key a12.key --cert a12.pem
        """)

    @Argument(help: "The bundle.") var bundle: String
    @Option(help: ArgumentHelp("To whom, as they call themselves in the chain.", valueName: "name")) var to: String
    @OptionGroup var who: ActOptions

    func run() throws {
      let act = who.act(isKeyNeeded: true)
      do throws(CustodyError) {
        Console.show(try Transfer.offer(bundle, to: to, by: act), "\(bundle): offered to \(to)")
      } catch { Console.fail(error) }
    }
  }
}

extension Console {
  /// Prints what was done and by which event, and its warnings on standard error.
  static func show(_ event: RecordedEvent, _ text: String) {
    for warning in event.warnings { error("exhibit: warning: \(safe(warning))") }
    print("\(safe(text)) (event \(event.number), \(event.type))")
  }
}
