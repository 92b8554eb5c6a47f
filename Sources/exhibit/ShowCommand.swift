import ArgumentParser
import EvidenceBundle
import EvidenceModel
import Foundation
import Processing

/// `exhibit show`
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows one record, finding or artefact, and exports its packets.",
    discussion: """
      With --pcap the packets that the record comes from are written to a new capture, byte for byte as they stand in the
      original, so that Wireshark shows just them.

      Examples
        exhibit show case.exhibit R-000012
        exhibit show case.exhibit R-000012 --pcap call.pcap
      """)

  @Argument(help: "The bundle.") var bundle: String
  @Argument(help: "An identifier: R-000012, F-000003 or A-000007.") var id: String
  @Flag(help: "Print the record as it stands.") var json = false
  @Option(help: ArgumentHelp("Write the record's packets to this new file.", valueName: "file")) var pcap: String?
  @Option(help: ArgumentHelp("Where the originals lie that the bundle only refers to.", valueName: "directory"))
  var originals: String?

  @OptionGroup(title: "Recording") var access: AccessOptions

  func run() throws {
    Console.keepOutOfBundles(pcap)
    AccessOptions.note("show", bundle, by: access.act)
    do throws(BundleError) {
      guard let line = try find() else {
        Console.error("exhibit: \(bundle): there is no \(id)")
        Console.exit(Console.Status.checkFailed)
      }
      guard let fields = ValueReader.fields(line) else {
        throw BundleError(.malformed, bundle, "the record \(id) cannot be read")
      }
      if json {
        print(String(decoding: line, as: UTF8.self))
      } else {
        for text in RecordText.whole(fields) { print(text) }
      }
      if let pcap { try export(fields, to: pcap) }
    } catch { Console.fail(error) }
  }

  private func find() throws(BundleError) -> [UInt8]? {
    let mark = Array("\"id\":\"\(id)\"".utf8)
    for (_, file) in try RecordFile.files(inBundle: bundle) {
      for line in file where line.firstRange(of: mark) != nil {
        if case .text(id)? = ValueReader.fields(line)?["id"] { return line }
      }
    }
    return nil
  }

  private func export(_ fields: Fields, to path: String) throws(BundleError) {
    do throws(ProcessingError) {
      let count = try PacketExport(bundle: bundle, originals: originals).write(fields["provenance"], to: path)
      Console.error("\(path): \(count) packets")
    } catch { Console.fail(error) }
  }
}
