import Foundation
import Signing
import TestSupport
import Testing

/// A folder in which keys are made with openssl, which is also the judge of what we make.
struct KeyWorkshop {
  let folder = try! TemporaryFolder()

  static let passPhrase = "correct horse battery"

  func path(_ name: String) -> String { folder.path(name) }

  /// Runs openssl in the folder. Throws, with what it printed, when it fails.
  @discardableResult func openssl(_ arguments: String...) throws -> ProgramResult {
    let result = try run(try #require(program("openssl")), arguments, in: folder.url)
    try #require(result.status == 0, "openssl \(arguments.joined(separator: " ")): \(result.errors)")
    return result
  }

  /// The pass-phrase in a file that only its owner can read.
  func secret(_ text: String = passPhrase, _ name: String = "secret") throws -> PassPhrase {
    let path = try folder.write(Array("\(text)\n".utf8), name)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    return .file(path)
  }

  func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.url(name))) }

  /// Whether openssl verifies our signature with the public key in a PEM file.
  func verifies(_ key: any SigningKey, publicKey: String) throws -> Bool {
    let message = Array("what was found\n".utf8)
    _ = try folder.write(message, "message")
    _ = try folder.write(try key.signature(over: message), "signature")
    let digest = key.algorithm == .ecdsaP384SHA384 ? "-sha384" : "-sha256"
    let result = try run(
      try #require(program("openssl")),
      ["dgst", digest, "-verify", publicKey, "-signature", "signature", "message"], in: folder.url)
    return result.status == 0 && result.text.contains("Verified OK")
  }

  /// What opening fails with.
  func failure(_ address: String, _ passPhrase: PassPhrase = .descriptor(-1)) -> SigningError? {
    do throws(SigningError) {
      _ = try OpenedKey(address, passPhrase)
      return nil
    } catch { return error }
  }
}
