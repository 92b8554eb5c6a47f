import Crypto
import Foundation
import Testing

@testable import MediaReading

/// SRTP by keys of the signalling. Calls of real user agents are compared in scripts/tests.d/voice.
@Suite struct SecurityTests {
  private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).compactMap { place in
      let start = digits.index(digits.startIndex, offsetBy: place)
      return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
    }
  }

  private func key(_ suite: String, _ master: [UInt8], _ parameters: String = "") throws -> SecurityDescription {
    let text = "1 \(suite) inline:\(Data(master).base64EncodedString())\(parameters)"
    return try #require(SecurityDescription.keys(text).first)
  }

  /// The vectors of RFC 3711, B.3.
  @Test func derivesSessionKeysAsTheStandardDoes() throws {
    let master = bytes("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6")
    let description = try key("AES_CM_128_HMAC_SHA1_80", master)
    #expect(SecureTransform.derive(0, 16, description) == bytes("C61E7A93744F39EE10734AFE3FF7A087"))
    #expect(SecureTransform.derive(2, 14, description) == bytes("30CBBC08863D8C85D49DB34A9AE1"))
    #expect(
      SecureTransform.derive(1, 20, description)?.prefix(16).elementsEqual(bytes("CEBE321F6FF7716B6FD4AB49AF256A15"))
        == true)
  }

  @Test func readsKeysOfDescriptions() {
    let long = Data(repeating: 7, count: 30).base64EncodedString()
    #expect(SecurityDescription.keys("1 AES_CM_128_HMAC_SHA1_80 inline:\(long)").count == 1)
    #expect(SecurityDescription.keys("1 AES_CM_128_HMAC_SHA1_32 inline:\(long)|2^20|1:4").first?.identifierLength == 4)
    #expect(SecurityDescription.keys("1 AES_CM_128_HMAC_SHA1_80 inline:\(long)|2^20").first?.identifierLength == 0)
    #expect(SecurityDescription.keys("1 AES_CM_128_HMAC_SHA1_80 inline:\(long);inline:\(long)|1:1").count == 2)
    #expect(
      SecurityDescription.keys("1 AES_CM_128_HMAC_SHA1_80 inline:\(long) UNENCRYPTED_SRTP").first?.isEncrypted == false)
    for bad in [
      "", "1", "1 AES_CM_128_HMAC_SHA1_80", "1 AES_CM_128_HMAC_SHA1_80 inline:",
      "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
      "1 AES_CM_128_HMAC_SHA1_80 inline:\(long)|1:0",
      "1 AES_CM_128_HMAC_SHA1_80 inline:\(long)|1:999999999999999999999",
      "1 AES_CM_128_HMAC_SHA1_80 inline:\(long) KDR=1", "1 AES_CM_128_HMAC_SHA1_80 inline:\(long) UNAUTHENTICATED_SRTP",
      "1 F8_128_HMAC_SHA1_80 inline:\(long)", "1 AES_256_CM_HMAC_SHA1_80 inline:\(long)",
    ] {
      #expect(SecurityDescription.keys(bad).isEmpty, "\(bad)")
    }
  }

  @Test func opensNothingThatIsNotAuthentic() throws {
    var transform = try #require(SecureTransform(try key("AES_CM_128_HMAC_SHA1_80", [UInt8](repeating: 1, count: 30))))
    var gcm = try #require(SecureTransform(try key("AEAD_AES_128_GCM", [UInt8](repeating: 1, count: 28))))
    for count in 0..<60 {
      let packet = (0..<count).map { UInt8($0 * 7 & 0xff) }
      #expect(transform.open(packet, headerLength: 12) == nil)
      #expect(gcm.open(packet, headerLength: 12) == nil)
      #expect(transform.open(packet, headerLength: 4_000) == nil)
    }
  }

  /// What libsrtp protected, by GStreamer.
  @Test(arguments: [
    ("AES_CM_128_HMAC_SHA1_80", "aes-128-icm", "hmac-sha1-80", 30),
    ("AES_CM_128_HMAC_SHA1_32", "aes-128-icm", "hmac-sha1-32", 30),
    ("AES_256_CM_HMAC_SHA1_80", "aes-256-icm", "hmac-sha1-80", 46), ("AEAD_AES_128_GCM", "aes-128-gcm", "null", 28),
    ("AEAD_AES_256_GCM", "aes-256-gcm", "null", 44),
  ]) func opensWhatLibsrtpProtected(_ suite: String, _ cipher: String, _ authentication: String, _ length: Int) throws {
    let master = (0..<length).map { UInt8($0 * 11 & 0xff) }
    let digits = master.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    // The sequence number wraps after ten packets.
    let pipeline =
      "audiotestsrc num-buffers=40 samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! alawenc"
      + " ! rtppcmapay seqnum-offset=65525 max-ptime=20000000 ! tee name=t t. ! queue ! rtpstreampay ! filesink location=clear"
      + " t. ! queue ! srtpenc key=\(digits) rtp-cipher=\(cipher) rtp-auth=\(authentication) rtcp-cipher=\(cipher) rtcp-auth=\(authentication)"
      + " ! application/x-srtp ! rtpstreampay ! filesink location=secret"
    guard let sent = try sentByGStreamer(pipeline) else { return }
    let (clear, secret) = try (framed(sent.file("clear")), framed(sent.file("secret")))
    #expect(clear.count == 40 && secret.count == 40)
    var transform = try #require(SecureTransform(try key(suite, master)))
    var other = try #require(SecureTransform(try key(suite, master.reversed())))
    for (plain, protected) in zip(clear, secret) {
      #expect(plain != protected)
      #expect(other.open(protected, headerLength: 12) == nil)
      var changed = protected
      changed[20] ^= 1
      #expect(transform.open(changed, headerLength: 12) == nil)
      #expect(transform.open(protected, headerLength: 12) == Array(plain.dropFirst(12)))
    }
  }
}
