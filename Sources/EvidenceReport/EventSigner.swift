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
  var shortCertificate: String? { certificate.map(Self.short) }

  private static func short(_ certificate: String) -> String {
    certificate.count > 16 ? "\(certificate.prefix(16))…" : certificate
  }

  /// Whether and with which certificate it is signed, in words.
  func signature(_ html: inout HTMLWriter) {
    Self.signature(certificate.map { [$0] } ?? [], isThere: hasSignature, &html)
  }

  /// Whether an event is signed, and with which of the certificates that it names.
  static func signature(_ certificates: [String], isThere: Bool, _ html: inout HTMLWriter) {
    guard !certificates.isEmpty else {
      return html.text(isThere ? "a signature lies beside it, but the event names no certificate" : "not signed")
    }
    guard isThere else { return html.missing("names a certificate, but the signature is not there") }
    html.text(certificates.count == 1 ? "signed with the certificate " : "signed with the certificates ")
    for (place, certificate) in certificates.enumerated() {
      if place > 0 { html.text(" and ") }
      html.element(.code, [.class("hash")]) { $0.captured(short(certificate)) }
    }
    html.text(", not checked here")
  }
}
