import DecoderKit

/// A file that a stanza names: offered, asked for, or linked.
struct FileOffer {
  let operation: String
  var sessionID: String?
  var fileName: String?
  var byteCount: Int?
  var mediaType: String?
  var hash: String?
  var url: String?
  var description: String?

  /// All offers of a stanza, at most `maximumCount`.
  static let maximumCount = 64

  static func all(of stanza: XMLElement) -> [FileOffer] {
    guard stanza["type"] != "error" else { return [] }
    var offers: [FileOffer] = []
    for child in stanza.elements where offers.count < maximumCount {
      switch (child.name, child.namespace) {
      case ("x", "jabber:x:oob"), ("query", "jabber:iq:oob"):
        var offer = FileOffer(operation: "link")
        offer.url = child.first("url")?.text
        offer.description = child.first("desc")?.text
        if offer.url != nil { offers.append(offer) }
      case ("si", "http://jabber.org/protocol/si"):
        guard let file = child.first("file") else { continue }
        var offer = FileOffer(operation: "offer")
        offer.sessionID = child["id"]
        offer.mediaType = child["mime-type"]
        offer.fileName = file["name"]
        offer.byteCount = file["size"].flatMap { Array($0.utf8).decimal() }
        offer.hash = file["hash"]
        offer.description = file.first("desc")?.text
        offers.append(offer)
      case ("jingle", "urn:xmpp:jingle:1"):
        for content in child.elements where content.name == "content" && offers.count < maximumCount {
          guard let description = content.first("description"), let file = description.first("file"),
            description.namespace.hasPrefix("urn:xmpp:jingle:apps:file-transfer:")
          else { continue }
          var offer = FileOffer(operation: child["action"] ?? "jingle")
          // In-band bytes name the transport's session (XEP-0261).
          offer.sessionID = content.first("transport")?["sid"] ?? child["sid"]
          offer.fileName = file.first("name")?.text
          offer.byteCount = file.first("size").flatMap { Array($0.text.utf8).decimal() }
          offer.mediaType = file.first("media-type")?.text
          offer.hash = file.first("hash")?.text
          offer.description = file.first("desc")?.text
          offers.append(offer)
        }
      case ("request", "urn:xmpp:http:upload:0"), ("request", "urn:xmpp:http:upload"):
        var offer = FileOffer(operation: "upload")
        offer.fileName = child["filename"] ?? child.first("filename")?.text
        offer.byteCount = (child["size"] ?? child.first("size")?.text).flatMap { Array($0.utf8).decimal() }
        offer.mediaType = child["content-type"] ?? child.first("content-type")?.text
        offers.append(offer)
      case ("slot", "urn:xmpp:http:upload:0"), ("slot", "urn:xmpp:http:upload"):
        var offer = FileOffer(operation: "slot")
        offer.url = child.first("get").map { $0["url"] ?? $0.text }
        offers.append(offer)
      default: break
      }
    }
    return offers
  }

  func place(in fields: inout Fields) {
    fields.set("operation", operation)
    if let sessionID { fields.set("sessionID", sessionID) }
    if let fileName { fields.set("fileName", fileName) }
    if let byteCount { fields.set("fileByteCount", byteCount) }
    if let mediaType { fields.set("mediaType", mediaType) }
    if let hash { fields.set("statedHash", hash) }
    if let url { fields.set("url", url) }
    if let description { fields.set("description", description) }
  }
}
