import ArgumentParser
import Custody

/// Whether looking into a bundle is recorded in it. Commands that only look have these options.
struct AccessOptions: ParsableArguments {
  @Flag(help: "Add an event to the custody chain that says who looked; otherwise nothing is written.") var record =
    false
  @OptionGroup var actor: ActOptions

  /// Opens the key before anything is shown; nil when nothing is to be recorded.
  var act: CustodyAct? { record ? actor.act(isKeyNeeded: false) : nil }

  /// Records the access. Ends the program when that cannot be done.
  static func note(_ command: String, _ bundle: String, by act: CustodyAct?, exit: Int = 0) {
    guard let act else { return }
    do throws(CustodyError) { try Access.record(command, of: bundle, by: act, exit: exit) } catch {
      Console.fail(error)
    }
  }
}
