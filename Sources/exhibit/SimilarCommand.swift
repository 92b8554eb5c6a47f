import ArgumentParser
import EvidenceModel
import Processing

/// `exhibit similar`
struct SimilarCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "similar",
    abstract: "Lists the files of a bundle that are the same as a file, or like it.",
    discussion: """
      The file's fingerprints are compared with those of every artefact: SHA-256 (the same or not), ssdeep (a score from 0 to
      100) and TLSH (a distance; the smaller, the more alike). A picture is compared by what it looks like, too, also with
      originals that are pictures: PDQ, a distance up to 31 bits of 256. A likeness is a hint, no proof. Nothing is written
      into the bundle.

      Examples
        exhibit similar case.exhibit invoice.docx
        exhibit similar case.exhibit malware.bin --minimum 60 --json
        exhibit similar case.exhibit photograph.jpg
      """)

  @Argument(help: "The bundle.") var bundle: String
  @Argument(help: "The file that is compared with those in the bundle.") var file: String

  @Option(
    help: ArgumentHelp(
      "List files from this ssdeep score on, and up to a TLSH distance of 100 less it.", valueName: "n"))
  var minimum = 30

  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    guard (1...100).contains(minimum) else { throw ValidationError("--minimum takes a number from 1 to 100.") }
  }

  func run() throws {
    do throws(ProcessingError) {
      let similarity = try Similarity(of: file, in: bundle, minimum: minimum)
      if json {
        print(CanonicalJSON.text(.object(similarity.document)))
      } else {
        for line in similarity.lines { print(Console.safe(line)) }
      }
    } catch { Console.fail(error) }
  }
}
