import Crypto
import CryptoExtras
import Foundation

/// Takes the protection of SRTP from packets of one stream (RFC 3711; RFC 6188 and RFC 7714 for longer keys and AES-GCM).
///
/// Debian's libsrtp2 rests on NSS, which loads modules and reads files while it runs, and so does not run in the sandbox; the ciphers
/// here are swift-crypto's, and what is around them is this file.
struct SecureTransform {
  private let description: SecurityDescription
  private let cipherKey: SymmetricKey
  private let authenticationKey: SymmetricKey
  private let salt: [UInt8]
  /// The highest index so far: how often the sequence number wrapped, and itself (RFC 3711, 3.3.1).
  private var highest: UInt64?

  /// Nil when the cipher refuses the key.
  init?(_ description: SecurityDescription) {
    let suite = description.suite
    guard let key = Self.derive(0, suite.keyLength, description),
      let salt = Self.derive(2, suite.saltLength, description),
      let authentication = Self.derive(1, 20, description)
    else { return nil }
    self.description = description
    cipherKey = SymmetricKey(data: key)
    authenticationKey = SymmetricKey(data: authentication)
    self.salt = salt
  }

  /// A session key: AES in counter mode over the label and the master salt (RFC 3711, 4.3.3).
  static func derive(_ label: UInt8, _ count: Int, _ description: SecurityDescription) -> [UInt8]? {
    // A salt of 96 bits stands in the highest bits (RFC 7714, 11).
    var counter = description.masterSalt + [UInt8](repeating: 0, count: 16 - description.masterSalt.count)
    counter[7] ^= label
    return crypt([UInt8](repeating: 0, count: count), SymmetricKey(data: description.masterKey), counter)
  }

  private static func crypt(_ bytes: [UInt8], _ key: SymmetricKey, _ counter: [UInt8]) -> [UInt8]? {
    guard let nonce = try? AES._CTR.Nonce(nonceBytes: counter) else { return nil }
    return (try? AES._CTR.encrypt(bytes, using: key, nonce: nonce)).map { [UInt8]($0) }
  }

  /// The payload of a packet, whose header has `headerLength` bytes; nil when its tag is not by this key.
  mutating func open(_ packet: [UInt8], headerLength: Int) -> [UInt8]? {
    let suite = description.suite
    let tail = (suite.isGCM ? 0 : suite.tagLength) + description.identifierLength
    guard headerLength >= 12, packet.count >= headerLength + tail + (suite.isGCM ? suite.tagLength : 0) else {
      return nil
    }
    let sequence = UInt64(packet[2]) << 8 | UInt64(packet[3])
    for index in candidates(sequence) {
      guard let payload = open(packet, headerLength, index) else { continue }
      highest = max(highest ?? index, index)
      return payload
    }
    return nil
  }

  /// Indices that a sequence number may stand for: the nearest to the highest so far, and at the beginning that after a few wraps.
  private func candidates(_ sequence: UInt64) -> [UInt64] {
    guard let highest else { return (0..<Self.maximumInitialWraps).map { $0 << 16 | sequence } }
    let wraps = highest >> 16
    let last = highest & 0xffff
    if sequence + 0x8000 < last { return [(wraps + 1) << 16 | sequence, wraps << 16 | sequence] }
    if last + 0x8000 < sequence, wraps > 0 { return [(wraps - 1) << 16 | sequence, wraps << 16 | sequence] }
    return [wraps << 16 | sequence]
  }

  /// Wraps of the sequence number that a recording which begins late may have missed.
  static let maximumInitialWraps: UInt64 = 16

  private func open(_ packet: [UInt8], _ headerLength: Int, _ index: UInt64) -> [UInt8]? {
    let rollover = UInt32(truncatingIfNeeded: index >> 16)
    let source = Array(packet[8..<12])
    let wraps = (0..<4).map { UInt8(truncatingIfNeeded: rollover >> (24 - 8 * UInt32($0))) }
    if description.suite.isGCM {
      // 00 00, the source, wraps and sequence number, with the salt (RFC 7714, 8.1).
      let plain = [0, 0] + source + wraps + packet[2..<4]
      let initial = zip(plain, salt).map { $0 ^ $1 }
      let end = packet.count - description.identifierLength
      let sealed = packet[headerLength..<end]
      guard let nonce = try? AES.GCM.Nonce(data: initial),
        let box = try? AES.GCM.SealedBox(
          nonce: nonce, ciphertext: sealed.dropLast(description.suite.tagLength),
          tag: sealed.suffix(description.suite.tagLength)),
        let payload = try? AES.GCM.open(box, using: cipherKey, authenticating: packet[0..<headerLength])
      else { return nil }
      return [UInt8](payload)
    }
    let tag = packet.suffix(description.suite.tagLength)
    let end = packet.count - description.suite.tagLength - description.identifierLength
    var code = HMAC<Insecure.SHA1>(key: authenticationKey)
    code.update(data: packet[0..<end])
    code.update(data: wraps)
    guard code.finalize().prefix(tag.count).elementsEqual(tag) else { return nil }
    let payload = Array(packet[headerLength..<end])
    guard description.isEncrypted else { return payload }
    // (salt << 16) xor (source << 64) xor (index << 16) (RFC 3711, 4.1.1).
    var counter = salt + [0, 0]
    for place in 0..<4 { counter[4 + place] ^= source[place] }
    for place in 0..<6 { counter[8 + place] ^= UInt8(truncatingIfNeeded: index >> (40 - 8 * UInt64(place))) }
    return payload.isEmpty ? [] : Self.crypt(payload, cipherKey, counter)
  }
}
