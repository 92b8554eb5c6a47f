import ByteReading
public import EvidenceModel

/// A message with its sender, its receivers and its time around it (CPIM, RFC 3862).
///
/// Header fields stand as they were written, escapes (2.3.2) and all. Limits: those of `MessageHead` for either head.
public struct CPIMMessage: Hashable, Sendable {
  public static let mediaType = "message/cpim"

  /// Fields of the message: From, To, DateTime, Subject, and those of extensions.
  public let head: MessageHead
  /// Fields of its content (RFC 2045), such as Content-Type.
  public let contentHead: MessageHead
  /// Where the content begins.
  public let contentOffset: Int

  /// Reads both heads from the front; nil when the second has not ended, or the first is none of CPIM.
  public init?(_ bytes: RawSpan) {
    guard let head = try? MessageHead(bytes, hasStartLine: false), !head.fields.isEmpty,
      let inner = try? MessageHead(bytes.extracting(head.byteCount..<bytes.byteCount), hasStartLine: false)
    else { return nil }
    self.head = head
    contentHead = inner
    contentOffset = head.byteCount + inner.byteCount
  }

  /// The type of the content; text without more where none is named (RFC 2045, 5.2).
  public var mediaType: MediaType { MediaType(contentHead.first("Content-Type") ?? Array("text/plain".utf8)) }

  /// What must be undone to have the content (RFC 2045, 6).
  public var codings: [ContentCoding] {
    ContentCoding(transferCoding: contentHead.first("Content-Transfer-Encoding") ?? []).map { [$0] } ?? []
  }

  /// Sets what records tell of it: `cpimFrom`, `cpimFromName`, `cpimTo`, `writtenAt`, `cpimSubject`, `cpimHeaders`.
  public func place(in fields: inout Fields) {
    if let from = head.first("From") {
      let party = Self.address(from)
      fields.set("cpimFrom", wire: party.address)
      if !party.name.isEmpty { fields.set("cpimFromName", wire: party.name) }
    }
    let receivers = head.all("To").map { Self.address($0).address }
    if !receivers.isEmpty { fields.set("cpimTo", wire: Array(receivers.joined(separator: [0x2c, 0x20]))) }
    if let text = head.first("DateTime"), let time = CaptureTime(rfc3339: String(decoding: text, as: UTF8.self)) {
      fields.set("writtenAt", time)
    }
    if let subject = head.first("Subject") { fields.set("cpimSubject", wire: subject) }
    fields.set("cpimHeaders", head.fields.listed())
  }

  /// The fields that `place` sets, for a kind's declaration.
  public static let declarations = [
    FieldDeclaration("cpimFrom", .text, "the message's sender by its own words (CPIM)"),
    FieldDeclaration("cpimFromName", .text, "that sender's name"),
    FieldDeclaration("cpimTo", .text, "the message's receivers by its own words (CPIM)"),
    FieldDeclaration("writtenAt", .time, "when it was written, by its own words (CPIM)"),
    FieldDeclaration("cpimSubject", .text, "its subject (CPIM)"),
    FieldDeclaration("cpimHeaders", .list, "all header fields of CPIM: name, value"),
  ]

  /// Splits `"Name" <address>`; without brackets all of it is the address.
  public static func address(_ value: [UInt8]) -> (name: [UInt8], address: [UInt8]) {
    guard let open = value.lastIndex(of: 0x3c), let close = value[open...].firstIndex(of: 0x3e) else {
      return ([], value)
    }
    var name = value[..<open].trimmed
    if name.count >= 2, name.first == 0x22, name.last == 0x22 { name = Array(name.dropFirst().dropLast()) }
    return (name, value[(open + 1)..<close].trimmed)
  }
}
