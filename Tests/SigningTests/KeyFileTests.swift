import Foundation
import Signing
import TestSupport
import Testing

@Suite struct KeyFileTests {
  let workshop = KeyWorkshop()

  /// How openssl makes each key that we take.
  static let usable: [(name: String, arguments: [String], algorithm: SignatureAlgorithm)] = [
    ("p256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], .ecdsaP256SHA256),
    ("p384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], .ecdsaP384SHA384),
    ("rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], .rsaSHA256),
  ]

  private func make(_ arguments: [String], _ name: String) throws {
    let result = try run(
      try #require(program("openssl")), ["genpkey"] + arguments + ["-out", name], in: workshop.folder.url)
    try #require(result.status == 0, "\(result.errors)")
  }

  @Test(arguments: usable.indices) func opensWhatOpensslWritesAndSigns(_ index: Int) throws {
    let (name, arguments, algorithm) = Self.usable[index]
    try make(arguments, "pkcs8.pem")
    let traditional = name == "rsa" ? "rsa" : "ec"
    let old = name == "rsa" ? ["-traditional"] : []
    try workshop.openssl("pkey", "-in", "pkcs8.pem", "-pubout", "-out", "public.pem")
    try workshop.openssl("pkcs8", "-topk8", "-nocrypt", "-in", "pkcs8.pem", "-outform", "DER", "-out", "pkcs8.der")
    for form in ["PEM", "DER"] {
      let result = try run(
        try #require(program("openssl")),
        [traditional, "-in", "pkcs8.pem", "-outform", form, "-out", "old.\(form.lowercased())"] + old,
        in: workshop.folder.url)
      try #require(result.status == 0)
      try workshop.openssl(
        "pkcs8", "-topk8", "-in", "pkcs8.pem", "-outform", form, "-passout", "pass:\(KeyWorkshop.passPhrase)", "-out",
        "encrypted.\(form.lowercased())")
    }
    try workshop.openssl(
      "pkcs8", "-topk8", "-in", "pkcs8.pem", "-scrypt", "-passout", "pass:\(KeyWorkshop.passPhrase)", "-out",
      "scrypt.pem")
    let secret = try workshop.secret()
    for file in [
      "pkcs8.pem", "pkcs8.der", "old.pem", "old.der", "encrypted.pem", "encrypted.der", "scrypt.pem",
    ] {
      let opened = try OpenedKey(workshop.path(file), secret)
      #expect(opened.key.algorithm == algorithm, "\(file)")
      #expect(try workshop.verifies(opened.key, publicKey: "public.pem"), "\(file)")
    }
    #expect(
      String(decoding: try workshop.bytes("old.pem"), as: UTF8.self).contains(name == "rsa" ? "RSA PRIV" : "EC PRIV"))
  }

  @Test func opensAnEllipticCurveKeyBehindItsParameters() throws {
    try workshop.openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "key.pem")
    #expect(String(decoding: try workshop.bytes("key.pem"), as: UTF8.self).hasPrefix("-----BEGIN EC PARAMETERS"))
    #expect(try OpenedKey(workshop.path("key.pem"), .prompt).key.algorithm == .ecdsaP256SHA256)
  }

  @Test func takesNoKeyThatIsTooShortOrOfAnotherKind() throws {
    let keys: [([String], String)] = [
      (["-algorithm", "ED25519"], "Edwards"), (["-algorithm", "ED448"], "Edwards"),
      (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], "1024 bits"),
      (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2040"], "2040 bits"),
      (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "P-521"),
      (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "secp256k1"),
      (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"], "1.3.36.3.3.2.8.1.1.7"),
      (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"], "curve"),
      (["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], "PSS"),
      (["-algorithm", "X25519"], "1.3.101.110"),
    ]
    for (arguments, word) in keys {
      try make(arguments, "key.pem")
      let failure = workshop.failure(workshop.path("key.pem"))
      #expect(failure?.code == .unsuitable, "\(arguments)")
      #expect(failure?.message.contains(word) == true, "\(arguments): \(failure?.message ?? "")")
    }
  }

  @Test func takesNoKeyThatIsEncryptedInAnOldWay() throws {
    try make(Self.usable[2].arguments, "key.pem")
    try workshop.openssl("rsa", "-in", "key.pem", "-traditional", "-aes128", "-passout", "pass:x", "-out", "1.pem")
    try workshop.openssl(
      "pkcs8", "-topk8", "-in", "key.pem", "-v1", "PBE-SHA1-3DES", "-passout", "pass:x", "-out", "2.pem")
    for name in ["1.pem", "2.pem"] {
      let failure = workshop.failure(workshop.path(name), try workshop.secret("x"))
      #expect(failure?.code == .unsuitable, "\(name)")
      #expect(failure?.message.contains("openssl pkcs8 -topk8") == true)
    }
  }

  @Test func asksForThePassPhraseOnlyWhenItIsNeeded() throws {
    try make(Self.usable[0].arguments, "key.pem")
    #expect(workshop.failure(workshop.path("key.pem"), .file("/nowhere")) == nil)
    try workshop.openssl("pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:right", "-out", "locked.pem")
    #expect(workshop.failure(workshop.path("locked.pem"), .file("/nowhere"))?.code == .passPhrase)
    #expect(workshop.failure(workshop.path("locked.pem"), try workshop.secret("wrong"))?.code == .passPhrase)
    #expect(workshop.failure(workshop.path("locked.pem"), try workshop.secret("right\r")) == nil)
  }

  @Test func opensPKCS12WithItsCertificates() throws {
    try make(Self.usable[1].arguments, "key.pem")
    try make(Self.usable[0].arguments, "other.pem")
    for name in ["key", "other"] {
      try workshop.openssl("req", "-x509", "-key", "\(name).pem", "-subj", "/CN=\(name)", "-out", "\(name).crt")
    }
    try workshop.openssl(
      "pkcs12", "-export", "-inkey", "key.pem", "-in", "key.crt", "-certfile", "other.crt", "-passout",
      "pass:geheim", "-out", "key.p12")
    let secret = try workshop.secret("geheim")
    let signer = try Signer.load(key: workshop.path("key.p12"), passPhrase: secret)
    #expect(try CertificateSummary(signer.certificate, subject: "").subject == "CN=key")
    #expect(try signer.chain.map { try CertificateSummary($0, subject: "").subject } == ["CN=other"])
    try workshop.openssl("x509", "-in", "key.crt", "-pubkey", "-noout", "-out", "public.pem")
    #expect(try workshop.verifies(signer.key, publicKey: "public.pem"))
    #expect(workshop.failure(workshop.path("key.p12"), try workshop.secret("wrong", "wrong"))?.code == .passPhrase)

    try workshop.openssl(
      "pkcs12", "-export", "-legacy", "-keypbe", "PBE-SHA1-RC2-40", "-certpbe", "PBE-SHA1-RC2-40", "-inkey", "key.pem",
      "-in", "key.crt", "-passout", "pass:geheim", "-out", "old.p12")
    let old = workshop.failure(workshop.path("old.p12"), secret)
    #expect(old?.code == .unsuitable)
    #expect(old?.message.contains("RC2") == true)
    try workshop.openssl(
      "pkcs12", "-export", "-nomac", "-inkey", "key.pem", "-in", "key.crt", "-passout", "pass:geheim", "-out",
      "bare.p12")
    #expect(workshop.failure(workshop.path("bare.p12"), secret)?.code == .unsuitable)
  }

  @Test func choosesTheCertificateThatIsForTheKey() throws {
    for name in ["a", "b"] {
      try make(Self.usable[0].arguments, "\(name).pem")
      try workshop.openssl("req", "-x509", "-key", "\(name).pem", "-subj", "/CN=\(name)", "-out", "\(name).crt")
    }
    _ = try workshop.folder.write(try workshop.bytes("b.crt") + workshop.bytes("a.crt"), "both.crt")
    let signer = try Signer.load(key: workshop.path("a.pem"), certificate: workshop.path("both.crt"))
    #expect(try CertificateSummary(signer.certificate, subject: "").subject == "CN=a")
    #expect(signer.chain.count == 1)
    let together = try workshop.folder.write(try workshop.bytes("a.pem") + workshop.bytes("both.crt"), "together.pem")
    #expect(try Signer.load(key: together).certificate == signer.certificate)
    try workshop.openssl("x509", "-in", "a.crt", "-outform", "DER", "-out", "a.der")
    #expect(try Signer.load(key: workshop.path("a.pem"), certificate: workshop.path("a.der")).chain.isEmpty)
    #expect(try workshop.bytes("a.der") == signer.certificate)

    func failure(_ key: String, _ certificate: String?) -> SigningError? {
      do throws(SigningError) {
        _ = try Signer.load(key: workshop.path(key), certificate: certificate.map(workshop.path))
        return nil
      } catch { return error }
    }
    #expect(failure("a.pem", "b.crt")?.code == .unsuitable)
    #expect(failure("a.pem", nil)?.code == .unsuitable)
    #expect(failure("a.pem", "a.pem")?.code == .malformed)
    #expect(failure("a.pem", "nowhere")?.code == .unreadable)
    try workshop.openssl(
      "req", "-x509", "-key", "a.pem", "-subj", "/CN=tls", "-addext", "keyUsage=keyAgreement", "-out", "tls.crt")
    #expect(failure("a.pem", "tls.crt")?.message.contains("does not allow signatures") == true)
  }

  @Test func saysThatOthersCanReadTheKeyOrThatTheCertificateExpired() throws {
    try make(Self.usable[0].arguments, "key.pem")
    let past = ["2020-01-01", try #require(program("openssl")), "req", "-x509", "-key", "key.pem", "-subj", "/CN=x"]
    let made = try run(
      try #require(program("faketime")), past + ["-days", "1", "-out", "old.crt"], in: workshop.folder.url)
    try #require(made.status == 0, "\(made.errors)")
    for (mode, expected) in [(0o600, 1), (0o640, 2), (0o604, 2)] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: workshop.path("key.pem"))
      var notes: [String] = []
      _ = try Signer.load(key: workshop.path("key.pem"), certificate: workshop.path("old.crt")) { notes.append($0) }
      #expect(notes.count == expected, "\(notes)")
      #expect(notes.last?.contains("expired") == true)
    }
  }

  @Test func neverFailsOnDamagedFilesButWithAnError() throws {
    try make(Self.usable[0].arguments, "ec.pem")
    try make(Self.usable[2].arguments, "rsa.pem")
    try workshop.openssl("req", "-x509", "-key", "ec.pem", "-subj", "/CN=x", "-out", "ec.crt")
    try workshop.openssl("ec", "-in", "ec.pem", "-outform", "DER", "-out", "ec.der")
    try workshop.openssl("pkey", "-in", "rsa.pem", "-outform", "DER", "-out", "rsa.der")
    try workshop.openssl(
      "pkcs8", "-topk8", "-in", "ec.pem", "-passout", "pass:geheim", "-outform", "DER", "-out", "locked.der")
    try workshop.openssl(
      "pkcs12", "-export", "-inkey", "ec.pem", "-in", "ec.crt", "-passout", "pass:geheim", "-out", "ec.p12")
    let secret = try workshop.secret("geheim")
    var dice = Dice(state: 7)
    for name in ["ec.pem", "rsa.pem", "ec.der", "rsa.der", "locked.der", "ec.p12"] {
      let whole = try workshop.bytes(name)
      for round in 0..<150 {
        var bytes = whole
        switch round % 3 {
        case 0: bytes.removeLast(1 + dice.roll(bytes.count))
        case 1: bytes[dice.roll(bytes.count)] = UInt8(dice.roll(256))
        default:
          let start = dice.roll(bytes.count)
          bytes.replaceSubrange(
            start..<min(bytes.count, start + dice.roll(9)), with: [UInt8](repeating: 0xff, count: dice.roll(9)))
        }
        let path = try workshop.folder.write(bytes, "damaged")
        if let failure = workshop.failure(path, secret) { #expect(failure.message.utf8.count < 200) }
        if bytes != whole, let failure = certificateFailure(path) { #expect(failure.code == .malformed) }
      }
    }
    for length in [0, 1, 2, 100, 5000] {
      let path = try workshop.folder.write((0..<length).map { _ in UInt8(dice.roll(256)) }, "random")
      #expect(workshop.failure(path, secret)?.code == .malformed)
    }
    let large = try workshop.folder.write([UInt8](repeating: 0x30, count: 1 << 20 | 1), "large")
    #expect(workshop.failure(large)?.code == .malformed)
    let deep = try workshop.folder.write([UInt8](repeating: 0x30, count: 1 << 20), "deep")
    #expect(workshop.failure(deep)?.code == .malformed)
    let dashes = try workshop.folder.write(Array(String(repeating: "-----BEGIN ", count: 90_000).utf8), "dashes")
    #expect(workshop.failure(dashes)?.code == .malformed)
    #expect(workshop.failure(workshop.folder.url.path)?.code == .unreadable)
  }

  private func certificateFailure(_ path: String) -> SigningError? {
    do throws(SigningError) {
      _ = try Signer.load(key: workshop.path("ec.pem"), certificate: path)
      return nil
    } catch { return error }
  }

  @Test func refusesNumbersThatWouldTakeHours() throws {
    let secret = try workshop.secret("geheim")
    func locked(_ function: [UInt8]) -> [UInt8] {
      let cipher = DER.sequence(DER.identifier(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a), DER.octets(16))
      let pbes2 = DER.identifier(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d)
      return DER.sequence(DER.sequence(pbes2, DER.sequence(function, cipher)), DER.octets(64))
    }
    let pbkdf2 = DER.identifier(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c)
    let scrypt = DER.identifier(0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b)
    let data = DER.identifier(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01)
    let sha256 = DER.sequence(DER.identifier(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01))
    let content = DER.sequence(data, DER.node(0xa0, DER.node(0x04, DER.sequence())))
    let files = [
      locked(DER.sequence(pbkdf2, DER.sequence(DER.octets(8), DER.number(0x7f, 0xff, 0xff, 0xff)))),
      locked(DER.sequence(pbkdf2, DER.sequence(DER.octets(8), DER.number(0xff)))),
      locked(
        DER.sequence(scrypt, DER.sequence(DER.octets(8), DER.number(0x10, 0, 0), DER.number(8), DER.number(1)))),
      locked(
        DER.sequence(
          scrypt, DER.sequence(DER.octets(8), DER.number(4), DER.number(1), DER.number(0x3f, 0xff, 0xff, 0xff)))),
      DER.sequence(
        DER.number(3), content,
        DER.sequence(DER.sequence(sha256, DER.octets(32)), DER.octets(8), DER.number(0x7f, 0xff, 0xff, 0xff))),
    ]
    for file in files {
      let failure = workshop.failure(try workshop.folder.write(file, "costly"), secret)
      #expect(
        failure?.code == .unsuitable && failure?.message.contains("too long") == true, "\(String(describing: failure))")
    }
  }
}

/// Numbers that are the same in every run.
private struct Dice {
  var state: UInt64

  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return sides > 0 ? Int(state >> 33) % sides : 0
  }
}

/// Just enough DER to write files that no program would.
private enum DER {
  static func node(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    let count = content.count
    let long: [UInt8] = count < 256 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 255)]
    let length = count < 128 ? [UInt8(count)] : long
    return [tag] + length + content
  }
  static func sequence(_ members: [UInt8]...) -> [UInt8] { node(0x30, members.flatMap { $0 }) }
  static func identifier(_ bytes: UInt8...) -> [UInt8] { node(0x06, bytes) }
  static func number(_ bytes: UInt8...) -> [UInt8] { node(0x02, bytes) }
  static func octets(_ count: Int) -> [UInt8] { node(0x04, [UInt8](repeating: 0x5a, count: count)) }
}
