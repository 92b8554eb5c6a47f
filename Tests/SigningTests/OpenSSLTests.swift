import Crypto
import EvidenceModel
import Foundation
import Signing
import TestSupport
import Testing

/// A key in memory, for tests.
struct MemoryKey: SigningKey {
  let key: P256.Signing.PrivateKey
  var algorithm: SignatureAlgorithm { .ecdsaP256SHA256 }
  func signature(over message: [UInt8]) throws(SigningError) -> [UInt8] {
    do { return Array(try key.signature(for: message).derRepresentation) } catch {
      throw SigningError(.unsuitable, "", "\(error)")
    }
  }
}

/// openssl as the other side: it accepts what we sign, and we judge what it signs.
@Suite struct OpenSSLTests {
  let scratch: TemporaryFolder
  let openssl: String
  static let content = Array("# evidence seal v1\n".utf8)

  /// An authority, a signer of each kind of key, a stranger, and a time-stamping authority.
  init() throws {
    scratch = try TemporaryFolder()
    openssl = try #require(program("openssl"))
    let script = """
      set -e
      cat > ca.cnf <<X
      [ca]
      basicConstraints=critical,CA:TRUE
      keyUsage=critical,keyCertSign,cRLSign
      [leaf]
      basicConstraints=critical,CA:FALSE
      keyUsage=critical,digitalSignature,nonRepudiation
      extendedKeyUsage=emailProtection
      [tsa]
      basicConstraints=critical,CA:FALSE
      extendedKeyUsage=critical,timeStamping
      [db]
      default_ca=d
      [d]
      database=index.txt
      default_md=sha256
      X
      new() { openssl req -x509 -newkey "$2" -pkeyopt "$3" -nodes -keyout $1.key -out $1.pem -days 3650 -subj "/CN=$1" \
        -config /etc/ssl/openssl.cnf -extensions v3_ca; }
      new authority ec ec_paramgen_curve:P-256; new stranger ec ec_paramgen_curve:P-256
      leaf() { openssl req -newkey "$2" -pkeyopt "$3" -nodes -keyout $1.key -out $1.csr -subj "/CN=$1";
        openssl x509 -req -in $1.csr -CA $5.pem -CAkey $5.key -CAcreateserial -out $1.pem -days ${6:-365} -extfile ca.cnf \
        -extensions $4; }
      leaf p256 ec ec_paramgen_curve:P-256 leaf authority
      leaf p384 ec ec_paramgen_curve:P-384 leaf authority
      leaf rsa rsa rsa_keygen_bits:3072 leaf authority
      leaf outsider ec ec_paramgen_curve:P-256 leaf stranger
      leaf tsa rsa rsa_keygen_bits:2048 tsa authority
      openssl pkcs8 -topk8 -nocrypt -in p256.key -out p256.p8
      : > index.txt
      openssl ca -config ca.cnf -name d -revoke p384.pem -keyfile authority.key -cert authority.pem
      openssl ca -config ca.cnf -name d -gencrl -crldays 30 -keyfile authority.key -cert authority.pem -out authority.crl
      cat > tsa.cnf <<X
      [tsa]
      default_tsa=t
      [t]
      serial=tsserial
      signer_cert=tsa.pem
      signer_key=tsa.key
      certs=authority.pem
      signer_digest=sha256
      default_policy=1.2.3.4
      digests=sha256,sha512
      X
      """.replacing("\n      ", with: "\n")
    try Data(Self.content).write(to: scratch.url("seal.txt"))
    let result = try run(
      "/bin/bash", ["-c", script.replacing("new() { openssl", with: "new() { \(openssl)")], in: scratch.url)
    try #require(result.status == 0, "\(result.errors)")
  }

  private func der(_ name: String) throws -> [[UInt8]] {
    try CertificateText.certificates(in: [UInt8](Data(contentsOf: scratch.url(name))), of: name)
  }

  private func trust(_ names: [String] = ["authority.pem"], lists: Bool = false) throws -> TrustStore {
    let crl =
      try lists
      ? CertificateText.revocationLists(in: [UInt8](Data(contentsOf: scratch.url("authority.crl"))), of: "crl") : []
    return TrustStore(trusted: try names.flatMap { try der($0) }, revocationLists: crl)
  }

  private func signer() throws -> Signer {
    let pem = try String(contentsOf: scratch.url("p256.p8"), encoding: .utf8)
    return Signer(key: MemoryKey(key: try .init(pemRepresentation: pem)), certificate: try der("p256.pem")[0])
  }

