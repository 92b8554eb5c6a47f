import ArgumentParser
import EvidenceBundle
import EvidenceModel
import Foundation

/// `exhibit custody`
struct CustodyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "custody", abstract: "Lists the events of a bundle's custody chain.")

  @Argument(help: "The bundle.") var bundle: String
  @Flag(help: "Print each event as it stands: one JSON object a line.") var json = false

  func run() throws {
    let directory = "\(bundle)/\(BundleLayout.custody)"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
      Console.fail(BundleError(.malformed, directory, "there is no custody chain; is this a bundle?"))
    }
    for name in names.sorted() where name.hasSuffix(".json") {
      let bytes = [UInt8](FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data())
      guard !json, let fields = ValueReader.fields(bytes) else {
        print(String(decoding: bytes, as: UTF8.self))
        continue
      }
      var actor = ""
      if case .object(let who)? = fields["actor"] { actor = "  " + RecordText.text(who["id"]) }
      print(
        "\(RecordText.text(fields["seq"]))  \(RecordText.text(fields["time"]))  \(RecordText.text(fields["type"]))\(actor)"
      )
    }
  }
}
