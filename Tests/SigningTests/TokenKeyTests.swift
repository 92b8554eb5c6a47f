import Foundation
import Signing
import TestSupport
import Testing

/// Keys on a token of SoftHSM's, made by OpenSC's pkcs11-tool and judged by openssl.
///
/// SoftHSM finds its token by an environment variable, which is set once and before anything is loaded.
@Suite(.serialized) struct TokenKeyTests {
  let workshop = KeyWorkshop()

  /// The token's folder, kept for all tests; nil, with a notice, when the programs are not installed.
  private static let token: TokenOfTests? = {
    let module = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"]
      .first { FileManager.default.fileExists(atPath: $0) }
    guard let module, program("softhsm2-util") != nil, program("pkcs11-tool") != nil else {
      print("skipped: no softhsm2 or no opensc")
      return nil
    }
    return try? TokenOfTests(module: module)
  }()

  private func pin(_ text: String = TokenOfTests.pin) throws -> PassPhrase { try workshop.secret(text, "pin") }

  @Test(arguments: [
    ("ec256", SignatureAlgorithm.ecdsaP256SHA256), ("ec384", .ecdsaP384SHA384), ("rsa", .rsaSHA256),
    ("asking", .ecdsaP256SHA256),
  ])
  func signsOnTheToken(_ name: String, _ algorithm: SignatureAlgorithm) throws {
    guard let token = Self.token else { return }
    let opened = try OpenedKey(token.address("object=\(name)"), try pin())
    if name == "ec384" {
      // pkcs11-tool of Debian 12 cannot write a P-384 key; openssl takes it from our request, which it verifies.
      _ = try workshop.folder.write(Certification(opened).request(name: name, organisation: nil), "token.csr")
      try workshop.openssl("req", "-in", "token.csr", "-verify", "-noout")
      try workshop.openssl("req", "-in", "token.csr", "-pubkey", "-noout", "-out", "public.pem")
      try workshop.openssl("pkey", "-pubin", "-in", "public.pem", "-outform", "DER", "-out", "public.der")
    } else {
      try token.readPublicKey(name, to: workshop.path("public.der"))
      try workshop.openssl("pkey", "-pubin", "-inform", "DER", "-in", "public.der", "-out", "public.pem")
    }
    #expect(opened.key.algorithm == algorithm && opened.place == "token Unit 7")
    for _ in 0..<3 { #expect(try workshop.verifies(opened.key, publicKey: "public.pem")) }
    let hash = try workshop.openssl("dgst", "-sha256", "-r", "public.der").text.prefix(64)
    #expect(try #require(opened.publicKeyHash) == hash)
  }

  @Test func takesTheCertificateThatLiesBesideTheKey() throws {
    guard let token = Self.token else { return }
    let address = token.address("object=ec256")
    func load(_ certificate: String?) throws -> Signer {
      try Signer.load(key: address, certificate: certificate, passPhrase: try pin())
    }
    #expect(throws: SigningError.self) { try load(nil) }
    do {
      let certification = try Certification(try OpenedKey(address, try pin()))
      let file = try certification.practiceCertificate(name: "On a token", organisation: nil, days: 7)
      _ = try workshop.folder.write(file, "self.pem")
      let request = try certification.request(name: "On a token", organisation: nil)
      _ = try workshop.folder.write(request, "token.csr")
    }
    try workshop.openssl("req", "-in", "token.csr", "-verify", "-noout")
    try workshop.openssl("verify", "-check_ss_sig", "-CAfile", "self.pem", "self.pem")
    try workshop.openssl("x509", "-in", "self.pem", "-outform", "DER", "-out", "self.der")
    #expect(try load(workshop.path("self.pem")).certificate == workshop.bytes("self.der"))
    try token.tool(
      ["--write-object", workshop.path("self.der"), "--type", "cert", "--id", TokenOfTests.identifier("ec256")])
    #expect(try load(nil).certificate == workshop.bytes("self.der"))
  }

  @Test func aKeyWithoutItsPublicHalfProvesThatTheCertificateIsItsOwn() throws {
    guard let token = Self.token else { return }
    for name in ["lone", "other"] {
      try workshop.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "\(name).pem")
      try workshop.openssl("req", "-x509", "-key", "\(name).pem", "-subj", "/CN=\(name)", "-out", "\(name).crt")
    }
    try workshop.openssl("pkey", "-in", "lone.pem", "-outform", "DER", "-out", "lone.der")
    try token.tool(["--write-object", workshop.path("lone.der"), "--type", "privkey", "--id", "77", "--label", "lone"])
    let address = token.address("object=lone")
    let opened = try OpenedKey(address, try pin())
    #expect(opened.publicKeyHash == nil)
    #expect(throws: SigningError.self) { try Certification(opened) }
    let signer = try Signer.load(key: address, certificate: workshop.path("lone.crt"), passPhrase: try pin())
    try workshop.openssl("pkey", "-in", "lone.pem", "-pubout", "-out", "public.pem")
    #expect(try workshop.verifies(signer.key, publicKey: "public.pem"))
    #expect(throws: SigningError.self) {
      try Signer.load(key: address, certificate: workshop.path("other.crt"), passPhrase: try pin())
    }
  }

  @Test func saysWhatIsMissingOrWrong() throws {
    guard let token = Self.token else { return }
    func failure(_ address: String, _ secret: PassPhrase? = nil) throws -> SigningError? {
      workshop.failure(address, try secret ?? pin())
    }
    let wrong = try failure(token.address("object=ec256"), try pin("000000"))
    #expect(wrong?.code == .passPhrase && wrong?.message.hasPrefix("the PIN is wrong") == true)
    #expect(try failure(token.address("object=ec256")) == nil)
    #expect(try failure(token.address("object=none"))?.message.contains("no such private key") == true)
    #expect(try failure(token.address("type=private"))?.message.contains("several private keys") == true)
    #expect(try failure(token.address("object=ec521"))?.code == .unsuitable)
    #expect(try failure(token.address("object=rsa1024"))?.code == .unsuitable)
    let module = "?module-path=\(token.module)"
    let missing = try failure("pkcs11:token=None\(module)")
    #expect(missing?.code == .unreadable && missing?.message == "there is no such token (present: Unit 7)")
    #expect(try failure("pkcs11:token=Unit%207?module-path=/nowhere.so")?.code == .unreadable)
    #expect(try failure("pkcs11:token=Unit%207?module-name=nowhere")?.code == .unreadable)
    for text in ["pkcs11:", "pkcs11:token", "pkcs11:nothing=x", "pkcs11:token=%zz", "pkcs11:id=%"] {
      let failure = try failure(text == "pkcs11:" ? "pkcs11:=" : text)
      #expect(failure?.code == .malformed, "\(text): \(String(describing: failure))")
    }
  }
}

