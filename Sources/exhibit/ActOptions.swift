import ArgumentParser
import Custody
import EvidenceModel
import Foundation
import Processing
import Signing

/// Who changes a bundle. Every command that does has these options.
struct ActOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who does this, as the custody chain names them (default: as the certificate).", valueName: "name"))
  var examiner: String?

  @Option(help: ArgumentHelp("What they are in this case.", valueName: "role"))
  var role = "examiner"

  @OptionGroup(title: "Signing") var signing: SigningOptions

  /// The act, with its key opened. Ends the program when the key cannot be used, or is needed and not given.
  func act(isKeyNeeded: Bool) -> CustodyAct {
    if isKeyNeeded, signing.key == nil {
      Console.error("exhibit: this is signed: give --key and --cert (exhibit key new makes a key for practice)")
      Console.exit(Console.Status.usage)
    }
    let signer: Signer?
    do throws(SigningError) { signer = try signing.signer() } catch { Console.fail(error) }
    let tool: Value
    do throws(ProcessingError) { tool = try RunningTool.event() } catch { Console.fail(error) }
    return CustodyAct(
      tool: tool, arguments: SigningOptions.withheld(Array(CommandLine.arguments.dropFirst())), actor: examiner,
      role: role, signer: signer)
  }
}

extension Console {
  /// Prints why a bundle could not be changed, and ends.
  static func fail(_ error: CustodyError) -> Never {
    let subject = error.path.isEmpty ? "" : "\(safe(error.path)): "
    Console.error("exhibit: \(subject)\(error.message)")
    exit(Int32(error.code.rawValue))
  }
}
