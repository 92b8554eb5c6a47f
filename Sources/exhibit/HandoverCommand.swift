import ArgumentParser
import Custody
import EvidenceModel
import Signing

/// `exhibit custody handover`
struct HandoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "handover",
    abstract: "Signs that a physical exhibit went from one person to another.",
    discussion: """
      The giver signs with --key. With --taker-key the taker signs the same event too; their keys are on this computer for
      that moment, best on their tokens.

      Examples
        exhibit custody handover case.exhibit --exhibit E-1 --from A12 --to B77 --key a12.key --cert a12.pem
        exhibit custody handover case.exhibit --exhibit E-1 --from A12 --to B77 --key a12.key --cert a12.pem \\
          --taker-key 'pkcs11:token=B77;object=sign' --at 2026-01-06T09:00:00Z
      """)

  @OptionGroup var options: ExhibitOptions
  @Option(help: ArgumentHelp("Who gave it.", valueName: "name")) var from: String
  @Option(help: ArgumentHelp("Who took it.", valueName: "name")) var to: String
  @Option(
    help: ArgumentHelp("When, if not now (RFC 3339).", valueName: "time"), transform: StatedValue.time)
  var at: CaptureTime?

  @Option(help: ArgumentHelp("The taker's private key: a file, or a PKCS#11 URI.", valueName: "key"))
  var takerKey: String?
  @Option(help: ArgumentHelp("The taker's certificate, when it does not lie beside the key.", valueName: "file"))
  var takerCert: String?
  @Option(help: ArgumentHelp("Certificates of the authorities above it; may be repeated.", valueName: "file"))
  var takerChain: [String] = []
  @Option(help: ArgumentHelp("Read the taker's pass-phrase or PIN from this open file, by its number.", valueName: "n"))
  var takerPassFd: Int32?
  @Option(
    help: ArgumentHelp("Read the taker's pass-phrase or PIN from the first line of this file.", valueName: "file"))
  var takerPassFile: String?

  func validate() throws {
    if let takerKey { try SigningOptions.checkAddress(takerKey) }
    if takerKey == nil, takerCert != nil || !takerChain.isEmpty || takerPassFd != nil || takerPassFile != nil {
      throw ValidationError("--taker-cert, --taker-chain, --taker-pass-fd and --taker-pass-file go with --taker-key.")
    }
    guard takerPassFd == nil || takerPassFile == nil else {
      throw ValidationError("--taker-pass-fd and --taker-pass-file exclude each other.")
    }
    if let takerPassFd, takerPassFd < 0 {
      throw ValidationError("--taker-pass-fd takes the number of an open file.")
    }
    if takerKey != nil, options.who.signing.key == nil {
      throw ValidationError("The giver signs too: give --key.")
    }
  }

  func run() throws {
    options.record(.handover(from: from, to: to, at: at, taker: taker()), isKeyNeeded: true)
  }

  private func taker() -> Signer? {
    guard let takerKey else { return nil }
    var source = PassPhrase.prompt
    if let takerPassFd { source = .descriptor(takerPassFd) }
    if let takerPassFile { source = .file(takerPassFile) }
    do throws(SigningError) {
      return try Signer.load(key: takerKey, certificate: takerCert, chain: takerChain, passPhrase: source) {
        Console.error("exhibit: note: the taker's key: \($0)")
      }
    } catch { Console.fail(error) }
  }
}
