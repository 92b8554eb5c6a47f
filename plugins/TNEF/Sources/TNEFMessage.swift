import DecoderKit

/// The properties of a message, an attachment or a recipient that are no content.
struct PropertyRow {
  var numbers: [UInt16: UInt64] = [:]
  /// Texts and bytes, the first of several values.
  private(set) var values: [UInt16: (type: UInt16, bytes: [UInt8])] = [:]

  var isEmpty: Bool { numbers.isEmpty && values.isEmpty }

  mutating func add(_ property: PropertyList.Property, _ bytes: [UInt8]) {
    // Only what records tell is kept; its identifiers are below those of named properties.
    guard property.identifier < 0x8000, values[property.identifier] == nil else { return }
    values[property.identifier] = (property.type, bytes)
  }

  /// A text in UTF-8, without the zero at its end; nil of an empty one.
  func text(_ identifier: UInt16, _ charset: String?) -> [UInt8]? {
    guard let (type, bytes) = values[identifier] else { return nil }
    switch type {
    case 0x001e: return decodeText(bytes, charset)
    case 0x001f: return decodeText(bytes, "utf-16le")
    default: return nil
    }
  }

  func time(_ identifier: UInt16) -> CaptureTime? { numbers[identifier].flatMap { CaptureTime(fileTime: $0) } }
}

/// The text in UTF-8, up to its first zero; as it stands where its character set is not known. Nil of an empty one.
func decodeText(_ bytes: [UInt8], _ charset: String?) -> [UInt8]? {
  let text: [UInt8]
  if charset != "utf-16le", bytes.allSatisfy({ $0 < 0x80 }) {
    text = bytes
  } else {
    text = charset.flatMap { CharsetText.utf8(bytes, in: $0) } ?? bytes
  }
  let plain = Array(text.prefix { $0 != 0 })
  return plain.isEmpty ? nil : plain
}

/// What a message says of itself.
struct TNEFMessage {
  private struct Party {
    let field: String
    var name: [UInt8]?
    var address: [UInt8]?
  }

  var text: ContentHash?
  var html: ContentHash?
  var rtf: ContentHash?
  var attachmentCount = 0
  /// Recipients beyond the limit are left out.
  private(set) var hasPassedOver = false
  private var codePage: UInt32?
  private var messageClass: [UInt8]?
  private var subject: [UInt8]?
  private var messageID: [UInt8]?
  private var date: String?
  private var author: Party?
  private var recipients: [Party] = []
  private var row = PropertyRow()

  /// The character set of 8-bit texts, as ICU calls it.
  var charset: String? {
    switch codePage {
    case nil, 0: nil
    case 65_001: "utf-8"
    case 20_127: "us-ascii"
    case .some(let page) where (28_591...28_606).contains(page): "iso-8859-\(page - 28_590)"
    case .some(let page) where (1_250...1_258).contains(page): "windows-\(page)"
    case .some(let page): "cp\(page)"
    }
  }

  // MARK: Taking

  /// Takes an attribute that came whole.
  mutating func set(_ attribute: UInt16, _ bytes: [UInt8], _ attachment: inout TNEFAttachment?) {
    switch attribute {
    case TNEFSession.Attribute.codePage:
      guard bytes.count >= 4 else { return }
      codePage = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    case TNEFSession.Attribute.subject: subject = decodeText(bytes, charset)
    case TNEFSession.Attribute.messageClass: messageClass = decodeText(bytes, charset)
    case TNEFSession.Attribute.messageID: messageID = decodeText(bytes, charset)
    case TNEFSession.Attribute.dateSent: date = Self.date(bytes)
    case TNEFSession.Attribute.attachTitle: attachment?.title = decodeText(bytes, charset)
    case TNEFSession.Attribute.from: author = author ?? party(ofTriple: bytes)
    default: break
    }
  }

  /// Year, month, day, hour, minute, second and day of the week, two bytes each (MS-OXTNEF, 2.1.3.3.7).
  private static func date(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= 12 else { return nil }
    let parts = stride(from: 0, to: 12, by: 2).map { Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8 }
    let padded = parts.map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "\(padded[0])-\(padded[1])-\(padded[2]) \(padded[3]):\(padded[4]):\(padded[5])"
  }

  /// A name and an address behind four lengths (MS-OXTNEF, 2.1.3.3.3).
  private func party(ofTriple bytes: [UInt8]) -> Party? {
    guard bytes.count >= 8 else { return nil }
    let nameLength = Int(bytes[4]) | Int(bytes[5]) << 8
    let rest = bytes.dropFirst(8)
    let name = decodeText(Array(rest.prefix(nameLength)), charset)
    let address = decodeText(Array(rest.dropFirst(nameLength)), charset)
    guard name != nil || address != nil else { return nil }
    return Party(field: "from", name: name, address: address.map(Self.plain))
  }

  /// An address without the kind of address before it: `SMTP:`.
  private static func plain(_ address: [UInt8]) -> [UInt8] {
    address.prefix(5).equalsIgnoringCase("smtp:") ? Array(address.dropFirst(5)) : address
  }

  mutating func take(_ row: PropertyRow) {
    self.row = row
    if codePage == nil, let page = row.numbers[0x3ffd] ?? row.numbers[0x3fde] { codePage = UInt32(clamping: page) }
    let name = row.text(0x0042, charset) ?? row.text(0x0c1a, charset)
    let address =
      row.text(0x5d02, charset) ?? row.text(0x5d01, charset) ?? row.text(0x0065, charset) ?? row.text(0x0c1f, charset)
    if name != nil || address != nil {
      author = Party(field: "from", name: name ?? author?.name, address: address.map(Self.plain) ?? author?.address)
    }
  }

