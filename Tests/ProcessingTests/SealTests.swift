import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Sealing, co-signing, time-stamps and renewal through the command line, with openssl as signers' and time-stamping authority.
@Suite struct SealTests {
  let scratch: TemporaryFolder

  init() throws {
    scratch = try TemporaryFolder()
    guard exhibitProgram != nil else { return }
    try shell(
      """
      exec 2>&1; set -e
      req() { openssl req -quiet -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@"; }
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=Authority -days 3650
      for who in A12 B77 TSA; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $who.key -out $who.csr -subj /CN=$who
        purpose=emailProtection; [ $who != TSA ] || purpose=critical,timeStamping
        printf 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=%s\\n' "$purpose" > $who.ext
        openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile $who.ext -out $who.pem
      done
      printf '[tsa]\\ndefault_tsa=t\\n[t]\\nserial=serial\\ncrypto_device=builtin\\nsigner_cert=TSA.pem\\nsigner_key=TSA.key\\nsigner_digest=sha256\\ndefault_policy=1.2.3.4\\ndigests=sha256,sha512\\naccuracy=secs:1\\ness_cert_id_chain=no\\ness_cert_id_alg=sha256\\n' > tsa.cnf
      echo 01 > serial
      """)
  }

  @discardableResult
  private func shell(_ script: String) throws -> String {
    let result = try run("/bin/bash", ["-c", script], in: scratch.url)
    guard result.status == 0 else { throw Failure(text: result.text + result.errors) }
    return result.text
  }

  private struct Failure: Error { let text: String }