  private static var now: CaptureTime { CaptureTime(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9)) }

  private func opensslSigns(_ name: String, _ options: [String] = ["-cades"]) throws -> [UInt8] {
    let result = try run(
      openssl,
      [
        "cms", "-sign", "-binary", "-outform", "DER", "-in", "seal.txt", "-signer", "\(name).pem", "-inkey",
        "\(name).key",
        "-out", "\(name).p7s",
      ] + options, in: scratch.url)
    try #require(result.status == 0, "\(result.errors)")
    return [UInt8](try Data(contentsOf: scratch.url("\(name).p7s")))
  }

  @Test func opensslAcceptsOurSignature() throws {
    let signature = try CAdESSignature.sign(Self.content, by: [signer()], at: Self.now)
    let path = try scratch.write(signature, "ours.p7s")
    let arguments = ["cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", path, "-CAfile", "authority.pem"]
    let result = try run(openssl, arguments + ["-content", "seal.txt", "-out", "/dev/null"], in: scratch.url)
    #expect(result.status == 0, "\(result.errors)")
    _ = try scratch.write(Self.content + [0x21], "changed.txt")
    #expect(
      try run(openssl, arguments + ["-content", "changed.txt", "-out", "/dev/null"], in: scratch.url).status != 0)
    #expect(
      SignatureCheck.verify(signature, over: Self.content, trust: try trust(), at: Self.now).map(\.word) == [.valid])
  }

  @Test func acceptsEachKindOfKeyThatOpensslSignsWith() throws {
    for name in ["p256", "p384", "rsa"] {
      let verdict = try SignatureCheck.verify(opensslSigns(name), over: Self.content, trust: trust(), at: Self.now)
      #expect(verdict.map(\.word) == [.valid], "\(name): \(verdict.first?.reason ?? "")")
      #expect(verdict.first?.signer?.commonName == name)
    }
  }

  @Test func hasAWordForEachThingThatCanBeWrong() throws {
    let rsa = try opensslSigns("rsa")
    #expect(
      SignatureCheck.verify(rsa, over: Self.content + [0], trust: try trust(), at: Self.now).map(\.word) == [.broken])
    #expect(
      SignatureCheck.verify(rsa, over: Self.content, trust: TrustStore(trusted: []), at: Self.now).map(\.word)
        == [.untrusted])
    let later = CaptureTime(nanoseconds: Self.now.nanoseconds + 2 * 365 * 86_400 * 1_000_000_000)
    #expect(SignatureCheck.verify(rsa, over: Self.content, trust: try trust(), at: later).map(\.word) == [.expired])
    let foreign = try opensslSigns("outsider")
    #expect(
      SignatureCheck.verify(foreign, over: Self.content, trust: try trust(), at: Self.now).map(\.word) == [.untrusted])
    let revoked = try opensslSigns("p384")
    let tomorrow = CaptureTime(nanoseconds: Self.now.nanoseconds + 86_400 * 1_000_000_000)
    #expect(
      SignatureCheck.verify(revoked, over: Self.content, trust: try trust(lists: true), at: tomorrow).map(\.word)
        == [.revoked])
    let plain = try opensslSigns("p256", [])
    #expect(SignatureCheck.verify(plain, over: Self.content, trust: try trust(), at: Self.now).map(\.word) == [.broken])
  }

  @Test func readsTimeStampsThatOpensslGives() throws {
    for isLong in [false, true] {
      let request = try TimeStampRequest(over: Self.content, isLong: isLong)
      let path = try scratch.write(request.bytes, "seal.tsq")
      let reply = try run(
        openssl, ["ts", "-reply", "-config", "tsa.cnf", "-queryfile", path, "-out", "seal.tsr"], in: scratch.url)
      try #require(reply.status == 0, "\(reply.errors)")
      let stamp = try TimeStamp([UInt8](Data(contentsOf: scratch.url("seal.tsr"))))
      #expect(stamp.answers(request.bytes))
      #expect(stamp.policy == "1.2.3.4")
      let verdict = stamp.verify(over: Self.content, trust: try trust())
      #expect(verdict.word == .valid, "\(verdict.reason)")
      #expect(stamp.verify(over: Self.content + [0], trust: try trust()).word == .broken)
      #expect(stamp.verify(over: Self.content, trust: try trust(["stranger.pem"])).word == .untrusted)
      #expect(abs(stamp.time.nanoseconds - Self.now.nanoseconds) < 600_000_000_000)
      let other = try TimeStampRequest(over: Self.content, isLong: isLong)
      #expect(!stamp.answers(other.bytes))
    }
  }

  @Test func anySingleChangedByteMakesASignatureWorse() throws {
    let signature = try opensslSigns("p256", ["-cades", "-nocerts"])
    #expect(
      SignatureCheck.verify(signature, over: Self.content, trust: try trust(), at: Self.now).map(\.word) == [.broken])
    let whole = try CAdESSignature.sign(Self.content, by: [signer()], at: Self.now)
    let store = try trust()
    let signerHash = CertificateFacts(der: try der("p256.pem")[0])?.sha256
    for place in whole.indices {
      var changed = whole
      changed[place] ^= 0x01
      let verdicts = SignatureCheck.verify(changed, over: Self.content, trust: store, at: Self.now)
      // Version numbers and the like are not signed (RFC 5652, 5.4): then content and signer are still the same.
      if verdicts.map(\.word) == [.valid] { #expect(verdicts.first?.signer?.sha256 == signerHash, "byte \(place)") }
    }
    for length in whole.indices {
      #expect(
        SignatureCheck.verify(Array(whole[..<length]), over: Self.content, trust: store, at: Self.now).map(\.word)
          == [.broken])
    }
  }
}
