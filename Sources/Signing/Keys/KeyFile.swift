import Foundation
import SwiftASN1

/// A file with a private key: PEM or DER, PKCS#8, SEC 1 or PKCS#1, or PKCS#12 with certificates.
struct KeyFile {
  let key: SoftwareKey
  /// The certificates that lay beside the key, in DER.
  let certificates: [[UInt8]]

  /// Reads the file, and asks for the pass-phrase only when it is encrypted.
  init(_ path: String, _ passPhrase: PassPhrase) throws(SigningError) {
    let bytes = try SmallFile.read(path)
    guard let file = try PEMFile(bytes, subject: path) else {
      guard let form = PrivateKeyForm(bytes) else { throw Self.unknown(path) }
      (key, certificates) = try Self.open(bytes, form, path, passPhrase)
      return
    }
    let keys = file.documents.filter { $0.discriminator.hasSuffix("PRIVATE KEY") }
    guard let document = keys.first else { throw Self.unknown(path) }
    guard keys.count == 1 else { throw SigningError(.unsuitable, path, "there are several private keys in it") }
    let form: PrivateKeyForm =
      switch document.discriminator {
      case "PRIVATE KEY": .pkcs8
      case "EC PRIVATE KEY": .sec1
      case "RSA PRIVATE KEY": .pkcs1
      case "ENCRYPTED PRIVATE KEY": .encrypted
      default: throw SoftwareKey.unsuitable(path, "it is of the kind \"\(document.discriminator)\"")
      }
    key = try Self.open(document.derBytes, form, path, passPhrase).key
    certificates = try CertificateFile.certificates(in: file, subject: path)
  }

  /// Opens a key in DER, with the certificates that a PKCS#12 file has.
  private static func open(
    _ der: [UInt8], _ form: PrivateKeyForm, _ path: String, _ passPhrase: PassPhrase
  ) throws(SigningError) -> (key: SoftwareKey, certificates: [[UInt8]]) {
    switch form {
    case .pkcs8, .sec1, .pkcs1: return (try SoftwareKey(der, as: form, subject: path), [])
    case .encrypted:
      let plain = try EncryptedKeyFile.decrypt(der, try passPhrase.read(for: path), subject: path)
      return (try SoftwareKey(plain, as: .pkcs8, subject: path), [])
    case .pkcs12:
      let opened = try EncryptedKeyFile.open(pkcs12: der, try passPhrase.read(for: path), subject: path)
      return (try SoftwareKey(opened.key, as: .pkcs8, subject: path), opened.certificates)
    }
  }

  private static func unknown(_ path: String) -> SigningError {
    SigningError(.malformed, path, "there is no private key of a known form in it (PKCS#8, SEC 1, PKCS#1, PKCS#12)")
  }

  /// Says that others can read a file with a secret; nil when they cannot, or there is none.
  static func warning(_ path: String) -> String? {
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
      attributes[.type] as? FileAttributeType == .typeRegular,
      let mode = attributes[.posixPermissions] as? NSNumber, mode.uint16Value & 0o077 != 0
    else { return nil }
    return "\(path): others than its owner can read or write it (chmod 600)"
  }
}
