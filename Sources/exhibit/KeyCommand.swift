import ArgumentParser
import EvidenceModel
import Foundation
import Signing

/// `exhibit key`
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Makes and shows keys, certificate requests and practice certificates.",
    discussion: """
      A real certificate comes from the agency's certification authority or a qualified trust service: make a key and a
      request, send the request, and sign with what comes back. A self-signed certificate is for practice only, and says
      so. docs/keys.md tells more.

      Examples
        exhibit key new --output a12.key --name A12 --organisation "Unit 7" --request a12.csr
        exhibit key new --output try.key --name "Trial" --certificate try.pem
        exhibit key show --key a12.key --cert a12.pem
        exhibit key show --key 'pkcs11:token=Unit%207;object=A12'
      """,
    subcommands: [New.self, Request.self, SelfSign.self, Show.self])

  /// Whose name a request or certificate carries.
  struct HolderOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The holder's name, which may be a pseudonym (CN).", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The holder's organisation (O).", valueName: "name"))
    var organisation: String?

    func validate() throws {
      for text in [name, organisation].compactMap({ $0 }) {
        guard (1...Certification.longestName).contains(text.unicodeScalars.count) else {
          throw ValidationError("A name has 1 to \(Certification.longestName) characters.")
        }
      }
    }
  }

  /// How long a practice certificate is valid.
  struct ValidityOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Days for which a practice certificate is valid, 1 to 3650.", valueName: "n"))
    var days: Int = 365

    func validate() throws {
      guard (1...3650).contains(days) else { throw ValidationError("--days takes a number from 1 to 3650.") }
    }
  }

  /// The key that a request or a certificate is made for.
  struct OpenOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The private key: a file, or a PKCS#11 URI.", valueName: "key"))
    var key: String

    @OptionGroup var passPhrase: PassPhraseOptions

    func validate() throws { try SigningOptions.checkAddress(key) }

    func open() throws(SigningError) -> OpenedKey {
      let opened = try OpenedKey(key, passPhrase.source)
      for text in opened.warnings { Console.error("exhibit: note: \(text)") }
      return opened
    }
  }

  /// `exhibit key new`
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new",
      abstract: "Makes a key, encrypted with a pass-phrase, and what goes with it.",
      discussion: """
        No file is overwritten, and when one cannot be written none is left.

        Examples
          exhibit key new --output a12.key --name A12 --request a12.csr
          exhibit key new --output try.key --name "Trial" --certificate try.pem --pass-file secret.txt
        """)

    @Option(name: .shortAndLong, help: ArgumentHelp("The new key's file; it must not exist.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("p256, p384, rsa3072 or rsa4096.", valueName: "type"))
    var type = KeyKind.p256.rawValue

    @OptionGroup var holder: HolderOptions
    @OptionGroup var validity: ValidityOptions

    @Option(help: ArgumentHelp("Write a self-signed practice certificate to this new file.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("Write a certificate request (PKCS#10) to this new file.", valueName: "file"))
    var request: String?

    @OptionGroup var passPhrase: PassPhraseOptions

    @Flag(help: "Leave the key unencrypted: whoever reads the file can sign with it.")
    var noPassPhrase = false

    func validate() throws {
      guard holder.name != nil || (certificate == nil && request == nil) else {
        throw ValidationError("--certificate and --request need --name.")
      }
      guard KeyKind(rawValue: type) != nil else {
        throw ValidationError("--type takes p256, p384, rsa3072 or rsa4096.")
      }
      guard !noPassPhrase || passPhrase.source == .prompt else {
        throw ValidationError("--no-pass-phrase excludes --pass-fd and --pass-file.")
      }
    }

    func run() throws {
      Console.keepOutOfBundles(output, certificate, request)
      do throws(SigningError) {
        for path in [output, certificate, request].compactMap({ $0 })
        where FileManager.default.fileExists(atPath: path) {
          throw SigningError(.output, path, "it exists already")
        }
        let key = try NewKey(KeyKind(rawValue: type) ?? .p256)
        var files = NewFiles()
        if noPassPhrase {
          files.add(secret: key.unprotectedFile(), output)
        } else {
          files.add(secret: try key.file(try passPhrase.source.choose(for: output), subject: output), output)
        }
        if let certificate, let name = holder.name {
          let file = try key.certification.practiceCertificate(
            name: name, organisation: holder.organisation, days: validity.days)
          files.add(file, certificate)
        }
        if let request, let name = holder.name {
          files.add(try key.certification.request(name: name, organisation: holder.organisation), request)
        }
        try files.write()
      } catch { Console.fail(error) }
    }
  }

  /// `exhibit key request`
  struct Request: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "request",
      abstract: "Writes a certificate request (PKCS#10) for a key.",
      discussion: """
        Examples
          exhibit key request --key a12.key --name A12 --organisation "Unit 7" --output a12.csr
          exhibit key request --key 'pkcs11:token=Unit%207;object=A12' --name A12 --output a12.csr
        """)

    @OptionGroup var opening: OpenOptions
    @OptionGroup var holder: HolderOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("The request's file; it must not exist.", valueName: "file"))
    var output: String

    func validate() throws {
      guard holder.name != nil else { throw ValidationError("--name is missing.") }
    }

    func run() throws {
      Console.keepOutOfBundles(output)
      let name = holder.name ?? ""
      do throws(SigningError) {
        var files = NewFiles()
        let certification = try Certification(try opening.open())
        files.add(try certification.request(name: name, organisation: holder.organisation), output)
        try files.write()
      } catch { Console.fail(error) }
    }
  }

  /// `exhibit key self-sign`
  struct SelfSign: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "self-sign",
      abstract: "Writes a self-signed practice certificate for a key.",
      discussion: """
        Nobody vouches for such a certificate. Its OU says "\(Certification.practiceMark)".

        Examples
          exhibit key self-sign --key try.key --name "Trial" --output try.pem --days 30
        """)

    @OptionGroup var opening: OpenOptions
    @OptionGroup var holder: HolderOptions
    @OptionGroup var validity: ValidityOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("The certificate's file; it must not exist.", valueName: "file"))
    var output: String

    func validate() throws {
      guard holder.name != nil else { throw ValidationError("--name is missing.") }
    }

    func run() throws {
      Console.keepOutOfBundles(output)
      let name = holder.name ?? ""
      do throws(SigningError) {
        var files = NewFiles()
        let certification = try Certification(try opening.open())
        let file = try certification.practiceCertificate(
          name: name, organisation: holder.organisation, days: validity.days)
        files.add(file, output)
        try files.write()
      } catch { Console.fail(error) }
    }
  }

  /// `exhibit key show`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Shows what a key is and whose certificate it has.",
      discussion: """
        The key is opened, and the certificate has to be for it. Nothing of the key itself is shown.

        Examples
          exhibit key show --key a12.key --cert a12.pem
          exhibit key show --key a12.p12 --json
        """)

    @OptionGroup var opening: OpenOptions

    @Option(help: ArgumentHelp("The certificate, when it does not lie beside the key.", valueName: "file"))
    var cert: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      do throws(SigningError) {
        let opened = try opening.open()
        let certificate = try opened.ownCertificate(in: cert)
        var rows: [(name: String, label: String, value: String)] = [
          ("place", "key", opened.place), ("algorithm", "algorithm", opened.key.algorithm.rawValue),
        ]
        if let hash = opened.publicKeyHash { rows.append(("publicKeySHA256", "public key SHA-256", hash)) }
        var whose: [(name: String, label: String, value: String)] = []
        if let certificate {
          whose = [
            ("sha256", "certificate SHA-256", certificate.hash), ("subject", "subject", certificate.subject),
            ("issuer", "issuer", certificate.issuer), ("serial", "serial number", certificate.serial),
            ("notBefore", "valid from", CertificateSummary.text(certificate.notBefore)),
            ("notAfter", "valid until", CertificateSummary.text(certificate.notAfter)),
          ]
          if let text = certificate.validityWarning(at: Date()) { Console.error("exhibit: note: \(text)") }
        }
        if json {
          var fields: Fields = [:]
          for row in rows { fields.set(row.name, row.value) }
          var certificate: Fields = [:]
          for row in whose { certificate.set(row.name, row.value) }
          if !whose.isEmpty { fields.set("certificate", .object(certificate)) }
          print(CanonicalJSON.text(.object(fields)))
        } else {
          for row in rows + whose { print("\(row.label): \(Console.safe(row.value))") }
          if whose.isEmpty { print("certificate: none") }
          if certificate?.isSelfIssued == true { print("self-signed: nobody else vouches for it") }
        }
      } catch { Console.fail(error) }
    }
  }
}
