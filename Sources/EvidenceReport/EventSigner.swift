import EvidenceModel

/// Who did something, as an event of the chain of custody names them, and whether a signature lies beside the event.
///
/// Nothing is checked here: that needs certificates which the reader trusts.
struct EventSigner: Hashable {
  let name: String?
  let role: String?
  /// The SHA-256 of the certificate that the event names; nil when it names none.
  let certificate: String?
  let hasSignature: Bool

  /// Reads it from an event; `event` is its file's name, such as `000001.json`.
  init(_ fields: Fields, event: String, in contents: BundleContents) {
    let actor = fields.object("actor")
    name = actor?.text("id")
    role = actor?.text("role")
    certificate = actor?.text("cert")
    hasSignature = contents.size("custody/\(event).p7s") != nil
  }

  /// The first digits of the certificate's hash, enough to tell certificates apart by eye.
  var shortCertificate: String? { certificate.map { $0.count > 16 ? "\($0.prefix(16))…" : $0 } }

  /// Whether and with which certificate it is signed, in words.
  func signature(_ html: inout HTMLWriter) {
    switch (certificate, hasSignature) {
    case (_?, true):
      html.text("signed with the certificate ")
      html.element(.code, [.class("hash")]) { $0.captured(shortCertificate ?? "") }
      html.text(", not checked here")
    case (_?, false): html.missing("names a certificate, but the signature is not there")
    case (nil, true): html.text("a signature lies beside it, but the event names no certificate")
    case (nil, false): html.text("not signed")
    }
  }
}