/// A token in a folder of its own, with a key of each kind on it.
private final class TokenOfTests: Sendable {
  static let pin = "246810"
  private static let kinds = [
    ("ec256", "EC:prime256v1"), ("ec384", "EC:secp384r1"), ("rsa", "RSA:2048"), ("asking", "EC:prime256v1"),
    ("ec521", "EC:secp521r1"), ("rsa1024", "RSA:1024"),
  ]
  let module: String
  private let folder: TemporaryFolder

  static func identifier(_ name: String) -> String { "0\((kinds.firstIndex { $0.0 == name } ?? 8) + 1)" }

  init(module: String) throws {
    self.module = module
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: folder.url("tokens"), withIntermediateDirectories: true)
    let configuration = "directories.tokendir = \(folder.path("tokens"))\nobjectstore.backend = file\n"
    let path = try folder.write(Array(configuration.utf8), "softhsm2.conf")
    // Safe: no other test reads this variable.
    unsafe setenv("SOFTHSM2_CONF", path, 1)
    let made = try run(
      try #require(program("softhsm2-util")),
      ["--init-token", "--free", "--label", "Unit 7", "--so-pin", "12345678", "--pin", Self.pin])
    try #require(made.status == 0, "\(made.errors)")
    for (name, kind) in Self.kinds {
      try tool(
        ["--keypairgen", "--key-type", kind, "--id", Self.identifier(name), "--label", name]
          + (name == "asking" ? ["--always-auth"] : []))
    }
  }

  func address(_ attributes: String) -> String { "pkcs11:token=Unit%207;\(attributes)?module-path=\(module)" }

  func tool(_ arguments: [String]) throws {
    let result = try run(
      try #require(program("pkcs11-tool")),
      ["--module", module, "--token-label", "Unit 7", "--login", "--pin", Self.pin] + arguments)
    try #require(result.status == 0, "\(result.errors)")
  }

  func readPublicKey(_ name: String, to path: String) throws {
    try tool(["--read-object", "--type", "pubkey", "--id", Self.identifier(name), "--output-file", path])
  }
}