  mutating func take(recipient row: PropertyRow) {
    guard recipients.count < TNEFSession.maximumRecipientCount else {
      hasPassedOver = true
      return
    }
    let field =
      switch row.numbers[0x0c15] {
      case 2: "cc"
      case 3: "bcc"
      default: "to"
      }
    let address = row.text(0x39fe, charset) ?? row.text(0x3003, charset)
    let name = row.text(0x3001, charset)
    guard name != nil || address != nil else { return }
    recipients.append(Party(field: field, name: name, address: address.map(Self.plain)))
  }

  // MARK: Telling

  func fields(isComplete: Bool) -> Fields {
    var fields = Fields()
    if let name = row.text(0x001a, charset) ?? messageClass { fields.set("messageClass", wire: name) }
    if let subject = row.text(0x0037, charset) ?? subject { fields.set("subject", wire: subject) }
    if let author { fields.set("from", wire: Self.shown(author)) }
    for (name, identifier) in [("to", 0x0e04), ("cc", 0x0e03), ("bcc", 0x0e02)] as [(String, UInt16)] {
      if let names = row.text(identifier, charset) {
        fields.set(name, wire: names)
      } else {
        let list = recipients.filter { $0.field == name }.map(Self.shown)
        if !list.isEmpty { fields.set(name, wire: Array(list.joined(separator: [0x2c, 0x20]))) }
      }
    }
    let parties = (author.map { [$0] } ?? []) + recipients
    if !parties.isEmpty { fields.set("addresses", .list(parties.map(Self.entry))) }
    if let date { fields.set("date", date) }
    if let time = row.time(0x0039) { fields.set("submittedAt", time) }
    if let time = row.time(0x0e06) { fields.set("deliveredAt", time) }
    if let identifier = row.text(0x1035, charset) ?? messageID { fields.set("messageID", wire: identifier) }
    if let codePage { fields.set("codePage", codePage) }
    if let text { fields.set("textSha256", text.hex) }
    if let html { fields.set("htmlSha256", html.hex) }
    if let rtf { fields.set("rtfSha256", rtf.hex) }
    fields.set("attachmentCount", attachmentCount)
    fields.set("isComplete", isComplete)
    return fields
  }

  private static func shown(_ party: Party) -> [UInt8] {
    guard let name = party.name else { return party.address ?? [] }
    guard let address = party.address, address != name else { return name }
    return name + [0x20, 0x3c] + address + [0x3e]
  }

  private static func entry(_ party: Party) -> Value {
    var entry = Fields()
    entry.set("field", party.field)
    if let address = party.address { entry.set("address", wire: address) }
    if let name = party.name { entry.set("name", wire: name) }
    return .object(entry)
  }
}

/// An attachment while it comes; its content stays open until its name is known.
struct TNEFAttachment {
  var title: [UInt8]?
  var isWhole = true
  private var longName: [UInt8]?
  private var shortName: [UInt8]?
  private var displayName: [UInt8]?
  private var mediaType: [UInt8]?
  private var contentID: [UInt8]?
  private var createdAt: CaptureTime?
  private var modifiedAt: CaptureTime?
  private var data: ContentHandle?
  private var object: ContentHandle?
  private var isMessage = false

  var hasData: Bool { data != nil }

  /// Opens its content, or the object that it holds besides; nil when there is one of that kind already.
  mutating func open(
    _ mediaType: String?, isObject: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> ContentHandle? {
    guard (isObject ? object : data) == nil else { return nil }
    let handle = try sink.open(
      ContentDescription(role: "mail attachment", mediaType: mediaType ?? "", parameters: ""), from: side)
    if isObject {
      object = handle
      isMessage = mediaType != nil
    } else {
      data = handle
    }
    return handle
  }

  mutating func take(_ row: PropertyRow, _ charset: String?) {
    longName = row.text(0x3707, charset)
    displayName = row.text(0x3001, charset)
    shortName = row.text(0x3704, charset)
    mediaType = row.text(0x370e, charset)
    contentID = row.text(0x3712, charset)
    createdAt = row.time(0x3007)
    modifiedAt = row.time(0x3008)
  }

  /// Ends the artefacts; gives what the record tells.
  mutating func close(_ sink: inout EvidenceSink) -> (Fields, [ContentReference]) {
    var fields = Fields()
    let name = longName ?? shortName ?? title ?? displayName
    if let name { fields.set("fileName", wire: name) }
    if let short = shortName ?? title, short != name { fields.set("shortName", wire: short) }
    if let displayName, displayName != name { fields.set("displayName", wire: displayName) }
    if let mediaType { fields.set("mediaType", wire: mediaType) }
    if let contentID { fields.set("contentID", wire: contentID) }
    if let createdAt { fields.set("createdAt", createdAt) }
    if let modifiedAt { fields.set("modifiedAt", modifiedAt) }
    var stored: [ContentReference] = []
    for handle in [data, object].compactMap({ $0 }) {
      if let name { sink.name(handle, name) }
      if let one = sink.close(handle, isWhole: isWhole) { stored.append(one) }
    }
    if let first = stored.first { fields.set("sha256", first.hash.hex) }
    if stored.count > 1 { fields.set("objectSha256", stored[1].hash.hex) }
    fields.set("byteCount", stored.first?.byteCount ?? 0)
    if isMessage { fields.set("isMessage", true) }
    fields.set("isComplete", isWhole && stored.allSatisfy(\.isComplete))
    return (fields, stored)
  }
}
