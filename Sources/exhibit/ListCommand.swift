import ArgumentParser
import EvidenceBundle
import EvidenceModel

/// `exhibit list`
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists what a bundle holds: its kinds of records, or the records of one kind.",
    discussion: """
      Examples
        exhibit list case.exhibit
        exhibit list case.exhibit http/transfer
        exhibit list case.exhibit finding --json
      """)

  @Argument(help: "The bundle.") var bundle: String
  @Argument(help: "A kind of record, such as sip/call; without it the kinds are listed.") var kind: String?
  @Flag(help: "Print each record as it stands: one JSON object a line.") var json = false

  @OptionGroup(title: "Recording") var access: AccessOptions

  func run() throws {
    AccessOptions.note("list", bundle, by: access.act)
    do throws(BundleError) {
      let files = try RecordFile.files(inBundle: bundle)
      guard let kind else { return listKinds(files) }
      let name = kind.split(separator: "/").joined(separator: "-")
      guard let file = files.first(where: { $0.name == name })?.file else {
        Console.error("exhibit: the bundle holds no records of the kind \(kind)")
        Console.exit(Console.Status.checkFailed)
      }
      for line in file { print(json ? String(decoding: line, as: UTF8.self) : RecordText.line(line)) }
    } catch { Console.fail(error) }
  }

  private func listKinds(_ files: [(name: String, file: RecordFile)]) {
    for (name, file) in files {
      var count = 0
      var first: Fields?
      for line in file {
        if count == 0 { first = ValueReader.fields(line) }
        count += 1
      }
      var kind = name
      if case .text(let text)? = first?["kind"] { kind = text }
      if json {
        print(CanonicalJSON.text(.object(["kind": .text(kind), "count": .integer(Int64(count))])))
      } else {
        print("\(count)\t\(Console.safe(kind))")
      }
    }
  }
}
