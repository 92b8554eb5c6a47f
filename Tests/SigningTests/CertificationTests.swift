import Foundation
import Signing
import TestSupport
import Testing

@Suite struct CertificationTests {
  let workshop = KeyWorkshop()

  @Test(arguments: KeyKind.allCases) func makesKeysAndCertificatesThatOpensslTakes(_ kind: KeyKind) throws {
    let secret = try workshop.secret()
    let key = try NewKey(kind)
    var files = NewFiles()
    files.add(secret: try key.file(try secret.read(for: "key"), subject: "key"), workshop.path("key.pem"))
    files.add(
      try key.certification.practiceCertificate(name: "Übung 7", organisation: "Unit 7", days: 30),
      workshop.path("self.pem"))
    files.add(try key.certification.request(name: "A12", organisation: "Unit 7"), workshop.path("key.csr"))
    try files.write()

    let mode = try FileManager.default.attributesOfItem(atPath: workshop.path("key.pem"))[.posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o600)
    let form = try workshop.openssl("asn1parse", "-in", "key.pem").text
    for word in ["PBES2", "PBKDF2", ":0927C0", "hmacWithSHA256", "aes-256-cbc"] { #expect(form.contains(word)) }
    #expect(
      try workshop.openssl("req", "-in", "key.csr", "-verify", "-noout", "-subject").text
        == "subject=O = Unit 7, CN = A12\n")

    try workshop.openssl("verify", "-x509_strict", "-check_ss_sig", "-CAfile", "self.pem", "self.pem")
    let text = try workshop.openssl("x509", "-in", "self.pem", "-noout", "-text").text
    for word in [
      "OU = \"practice only, not for court\"", "CA:FALSE", "Digital Signature, Non Repudiation", "E-mail Protection",
      "Subject Key Identifier",
    ] { #expect(text.contains(word)) }
    let purpose = ["pass:\(KeyWorkshop.passPhrase)", "self.pem"]
    _ = try workshop.folder.write(Array("text".utf8), "text")
    try workshop.openssl(
      "cms", "-sign", "-binary", "-nodetach", "-signer", purpose[1], "-inkey", "key.pem", "-passin", purpose[0], "-in",
      "text", "-outform", "DER", "-out", "text.p7m")
    try workshop.openssl("cms", "-verify", "-CAfile", "self.pem", "-inform", "DER", "-in", "text.p7m", "-out", "out")

    let signer = try Signer.load(
      key: workshop.path("key.pem"), certificate: workshop.path("self.pem"), passPhrase: secret)
    try workshop.openssl("x509", "-in", "self.pem", "-pubkey", "-noout", "-out", "public.pem")
    #expect(try workshop.verifies(signer.key, publicKey: "public.pem"))
    let summary = try CertificateSummary(signer.certificate, subject: "")
    #expect(summary.subject == "CN=Übung 7,OU=practice only\\, not for court,O=Unit 7" && summary.isSelfIssued)
    let fingerprint = try workshop.openssl("x509", "-in", "self.pem", "-noout", "-fingerprint", "-sha256").text
    #expect(fingerprint.lowercased().replacing(":", with: "").contains(summary.hash))
    #expect(summary.notAfter.timeIntervalSince(summary.notBefore) == 30 * 86_400)
    #expect(summary.serial.count == 32 && "4567".contains(summary.serial.prefix(1)))
  }

  @Test func neverOverwritesAndLeavesNothingHalfDone() throws {
    let old = try workshop.folder.write([1], "old")
    for name in ["old", "nowhere/file"] {
      var files = NewFiles()
      files.add(secret: [2], workshop.path("first"))
      files.add([3], workshop.path(name))
      #expect(throws: SigningError.self) { try files.write() }
      #expect(!FileManager.default.fileExists(atPath: workshop.path("first")))
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: old)) == Data([1]))
  }

  @Test func writesAnUnprotectedKeyOnlyAsSuch() throws {
    let key = try NewKey(.p256)
    let path = try workshop.folder.write(key.unprotectedFile(), "key.pem")
    #expect(String(decoding: key.unprotectedFile(), as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----"))
    try workshop.openssl("pkey", "-in", path, "-check", "-noout")
  }

  @Test func namesHaveLimits() throws {
    let certification = try NewKey(.p256).certification
    for name in ["", String(repeating: "x", count: 65), "two\nlines"] {
      #expect(throws: SigningError.self) { try certification.request(name: name, organisation: nil) }
      #expect(throws: SigningError.self) { try certification.request(name: "x", organisation: name) }
    }
  }
}
