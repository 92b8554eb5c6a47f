import ArgumentParser
import Foundation
import Signing

/// Where the pass-phrase of a key comes from. Every command that opens a key has these options.
struct PassPhraseOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Read the pass-phrase or PIN from this open file, by its number.", valueName: "n"))
  var passFd: Int32?

  @Option(help: ArgumentHelp("Read the pass-phrase or PIN from the first line of this file.", valueName: "file"))
  var passFile: String?

  // Options that people try: they must not be taken for something else, and their values must not be echoed.
  @Option(
    name: NameSpecification(CommandLineSecrets.mistakenNames.map { .customLong($0) }),
    parsing: .unconditionalSingleValue, help: .hidden)
  var mistaken: [String] = []

  func validate() throws {
    guard mistaken.isEmpty else {
      throw ValidationError(
        "A pass-phrase or PIN is never an argument, which others can read: use --pass-fd, --pass-file or the prompt.")
    }
    if let passFd, passFd < 0 { throw ValidationError("--pass-fd takes the number of an open file.") }
    guard passFd == nil || passFile == nil else {
      throw ValidationError("--pass-fd and --pass-file exclude each other.")
    }
  }

  var source: PassPhrase {
    if let passFd { return .descriptor(passFd) }
    if let passFile { return .file(passFile) }
    return .prompt
  }
}

/// Who signs. Every command that signs has these options.
struct SigningOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Sign with this private key: a file, or a PKCS#11 URI for a token (pkcs11:token=...;object=...).",
      valueName: "key"))
  var key: String?

  @Option(help: ArgumentHelp("The signer's certificate, when it does not lie beside the key.", valueName: "file"))
  var cert: String?

  @Option(help: ArgumentHelp("Certificates of the authorities above it; may be repeated.", valueName: "file"))
  var chain: [String] = []

  @OptionGroup var passPhrase: PassPhraseOptions

  func validate() throws {
    if let key { try Self.checkAddress(key) }
    if key == nil, cert != nil || !chain.isEmpty || passPhrase.source != .prompt {
      throw ValidationError("--cert, --chain, --pass-fd and --pass-file go with --key.")
    }
  }

  /// Refuses a key's URI that holds a PIN: that is wrong usage, and the PIN is not echoed.
  static func checkAddress(_ key: String) throws {
    if TokenAddress.isOne(key), TokenAddress.holdsPIN(key) {
      throw ValidationError(
        "A PIN never stands in a PKCS#11 URI, nor where to find it: use --pass-fd, --pass-file or the prompt.")
    }
  }

  /// The signer; nil without --key. Throws what `Console.fail` shows.
  func signer() throws(SigningError) -> Signer? {
    guard let key else { return nil }
    return try Signer.load(key: key, certificate: cert, chain: chain, passPhrase: passPhrase.source) {
      Console.error("exhibit: note: \($0)")
    }
  }

  /// The signer, nil without --key; ends the program when the key or the certificate cannot be used.
  func open() -> Signer? {
    do throws(SigningError) { return try signer() } catch { Console.fail(error) }
  }

  /// A command line as it may be recorded, with PINs and what was mistaken for a pass-phrase option withheld.
  static func withheld(_ arguments: [String]) -> [String] { CommandLineSecrets.withheld(arguments) }
}

extension Console {
  /// Prints what is wrong with a key, a certificate or a signature, and ends.
  static func fail(_ error: SigningError) -> Never {
    Console.error("exhibit: \(safe(error.description))")
    exit(error.code == .output ? Status.output : Status.input)
  }
}
