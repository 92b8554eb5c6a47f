import CKeyFiles
import Foundation
import SwiftASN1

/// Key files behind a pass-phrase: PKCS#8 with PBES2 (RFC 8018, 6.2) and PKCS#12 (RFC 7292).
///
/// All of libcrypto that Exhibit uses is in this file. It reads no configuration, so that nobody's file decides what
/// code it loads; only its own provider is there, which has none of the broken ciphers.
enum EncryptedKeyFile {
  /// How often a file may ask for a hash to be repeated, so that a hostile one cannot keep us for hours.
  static let mostIterations: Int64 = 10_000_000
  /// How often we repeat it for a new key (OWASP's number for PBKDF2 with HMAC-SHA-256).
  static let iterations: Int32 = 600_000
  /// Certificates that are taken from a PKCS#12 file.
  static let mostCertificates = 64

  /// Decrypts a PKCS#8 key; both forms are DER.
  static func decrypt(
    _ encrypted: [UInt8], _ secret: borrowing Secret, subject: String
  ) throws(SigningError) -> [UInt8] {
    try checkCost(encrypted, subject)
    start()
    // Safe: the array's memory outlives the call, which reads no more than its length.
    let parsed = unsafe encrypted.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return unsafe d2i_X509_SIG(nil, &cursor, bytes.count)
    }
    guard let parsed = unsafe parsed else { throw malformed(subject) }
    defer { unsafe X509_SIG_free(parsed) }
    // Safe: the secret is read within the call.
    let plain = unsafe secret.withBytes { text, count in
      unsafe text.withMemoryRebound(to: CChar.self, capacity: count + 1) {
        unsafe PKCS8_decrypt(parsed, $0, Int32(count))
      }
    }
    guard let plain = unsafe plain else { throw refusal(subject) }
    defer { unsafe PKCS8_PRIV_KEY_INFO_free(plain) }
    return try unsafe bytes(of: plain, subject)
  }

  /// Encrypts a PKCS#8 key with AES-256 in CBC and PBKDF2 with HMAC-SHA-256; both forms are DER.
  static func encrypt(_ plain: [UInt8], _ secret: borrowing Secret, subject: String) throws(SigningError) -> [UInt8] {
    start()
    // Safe: the array's memory outlives the call, which reads no more than its length.
    let parsed = unsafe plain.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, &cursor, bytes.count)
    }
    guard let parsed = unsafe parsed else { throw malformed(subject) }
    defer { unsafe PKCS8_PRIV_KEY_INFO_free(parsed) }
    // Safe: nil stands for a random salt of 16 bytes and a random initialisation vector; the algorithm's object goes to
    // the encrypted key, or is freed here.
    guard
      let algorithm = unsafe PKCS5_pbe2_set_iv(
        EVP_aes_256_cbc(), iterations, nil, 16, nil, Int32(NID_hmacWithSHA256))
    else { throw failure(subject) }
    // Safe: the secret is read within the call.
    let encrypted = unsafe secret.withBytes { text, count in
      unsafe text.withMemoryRebound(to: CChar.self, capacity: count + 1) {
        unsafe PKCS8_set0_pbe($0, Int32(count), parsed, algorithm)
      }
    }
    guard let encrypted = unsafe encrypted else {
      unsafe X509_ALGOR_free(algorithm)
      throw failure(subject)
    }
    defer { unsafe X509_SIG_free(encrypted) }
    var memory: UnsafeMutablePointer<UInt8>?
    // Safe: the library allocates, and the result says how much.
    let count = unsafe i2d_X509_SIG(encrypted, &memory)
    return try unsafe take(memory, count, subject)
  }

  /// Opens a PKCS#12 file: its key as PKCS#8 in DER, and its certificates in DER, the key's own first.
  static func open(
    pkcs12 file: [UInt8], _ secret: borrowing Secret, subject: String
  ) throws(SigningError) -> (key: [UInt8], certificates: [[UInt8]]) {
    start()
    // Safe: the array's memory outlives the call, which reads no more than its length.
    let parsed = unsafe file.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return unsafe d2i_PKCS12(nil, &cursor, bytes.count)
    }
    guard let parsed = unsafe parsed else { throw malformed(subject) }
    defer { unsafe PKCS12_free(parsed) }
    // What stands behind a right MAC was written by somebody who knows the pass-phrase: only the MAC's cost is checked.
    guard unsafe PKCS12_mac_present(parsed) == 1 else {
      throw SigningError(.unsuitable, subject, "the PKCS#12 file has no MAC, so that nobody can tell who wrote it")
    }
    var count: UnsafePointer<ASN1_INTEGER>?
    // Safe: the number belongs to the parsed file.
    unsafe PKCS12_get0_mac(nil, nil, nil, &count, parsed)
    var repeats: Int64 = 1
    if let count = unsafe count, unsafe ASN1_INTEGER_get_int64(&repeats, count) != 1 { repeats = .max }
    guard repeats <= mostIterations else { throw tooCostly(subject) }

    var key: OpaquePointer?
    var certificate: OpaquePointer?
    var others: OpaquePointer?
    // Safe: the secret is read within the call and ends with a zero; the objects are ours from then on.
    let opened = unsafe secret.withBytes { text, count in
      unsafe text.withMemoryRebound(to: CChar.self, capacity: count + 1) {
        unsafe PKCS12_parse(parsed, $0, &key, &certificate, &others)
      }
    }
    defer {
      // Safe: each was made by PKCS12_parse, is freed once, and may be nil.
      unsafe EVP_PKEY_free(key)
      unsafe X509_free(certificate)
      while let other = unsafe OPENSSL_sk_pop(others) { unsafe X509_free(OpaquePointer(other)) }
      unsafe OPENSSL_sk_free(others)
    }
    guard opened == 1 else { throw refusal(subject) }
    guard let key = unsafe key else {
      throw SigningError(.malformed, subject, "there is no private key in the PKCS#12 file")
    }
    guard let plain = unsafe EVP_PKEY2PKCS8(key) else { throw failure(subject) }
    defer { unsafe PKCS8_PRIV_KEY_INFO_free(plain) }

    var certificates: [[UInt8]] = []
    if let certificate = unsafe certificate {
      certificates.append(try unsafe bytes(ofCertificate: certificate, subject))
    }
    // Safe: the index is below the stack's count, which is -1 for none.
    for index in 0..<max(0, unsafe OPENSSL_sk_num(others)) {
      guard certificates.count < mostCertificates, let other = unsafe OPENSSL_sk_value(others, index) else { break }
      certificates.append(try unsafe bytes(ofCertificate: OpaquePointer(other), subject))
    }
    return (try unsafe bytes(of: plain, subject), certificates)
  }

  // MARK: What it would cost

  /// Refuses what is no PBES2, and numbers with which deriving the key would take hours or gigabytes.
  private static func checkCost(_ encrypted: [UInt8], _ subject: String) throws(SigningError) {
    let parameters: (function: ASN1ObjectIdentifier, numbers: [Int64])?
    do {
      parameters = try DER.sequence(DER.parse(encrypted), identifier: .sequence) { members in
        let parameters = try algorithm(&members, .pbes2) { members in
          let function = try members.nested { members in
            let function = try ASN1ObjectIdentifier(derEncoded: &members)
            let numbers = try members.nested { members in
              _ = try ASN1OctetString(derEncoded: &members)
              var numbers: [Int64] = []
              while let node = members.next() {
                if node.identifier == .integer { numbers.append(try Int64(derEncoded: node)) }
              }
              return numbers
            }
            return (function, numbers)
          }
          while members.next() != nil {}
          return function
        }
        while members.next() != nil {}
        return parameters
      }
    } catch { throw malformed(subject) }
    switch (parameters?.function, parameters?.numbers.first) {
    case (.pbkdf2?, let count?):
      guard count > 0, count <= mostIterations else { throw tooCostly(subject) }
    case (.scrypt?, _?):
      // N, r and p (RFC 7914, 2); the work is their product, which the first condition keeps from overflowing.
      let factors = parameters?.numbers.prefix(3) ?? []
      guard factors.count == 3, factors.allSatisfy({ (1...1 << 20).contains($0) }), factors.reduce(1, *) <= 1 << 22
      else { throw tooCostly(subject) }
    default:
      throw SigningError(
        .unsuitable, subject,
        "the key is encrypted in an old way; write it anew with `openssl pkcs8 -topk8 -v2 aes-256-cbc`")
    }
  }

  /// Reads an AlgorithmIdentifier's parameters with `body` when it names `wanted`; nil for any other.
  private static func algorithm<Parameters>(
    _ members: inout ASN1NodeCollection.Iterator, _ wanted: ASN1ObjectIdentifier,
    _ body: (inout ASN1NodeCollection.Iterator) throws -> Parameters
  ) throws -> Parameters? {
    try members.nested { members -> Parameters? in
      guard try ASN1ObjectIdentifier(derEncoded: &members) == wanted else {
        while members.next() != nil {}
        return nil
      }
      return try members.nested(body)
    }
  }

  // MARK: Bytes and errors

  /// Starts the library without its configuration file; it does so once, however often it is asked.
  private static func start() {
    _ = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil)
    ERR_clear_error()
  }

  @unsafe private static func bytes(of key: OpaquePointer, _ subject: String) throws(SigningError) -> [UInt8] {
    var memory: UnsafeMutablePointer<UInt8>?
    // Safe: the library allocates, and the result says how much.
    let count = unsafe i2d_PKCS8_PRIV_KEY_INFO(key, &memory)
    return try unsafe take(memory, count, subject)
  }

  @unsafe private static func bytes(
    ofCertificate certificate: OpaquePointer, _ subject: String
  ) throws(SigningError) -> [UInt8] {
    var memory: UnsafeMutablePointer<UInt8>?
    // Safe: the library allocates, and the result says how much.
    let count = unsafe i2d_X509(certificate, &memory)
    return try unsafe take(memory, count, subject)
  }

  /// Copies what libcrypto allocated, and wipes and frees it.
  @unsafe private static func take(
    _ memory: UnsafeMutablePointer<UInt8>?, _ count: Int32, _ subject: String
  ) throws(SigningError) -> [UInt8] {
    guard count > 0, let memory = unsafe memory else { throw failure(subject) }
    // Safe: libcrypto wrote `count` bytes there.
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: memory, count: Int(count)))
    unsafe CRYPTO_clear_free(memory, Int(count), nil, 0)
    return bytes
  }

  /// Why libcrypto would not decrypt: it lacks the cipher, or the pass-phrase is wrong.
  private static func refusal(_ subject: String) -> SigningError {
    var isUnsupported = false
    // The queue holds at most 16 errors.
    for _ in 0..<16 {
      let code = ERR_get_error()
      if code == 0 { break }
      // ERR_R_UNSUPPORTED, whose macro Swift does not see.
      if ERR_GET_REASON(code) == 268 | 2 << 18 { isUnsupported = true }
    }
    ERR_clear_error()
    return isUnsupported
      ? SigningError(
        .unsuitable, subject,
        "it is encrypted with a broken or unknown cipher, such as 40-bit RC2; export it anew with AES (docs/keys.md)")
      : SigningError(.passPhrase, subject, "the pass-phrase is wrong, or the file is damaged")
  }

  private static func malformed(_ subject: String) -> SigningError {
    SigningError(.malformed, subject, "the encrypted key is damaged")
  }

  private static func tooCostly(_ subject: String) -> SigningError {
    SigningError(.unsuitable, subject, "deriving its key would take too long or too much memory")
  }

  private static func failure(_ subject: String) -> SigningError {
    ERR_clear_error()
    return SigningError(.unsuitable, subject, "libcrypto cannot handle the key")
  }
}

extension ASN1ObjectIdentifier {
  /// RFC 8018, A.2 and A.4; RFC 7914, 7.
  fileprivate static let pbes2: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 13]
  fileprivate static let pbkdf2: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 12]
  fileprivate static let scrypt: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 11591, 4, 11]
}
