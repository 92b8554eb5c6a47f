import SwiftASN1

/// The documents in a PEM file (RFC 7468).
struct PEMFile {
  /// The most documents in one file.
  static let most = 256

  let documents: [PEMDocument]

  /// Reads a file's bytes; nil when they are no PEM. Throws when they are, and damaged.
  init?(_ bytes: [UInt8], subject: String) throws(SigningError) {
    guard bytes.firstRange(of: Array("-----BEGIN ".utf8)) != nil else { return nil }
    if bytes.firstRange(of: Array("Proc-Type: 4,ENCRYPTED".utf8)) != nil {
      throw SigningError(
        .unsuitable, subject,
        "the key is encrypted in an old way; write it anew with `openssl pkcs8 -topk8 -v2 aes-256-cbc`")
    }
    // A document begins with a line of its own: text around it, which `openssl pkcs12` writes, is no part of it.
    do {
      documents = try PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw SigningError(.malformed, subject, "it is damaged: it begins like PEM and is none to its end")
    }
    guard documents.count <= Self.most else {
      throw SigningError(.malformed, subject, "it has more than \(Self.most) PEM documents")
    }
  }

  /// A document as a file's bytes, with a line feed at the end.
  static func bytes(_ kind: String, _ der: [UInt8]) -> [UInt8] {
    Array((PEMDocument(type: kind, derBytes: der).pemString + "\n").utf8)
  }
}
