import ArgumentParser
import Custody
import EvidenceBundle
import EvidenceModel
import Foundation
import Signing

/// `exhibit timestamp`
struct TimestampCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "timestamp", abstract: "Time-stamps for a laboratory without a network (RFC 3161).",
    discussion: """
      Examples:
        exhibit timestamp request case.exhibit --output case.tsq
        curl -H 'Content-Type: application/timestamp-query' --data-binary @case.tsq -o case.tsr http://tsa.example/tsr
        exhibit timestamp attach case.exhibit case.tsr --request case.tsq --trust tsa-ca.pem
      """, subcommands: [Request.self, Attach.self])

  /// `exhibit timestamp request`
  struct Request: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a request over the newest renewal, or over the seal; the bundle stays as it is.")

    @Argument(help: "The bundle.") var bundle: String
    @Option(name: .shortAndLong, help: ArgumentHelp("The new file.", valueName: "file")) var output: String
    @Option(help: ArgumentHelp("Over the renewal of this number.", valueName: "n")) var renewal: Int?

    func validate() throws {
      if let renewal, !(1...999).contains(renewal) { throw ValidationError("--renewal is a number from 1 to 999.") }
    }

    func run() throws {
      Console.keepOutOfBundles(output)
      do throws(CustodyError) {
        let (text, bytes) = try TimeStamping.request(bundle, renewal: renewal)
        do throws(BundleError) { try BundleWriter.write(bytes, to: output) } catch { Console.fail(error) }
        print("\(Console.safe(output)): a request over \(text)")
      } catch { Console.fail(error) }
    }
  }

  /// `exhibit timestamp attach`
  struct Attach: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Puts an authority's answer beside the seal or renewal that it is over.")

    @Argument(help: "The bundle.") var bundle: String
    @Argument(help: "The authority's answer.") var answer: String
    @Option(help: ArgumentHelp("The request, to be kept beside it.", valueName: "file")) var request: String?
    @OptionGroup var actor: ActOptions
    @OptionGroup(title: "Trust") var trust: TrustOptions

    func run() throws {
      let (stamp, asked) = (Self.read(answer), request.map(Self.read))
      let store = trust.store
      let act = actor.act(isKeyNeeded: false)
      do throws(CustodyError) {
        let attached = try TimeStamping.attach(stamp, request: asked, to: bundle, by: act, trust: store)
        print("\(Console.safe(bundle)): \(attached.text) time-stamped at \(attached.time.description.prefix(19))Z")
        if attached.verdict.word != .valid {
          Console.error("exhibit: note: \(attached.verdict.word.rawValue): \(attached.verdict.reason)")
        }
      } catch { Console.fail(error) }
    }

    private static func read(_ path: String) -> [UInt8] {
      guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= TimeStamp.maximumBytes else {
        Console.error("exhibit: \(Console.safe(path)): it cannot be read, or is larger than a time-stamp can be")
        Console.exit(Console.Status.input)
      }
      return [UInt8](bytes)
    }
  }
}
