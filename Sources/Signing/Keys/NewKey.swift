import Foundation

/// A key that was made just now, to be written.
public struct NewKey: Sendable {
  private let software: SoftwareKey

  public init(_ kind: KeyKind) throws(SigningError) { software = try SoftwareKey(kind) }

  /// The holder of a new key, who asks for a certificate or practises with one.
  public var certification: Certification {
    Certification(key: software, publicKey: software.publicKey)
  }

  /// The key as a PEM file: encrypted with `secret`.
  public func file(_ secret: borrowing Secret, subject: String) throws(SigningError) -> [UInt8] {
    PEMFile.bytes("ENCRYPTED PRIVATE KEY", try EncryptedKeyFile.encrypt(software.pkcs8, secret, subject: subject))
  }

  /// The key as a PEM file that everybody who reads it can use.
  public func unprotectedFile() -> [UInt8] { PEMFile.bytes("PRIVATE KEY", software.pkcs8) }
}

/// New files, all of them or none.
public struct NewFiles {
  private var files: [(path: String, bytes: [UInt8], mode: mode_t)] = []

  public init() {}

  /// Adds a file that only its owner may read.
  public mutating func add(secret bytes: [UInt8], _ path: String) { files.append((path, bytes, 0o600)) }
  /// Adds a file that everybody may read.
  public mutating func add(_ bytes: [UInt8], _ path: String) { files.append((path, bytes, 0o644)) }

  /// Writes them. Throws, and leaves none of them, when one exists or cannot be written.
  public func write() throws(SigningError) {
    var done: [String] = []
    for file in files {
      do throws(SigningError) {
        try SmallFile.write(file.bytes, to: file.path, mode: file.mode)
        done.append(file.path)
      } catch {
        // Safe: the paths are strings of ours, of files that we made.
        for path in done { unsafe unlink(path) }
        throw error
      }
    }
  }
}
