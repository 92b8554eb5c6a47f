public import DecoderKit

/// Decodes XMPP over TCP (RFC 6120, RFC 6121) with the extensions that carry or name files.
public struct XMPPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "xmpp", version: "1.0",
    summary: "XMPP (Jabber): messages, presence, queries, and files that stanzas name or carry",
    kinds: [
      RecordKind(
        "xmpp/session", "One connection",
        [
          FieldDeclaration("account", .text, "the client's address, as the server binds it"),
          FieldDeclaration("user", .text, "the name that it logs in with"),
          FieldDeclaration("mechanism", .text, "the mechanism of the login (SASL)"),
          FieldDeclaration("serverName", .text, "the server's domain"),
          FieldDeclaration("version", .text, "the version of XMPP"),
          FieldDeclaration("namespace", .text, "jabber:client, or jabber:server between servers"),
          FieldDeclaration("features", .list, "features that the server offers, each once"),
          FieldDeclaration("error", .text, "the error that ends the stream"),
          FieldDeclaration("stanzaCount", .integer, "stanzas of both sides"),
          FieldDeclaration("messageCount", .integer, "records xmpp/message"),
          FieldDeclaration("withheldCount", .integer, "stanzas of which something is withheld"),
          FieldDeclaration("oddCopyCount", .integer, "copies of messages that do not come from the account itself"),
          FieldDeclaration("malformedCount", .integer, "stanzas that cannot be read"),
          FieldDeclaration("unreadByteCount", .integer, "bytes that belong to no stanza"),
          FieldDeclaration("isEncrypted", .boolean, "it goes on in TLS, which is not read"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing from the capture, and all of it was read"),
          FieldDeclaration("transcriptSha256", .text, "the dialogue as text, with times"),
        ]),
      RecordKind(
        "xmpp/message", "One message",
        common + [
          FieldDeclaration("text", .text, "what is said (body)"),
          FieldDeclaration("subject", .text, "its subject"),
          FieldDeclaration("thread", .text, "what it belongs to"),
          FieldDeclaration("language", .text, "its language, as stated"),
          FieldDeclaration("nick", .text, "the sender's nick, as stated"),
          FieldDeclaration("chatState", .text, "active, composing, paused, inactive or gone"),
          FieldDeclaration("receiptFor", .text, "the message whose receipt it is"),
          FieldDeclaration("correctionOf", .text, "the message that it takes the place of"),
          FieldDeclaration("forwardedAs", .text, "sent, received, result …: it stood in another message"),
          FieldDeclaration("isEncrypted", .boolean, "its content is encrypted from end to end"),
          FieldDeclaration("error", .text, "why it could not be delivered"),
        ]),
      RecordKind(
        "xmpp/presence", "One statement on whether somebody is there, or a wish to know",
        common + [
          FieldDeclaration("show", .text, "away, chat, dnd or xa"),
          FieldDeclaration("text", .text, "the status in words"),
          FieldDeclaration("priority", .text, "the priority"),
          FieldDeclaration("account", .text, "in a room: the occupant's address"),
          FieldDeclaration("role", .text, "in a room: the occupant's role"),
          FieldDeclaration("error", .text, "the error"),
        ]),
      RecordKind(
        "xmpp/iq", "One query, or an answer to one",
        common + [
          FieldDeclaration("query", .text, "the name of what is asked or answered"),
          FieldDeclaration("namespace", .text, "its namespace"),
          FieldDeclaration("error", .text, "the error"),
        ]),
      RecordKind("xmpp/offer", "One file that a stanza offers, asks a place for, or links", common + file),
      RecordKind(
        "xmpp/transfer", "One file that was sent within stanzas (XEP-0047)",
        [
          FieldDeclaration("from", .text, "who sent it"), FieldDeclaration("to", .text, "to whom"),
          FieldDeclaration("sha256", .text, "the file"),
          FieldDeclaration("byteCount", .integer, "its bytes, as stored"),
          FieldDeclaration("isComplete", .boolean, "it was opened and closed, and no block is missing"),
        ] + file),
    ],
    limits: [
      NamedLimit("bytes of a stanza", StanzaCutting.maximumStanza, "bytes"),
      NamedLimit("elements of a stanza", XMLElement.maximumElements, "elements"),
      NamedLimit("elements inside each other", XMLElement.maximumDepth, "elements"),
      NamedLimit("files of a stanza", FileOffer.maximumCount, "files"),
      NamedLimit("files that are open within stanzas", InBandStreams.maximumOpen, "files"),
      NamedLimit("offers that are remembered for them", InBandStreams.maximumOffers, "offers"),
      NamedLimit("features of a server that are kept", StreamFacts.maximumFeatures, "features"),
      NamedLimit("bytes of a transcript", Transcript.maximumByteCount, "bytes"),
    ])

  private static let common = [
    FieldDeclaration("speaker", .text, "client or server: who sent it over this connection"),
    FieldDeclaration("from", .text, "the sender's address"),
    FieldDeclaration("to", .text, "the receiver's address"),
    FieldDeclaration("messageID", .text, "the stanza's identifier"),
    FieldDeclaration("stanzaType", .text, "chat, groupchat, get, result, unavailable …"),
    FieldDeclaration("writtenAt", .time, "when it was sent, of one that was delayed (XEP-0203)"),
    FieldDeclaration("isWithheld", .boolean, "it holds a secret, which is withheld"),
  ]
  private static let file = [
    FieldDeclaration("operation", .text, "offer, link, upload, slot, in-band, or the action of Jingle"),
    FieldDeclaration("sessionID", .text, "what pairs an offer with the file's bytes"),
    FieldDeclaration("fileName", .text, "the file's name, as stated"),
    FieldDeclaration("fileByteCount", .integer, "its size, as stated"),
    FieldDeclaration("mediaType", .text, "its type, as stated"),
    FieldDeclaration("statedHash", .text, "its hash, as stated"),
    FieldDeclaration("url", .text, "where it is to be had"),
    FieldDeclaration("description", .text, "what is said of it"),
  ]

  public init() {}

  /// The start tag of a stream names its namespace; stanzas without it count on XMPP's ports.
  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier, bytes.byteCount > 0, bytes[0] == 0x3c else { return .none }
    let isOwnPort = context.carrier.usesPort(5_222, 5_269, 5_275)
    let text = bytes.extracting(first: 1_024).array()
    let namespaces: [StaticString] = ["http://etherx.jabber.org/streams", "jabber:client", "jabber:server"]
    if text.firstRange(of: Array("<stream:stream".utf8)) != nil || text.firstRange(of: Array("<stream ".utf8)) != nil {
      let isNamed = namespaces.contains { text.firstRange(of: Array($0.description.utf8)) != nil }
      return isNamed ? .content : bytes.byteCount < 1_024 ? .needsMore : .none
    }
    let stanzas = ["<message", "<presence", "<iq"].map { Array($0.utf8) }
    if isOwnPort, stanzas.contains(where: { text.starts(with: $0) }) { return .port }
    let beginnings = stanzas + ["<?xml", "<stream"].map { Array($0.utf8) }
    // A declaration may stand alone in the first segment; much else begins so.
    guard beginnings.contains(where: { $0.starts(with: text.prefix($0.count)) }) else { return .none }
    let isDeclaration = text.starts(with: Array("<?xml".utf8))
    guard isDeclaration, let end = text.firstRange(of: Array("?>".utf8)) else {
      return text.count < 9 || isDeclaration && text.count < 256 ? .needsMore : .none
    }
    let rest = text[end.upperBound...].drop { StanzaCutting.isSpace($0) }
    let stream = Array("<stream".utf8)
    return rest.isEmpty || stream.starts(with: rest.prefix(stream.count)) ? .needsMore : .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> XMPPSession { XMPPSession(context.carrier) }
}
