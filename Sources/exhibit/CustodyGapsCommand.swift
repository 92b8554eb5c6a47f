import ArgumentParser
import Custody
import EvidenceModel

/// `exhibit custody gaps`
struct CustodyGapsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gaps",
    abstract: "Lists the times for which the chain cannot say who had something.",
    discussion: """
      A gap is an interval longer than --max between an offer of the bundle and its answer, or between what is known of an
      exhibit: handovers, seals, checks and the times that telemetry covers; and an exhibit that somebody handed on whom
      nobody gave it. Notes are changes of seal numbers and weights, anomalies, times that go backwards or had not come yet,
      and events of computers whose clock nothing kept set. Nothing is written.

      Exit status 0 when there is no gap, 1 when there is one; notes do not count.

      Examples
        exhibit custody gaps case.exhibit --max 30m
        exhibit custody gaps case.exhibit --max 2d --exhibit E-1 --json
      """)

  @Argument(help: "The bundle.") var bundle: String
  @Option(
    help: ArgumentHelp("How long an interval may be: 90s, 30m, 12h, 2d.", valueName: "time"),
    transform: StatedValue.length)
  var max: LengthOfTime
  @Option(help: ArgumentHelp("Look at this physical exhibit only.", valueName: "id")) var exhibit: String?
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let history = CustodyHistory(bundle)
    guard !history.isEmpty else {
      Console.fail(CustodyError(.input, bundle, "there is no custody chain; is this a bundle?"))
    }
    if let exhibit, !history.exhibits.contains(exhibit) {
      Console.fail(CustodyError(.checkFailed, bundle, "the chain knows no exhibit \(exhibit)"))
    }
    let found = CustodyGaps(history, longerThan: max, exhibit: exhibit, now: SystemClock.now)
    if json { print(CanonicalJSON.text(found.document)) } else { show(found) }
    if !found.gaps.isEmpty { Console.exit(Console.Status.checkFailed) }
  }

  private func show(_ found: CustodyGaps) {
    for (mark, entries) in [("GAP ", found.gaps), ("note", found.notes)] {
      for entry in entries {
        let subject = entry.exhibit.map { "exhibit \($0): " } ?? ""
        print("\(mark)  \(entry.kind.rawValue): \(Console.safe(subject + entry.words))")
        let line = [Self.interval(entry), entry.eventWords].filter { !$0.isEmpty }.joined(separator: "; ")
        if !line.isEmpty { print("        \(line)") }
      }
    }
    let count = found.gaps.count
    print(
      "\(Console.safe(bundle)): \(count == 0 ? "no" : String(count)) \(count == 1 ? "gap" : "gaps") longer than \(max.text)"
    )
  }

  static func interval(_ entry: CustodyGaps.Entry) -> String {
    guard let from = entry.from else { return "" }
    guard let until = entry.until else { return "from \(from)" }
    return "from \(from) until \(until)" + (entry.length.map { ", \($0.text)" } ?? "")
  }
}
