import Signing
import Testing

@Suite struct SignatureAlgorithmTests {
  @Test func namesAreStable() {
    #expect(SignatureAlgorithm.allCases.map(\.rawValue) == ["ecdsa-p256-sha256", "ecdsa-p384-sha384", "rsa-sha256"])
  }
}
