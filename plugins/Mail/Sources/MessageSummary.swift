import DecoderKit

/// What a message says of itself, and what was found in it.
struct MessageSummary {
  let head: MessageHead
  var partCount = 0
  private var attachmentCount = 0
  private var text: (hash: ContentHash, charset: [UInt8]?)?
  private var html: ContentHash?

  init(_ head: MessageHead) { self.head = head }

  /// Notes a part that has ended.
  mutating func add(_ part: OpenPart, _ body: ContentReference?) {
    if part.isAttachment {
      attachmentCount += 1
      return
    }
    guard let body else { return }
    switch part.mediaType.name {
    case "text/plain": if text == nil { text = (body.hash, part.mediaType.parameter("charset")) }
    case "text/html": if html == nil { html = body.hash }
    default: break
    }
  }

  /// The fields that hold addresses, and what records call them.
  private static let addressFields: [(header: StaticString, name: String)] = [
    ("From", "from"), ("Sender", "sender"), ("To", "to"), ("Cc", "cc"), ("Bcc", "bcc"), ("Reply-To", "replyTo"),
  ]

  private static let textFields: [(header: StaticString, name: String)] = [
    ("Subject", "subject"), ("Date", "date"), ("Message-ID", "messageID"), ("In-Reply-To", "inReplyTo"),
    ("References", "references"),
  ]

  func fields(isComplete: Bool, isHeadOnly: Bool) -> Fields {
    var fields = Fields()
    var addresses: [Value] = []
    for (header, name) in Self.addressFields {
      let values = head.all(header)
      guard !values.isEmpty else { continue }
      let whole = Array(values.joined(separator: [0x2c, 0x20]))
      fields.set(name, wire: EncodedWords.decode(whole))
      for address in AddressList.parse(whole) where addresses.count < AddressList.maximumCount {
        var entry = Fields()
        entry.set("field", name)
        entry.set("address", wire: address.address)
        if !address.name.isEmpty { entry.set("name", wire: EncodedWords.decode(address.name)) }
        addresses.append(.object(entry))
      }
    }
    if !addresses.isEmpty { fields.set("addresses", .list(addresses)) }
    for (header, name) in Self.textFields {
      if let value = head.first(header) { fields.set(name, wire: EncodedWords.decode(value)) }
    }
    if let date = head.first("Date"), let moment = MailDate.parse(date) { fields.set("writtenAt", moment) }
    let route = head.all("Received")
    if !route.isEmpty {
      fields.set("received", .list(route.map { .text(String(decoding: $0, as: UTF8.self)) }))
    }
    if let program = head.first("User-Agent") ?? head.first("X-Mailer") {
      fields.set("userAgent", wire: EncodedWords.decode(program))
    }
    fields.set("headers", head.decoded)
    let mediaType = MediaType(head.first("Content-Type") ?? [])
    if !mediaType.name.isEmpty { fields.set("mediaType", mediaType.name) }
    if isHeadOnly {
      fields.set("isHeadOnly", true)
    } else {
      fields.set("partCount", partCount)
      fields.set("attachmentCount", attachmentCount)
    }
    if let text {
      fields.set("textSha256", text.hash.hex)
      if let charset = text.charset { fields.set("charset", wire: charset) }
    }
    if let html { fields.set("htmlSha256", html.hex) }
    fields.set("isComplete", isComplete)
    return fields
  }
}