  private func exhibit(_ arguments: String...) throws -> ProgramResult {
    try run(try #require(exhibitProgram), arguments, in: scratch.url)
  }

  private let signed = ["--key", "A12.key", "--cert", "A12.pem", "--chain", "ca.pem"]

  private func make(_ name: String, _ options: [String] = []) throws {
    let program = try #require(exhibitProgram)
    let made = try run(
      program, ["process", SignedEventTests.input, "-o", name, "-q"] + options, in: scratch.url)
    try #require(made.status == 0, "\(made.errors)")
  }

  private func seal(_ name: String, _ options: [String] = []) throws -> ProgramResult {
    try run(try #require(exhibitProgram), ["seal", name] + signed + options, in: scratch.url)
  }

  private func verify(_ name: String) throws -> ProgramResult {
    try exhibit("verify", name, "--trust", "ca.pem")
  }

  private func events(_ name: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: scratch.path("\(name)/custody")).count { $0.hasSuffix(".json") }
  }

  /// The authority's answer to the request in `file`.tsq.
  private func stamp(_ file: String) throws {
    try shell("openssl ts -reply -queryfile \(file).tsq -config tsa.cnf -section t -out \(file).tsr 2>&1")
  }

  @Test func processSealsInOneGo() throws {
    guard exhibitProgram != nil else { return }
    try make("case", signed)
    let verified = try verify("case")
    #expect(verified.status == 0, "\(verified.text)")
    #expect(verified.text.contains("seal/seal.txt.01.p7s, signed by A12: valid"))
    #expect(try events("case") == 5)
    try shell(
      """
      cd case && sha256sum --quiet --check --strict seal/seal.txt manifest-sha256.txt tagmanifest-sha256.txt &&
        sha512sum --quiet --check --strict manifest-sha512.txt tagmanifest-sha512.txt &&
        openssl cms -verify -cades -binary -inform DER -in seal/seal.txt.01.p7s -content seal/seal.txt -CAfile ../ca.pem -out /dev/null 2>&1
      """)
    #expect(try seal("case").status == 2)
    #expect(try events("case") == 5)
  }

  @Test func stampedCosignedAndRenewed() throws {
    guard exhibitProgram != nil else { return }
    try make("case", signed)
    #expect(try exhibit("timestamp", "request", "case", "-o", "seal.tsq").status == 0)
    #expect(try events("case") == 5)
    try stamp("seal")
    let attached = try exhibit("timestamp", "attach", "case", "seal.tsr", "--request", "seal.tsq", "--trust", "ca.pem")
    #expect(attached.status == 0, "\(attached.errors)")
    let cosigned = try exhibit(
      "cosign", "case", "--key", "B77.key", "--cert", "B77.pem", "--chain", "ca.pem", "--role", "judge", "--trust",
      "ca.pem")
    #expect(cosigned.status == 0, "\(cosigned.errors)")
    let renewed = try run(
      try #require(exhibitProgram), ["renew", "case", "--trust", "ca.pem"] + signed, in: scratch.url)
    #expect(renewed.status == 0, "\(renewed.errors)")
    #expect(try exhibit("timestamp", "request", "case", "-o", "list.tsq").status == 0)
    try stamp("list")
    #expect(try exhibit("timestamp", "attach", "case", "list.tsr").status == 0)
    #expect(try events("case") == 9)
    let verified = try verify("case")
    #expect(verified.status == 0, "\(verified.text)")
    for words in ["seal/seal.txt.02.p7s, signed by B77: valid", "seal/seal.txt.tsr", "renewal/001/list-sha512.txt.tsr"]
    {
      #expect(verified.text.contains(words), "\(verified.text)")
    }
    try shell(
      """
      cd case; openssl ts -verify -data seal/seal.txt -in seal/seal.txt.tsr -CAfile ../ca.pem 2>&1 &&
        openssl ts -verify -data renewal/001/list-sha512.txt -in renewal/001/list-sha512.txt.tsr -CAfile ../ca.pem 2>&1 &&
        sha512sum --quiet --check --strict renewal/001/list-sha512.txt &&
        sed -n 's/^     //p' VERIFY.txt > ../check.sh && sh ../check.sh "$PWD/../ca.pem"
      """)
  }

  @Test func aStampOverSomethingElseIsRefusedAndRecorded() throws {
    guard exhibitProgram != nil else { return }
    try make("case", signed)
    try shell("openssl ts -query -data ca.pem -sha256 -cert -out other.tsq 2>&1")
    try stamp("other")
    let attached = try exhibit("timestamp", "attach", "case", "other.tsr")
    #expect(attached.status == 1 && attached.errors.contains("something else"))
    #expect(try events("case") == 6)
    #expect(try verify("case").status == 0)
  }

  @Test func anAuthorityThatIsOnlineStampsTheSeal() throws {
    guard exhibitProgram != nil, program("curl") != nil else { return }
    _ = try scratch.write(
      Array(
        """
        import http.server, subprocess
        class Authority(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                open("in.tsq", "wb").write(self.rfile.read(int(self.headers["Content-Length"])))
                subprocess.run("openssl ts -reply -queryfile in.tsq -config tsa.cnf -section t -out out.tsr", shell=True, check=True)
                answer = open("out.tsr", "rb").read()
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                self.wfile.write(answer)
        server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
        open("port.new", "w").write(str(server.server_port))
        import os; os.rename("port.new", "port")
        server.serve_forever()
        """.utf8), "authority.py")
    try make("case", signed + ["--no-seal"])
    let program = try #require(exhibitProgram)
    let text = try shell(
      """
      python3 authority.py > /dev/null 2>&1 & authority=$!
      for wait in $(seq 100); do [ ! -e port ] || break; sleep 0.1; done
      '\(program)' seal case \(signed.joined(separator: " ")) --tsa http://127.0.0.1:$(cat port)/ 2>&1; status=$?
      kill -9 $authority; exit $status
      """)
    #expect(text.contains("time-stamped at"))
    #expect(try verify("case").text.contains("seal/seal.txt.tsr"))
  }

  @Test func withoutAnAnswerTheSealStandsAndSaysSo() throws {
    guard exhibitProgram != nil, program("curl") != nil else { return }
    try make("case", signed + ["--no-seal"])
    let sealed = try seal("case", ["--tsa", "http://127.0.0.1:1/"])
    #expect(sealed.status == 3 && sealed.errors.contains("no time-stamp"))
    #expect(try verify("case").status == 0)
  }

  @Test func aLateSealNeedsAnExplanation() throws {
    guard exhibitProgram != nil else { return }
    try make("case", signed + ["--no-seal"])
    let order = ["--order", "XX-2026-LI-0042", "--order-expired", "2026-01-02T00:00:00Z"]
    let refused = try seal("case", order)
    #expect(refused.status == 2 && refused.errors.contains("--explanation"))
    #expect(try events("case") == 4)
    #expect(try seal("case", order + ["--explanation", "the medium came by post"]).status == 0)
    let event = try String(contentsOfFile: scratch.path("case/custody/000005.json"), encoding: .utf8)
    #expect(event.contains(#""explanation":"the medium came by post""#))
    let text = try String(contentsOfFile: scratch.path("case/seal/seal.txt"), encoding: .utf8)
    #expect(text.contains("# authority XX-2026-LI-0042 expired 2026-01-02T00:00:00.000000000Z\n"))
    #expect(try verify("case").status == 0)
  }

  @Test func aDamagedBundleIsNotSealedAndTheAttemptIsRecorded() throws {
    guard exhibitProgram != nil else { return }
    try make("case", signed + ["--no-seal"])
    try shell("echo >> case/data/ledger.json")
    let refused = try seal("case")
    #expect(refused.status == 1 && refused.errors.contains("not sealed"))
    #expect(try events("case") == 5)
    let event = try String(contentsOfFile: scratch.path("case/custody/000005.json"), encoding: .utf8)
    #expect(event.contains(#""exit":1"#) && event.contains(#""error":"not sealed"#))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("case/seal")))
  }

  @Test func originalsElsewhereAreReadAgain() throws {
    guard exhibitProgram != nil else { return }
    try make("case", signed + ["--reference"])
    try shell("cd case && sha512sum --quiet --check --strict meta/external-sha512.txt")
    #expect(try verify("case").status == 0)
  }
}
