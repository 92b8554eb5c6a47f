import ArgumentParser
import Custody
import EvidenceModel

/// The bundle and the physical exhibit of an event, and who records it.
struct ExhibitOptions: ParsableArguments {
  @Argument(help: "The bundle in whose chain it is recorded.") var bundle: String
  @Option(help: ArgumentHelp("The physical exhibit, as this case calls it.", valueName: "id")) var exhibit: String
  @OptionGroup var who: ActOptions

  func validate() throws {
    if who.examiner == nil, who.signing.key == nil {
      throw ValidationError("Say who does this: --examiner, or --key to sign.")
    }
  }

  /// Records it, prints the event's number, and ends the program when it cannot be done.
  func record(_ occurrence: ExhibitEvent.Occurrence, isKeyNeeded: Bool = false) {
    do throws(CustodyError) {
      // Checked before anybody is asked for a pass-phrase.
      let event = try ExhibitEvent(exhibit, occurrence)
      Console.show(try event.record(in: bundle, by: who.act(isKeyNeeded: isKeyNeeded)), "\(bundle): exhibit \(exhibit)")
    } catch { Console.fail(error) }
  }
}

extension CustodyCommand {
  /// `exhibit custody seal-number`
  struct SealNumber: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "seal-number",
      abstract: "Records the number of the seal that a physical exhibit has now.",
      discussion: """
        Example
          exhibit custody seal-number case.exhibit --exhibit E-1 --number 004711 --photo seal.jpg --examiner A12
        """)

    @OptionGroup var options: ExhibitOptions
    @Option(help: ArgumentHelp("The number on the seal.", valueName: "text")) var number: String
    @Option(help: ArgumentHelp("A photograph of it, named by its SHA-256.", valueName: "file")) var photo: String?

    func run() throws { options.record(.seal(number: number, photo: photo)) }
  }

  /// `exhibit custody waypoint`
  struct Waypoint: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "waypoint",
      abstract: "Records for which time telemetry shows where a physical exhibit was.",
      discussion: """
        The file is named by its SHA-256 and its size, and stays where it is: keep it.

        Example
          exhibit custody waypoint case.exhibit --exhibit E-1 --telemetry gps.csv --from 2026-01-06T09:00:00Z \\
            --to 2026-01-06T09:30:00Z --position "on the road to Lyon" --examiner A12
        """)

    @OptionGroup var options: ExhibitOptions
    @Option(help: ArgumentHelp("The recording of a position or of a seal's sensor.", valueName: "file"))
    var telemetry: String
    @Option(help: ArgumentHelp("When it begins (RFC 3339).", valueName: "time"), transform: StatedValue.time)
    var from: CaptureTime
    @Option(help: ArgumentHelp("When it ends (RFC 3339).", valueName: "time"), transform: StatedValue.time)
    var to: CaptureTime
    @Option(help: ArgumentHelp("Where it was, in words or coordinates.", valueName: "text")) var position: String?

    func run() throws {
      options.record(.waypoint(telemetry: telemetry, from: from, until: to, position: position))
    }
  }

  /// `exhibit custody check`
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Records that somebody looked at a physical exhibit, and what they found.",
      discussion: """
        Example
          exhibit custody check case.exhibit --exhibit E-1 --weight 1250.5 --photo scale.jpg --examiner A12
        """)

    @OptionGroup var options: ExhibitOptions
    @Option(help: ArgumentHelp("What it weighs.", valueName: "grams"), transform: StatedValue.weight)
    var weight: Weight?
    @Option(help: ArgumentHelp("A photograph, named by its SHA-256.", valueName: "file")) var photo: String?
    @Option(help: ArgumentHelp("What there is to say.", valueName: "text")) var note: String?

    func run() throws { options.record(.check(weight: weight, photo: photo, note: note)) }
  }

  /// `exhibit custody anomaly`
  struct Anomaly: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "anomaly",
      abstract: "Records that something about a physical exhibit is not as it should be.",
      discussion: """
        Example
          exhibit custody anomaly case.exhibit --exhibit E-1 --note "the bag was open" --examiner A12
        """)

    @OptionGroup var options: ExhibitOptions
    @Option(help: ArgumentHelp("What is not as it should be.", valueName: "text")) var note: String

    func run() throws { options.record(.anomaly(note: note)) }
  }
}
