public import DecoderKit

/// Decodes MQTT 3.1, 3.1.1 and 5.0 (OASIS) over TCP.
public struct MQTTDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "mqtt", version: "1.0", summary: "MQTT: who published what under which topic, and who asked for it",
    kinds: [
      RecordKind(
        "mqtt/session", "One connection",
        [
          FieldDeclaration("version", .text, "3.1, 3.1.1 or 5.0; absent when the capture lacks CONNECT"),
          FieldDeclaration("clientID", .text, "the client's identifier, as it gives it; it may be empty"),
          FieldDeclaration("assignedClientID", .text, "the one that the server gives it"),
          FieldDeclaration("user", .text, "the user's name"),
          FieldDeclaration("password", .text, "[withheld], where there is one"),
          FieldDeclaration("mechanism", .text, "the method of authentication (version 5)"),
          FieldDeclaration("keepAliveSeconds", .integer, "the longest silence of the client"),
          FieldDeclaration("isClean", .boolean, "the client asks for a new session"),
          FieldDeclaration("isBridge", .boolean, "the client is another server"),
          FieldDeclaration("willTopic", .text, "the topic of what the server publishes when the client is lost"),
          FieldDeclaration("willText", .text, "its payload, when it is short text"),
          FieldDeclaration("willSha256", .text, "its payload"),
          FieldDeclaration("willQualityOfService", .integer, "its quality of service"),
          FieldDeclaration("isWillRetained", .boolean, "it is to be kept"),
          FieldDeclaration("willProperties", .list, "its properties: name, key, value"),
          FieldDeclaration("properties", .list, "properties of CONNECT: name, key, value"),
          FieldDeclaration("status", .integer, "the server's answer"),
          FieldDeclaration("reason", .text, "the answer in words"),
          FieldDeclaration("isSessionPresent", .boolean, "the server goes on with an earlier session"),
          FieldDeclaration("serverProperties", .list, "properties of the answer: name, key, value"),
          FieldDeclaration("packetCount", .integer, "control packets of both sides"),
          FieldDeclaration("messageCount", .integer, "records mqtt/message"),
          FieldDeclaration("malformedCount", .integer, "packets that have not the form of their kind"),
          FieldDeclaration("unreadByteCount", .integer, "bytes that were passed over"),
          FieldDeclaration("endedBy", .text, "client or server: who sent DISCONNECT"),
          FieldDeclaration("endStatus", .integer, "its reason (version 5)"),
          FieldDeclaration("endReason", .text, "the reason in words"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing from the capture, and all of it was read"),
          FieldDeclaration("transcriptSha256", .text, "the dialogue as text, with times"),
        ]),
      RecordKind(
        "mqtt/message", "One message that was published",
        common + [
          FieldDeclaration(
            "topic", .text, "its topic; where an alias stands for it, the one that the alias was given to"),
          FieldDeclaration("topicAlias", .integer, "the number that stands for the topic (version 5)"),
          FieldDeclaration("text", .text, "its payload, when it is short text"),
          FieldDeclaration("sha256", .text, "its payload"),
          FieldDeclaration("byteCount", .integer, "bytes of the payload, as stored"),
          FieldDeclaration("mediaType", .text, "the declared type (version 5)"),
          FieldDeclaration("qualityOfService", .integer, "0, 1 or 2"),
          FieldDeclaration("isRetained", .boolean, "it is to be kept, or was kept"),
          FieldDeclaration("isRetransmission", .boolean, "it was sent before (DUP)"),
          FieldDeclaration("transactionID", .integer, "its packet identifier"),
          FieldDeclaration("properties", .list, "its properties: name, key, value"),
          FieldDeclaration("isComplete", .boolean, "nothing of it is missing"),
        ]),
      RecordKind(
        "mqtt/subscription", "One request for topics, or to end it, with its answer",
        common + [
          FieldDeclaration("command", .text, "SUBSCRIBE or UNSUBSCRIBE"),
          FieldDeclaration("topics", .list, "topic, qualityOfService, and the answer's status and reason"),
          FieldDeclaration("omittedCount", .integer, "topics beyond the limit"),
          FieldDeclaration("transactionID", .integer, "its packet identifier"),
          FieldDeclaration("isAnswered", .boolean, "the answer was captured"),
          FieldDeclaration("properties", .list, "its properties: name, key, value"),
          FieldDeclaration("serverProperties", .list, "properties of the answer: name, key, value"),
        ]),
      RecordKind(
        "mqtt/command", "Any other control packet but CONNECT and CONNACK",
        common + [
          FieldDeclaration("command", .text, "PUBACK, PUBREC, PUBREL, PUBCOMP, PINGREQ, PINGRESP, DISCONNECT, AUTH …"),
          FieldDeclaration("transactionID", .integer, "its packet identifier"),
          FieldDeclaration("status", .integer, "its reason code (version 5)"),
          FieldDeclaration("reason", .text, "the code in words"),
          FieldDeclaration("properties", .list, "its properties: name, key, value"),
          FieldDeclaration("isWithheld", .boolean, "what authenticates is withheld"),
        ]),
    ],
    limits: [
      NamedLimit("bytes of a packet, and before a payload", MQTTSession.maximumPacket, "bytes"),
      NamedLimit(
        "bytes of a topic by which a message is found behind missing bytes", MQTTSession.maximumSoughtTopic, "bytes"),
      NamedLimit("properties of a packet that are kept", PacketProperties.maximumKept, "properties"),
      NamedLimit("topic aliases of a side", TopicAliases.maximumCount, "aliases"),
      NamedLimit("bytes of their topics", TopicAliases.maximumByteCount, "bytes"),
      NamedLimit("requests for topics that wait for an answer", Subscriptions.maximumWaiting, "requests"),
      NamedLimit("topics of a request that are kept", Subscriptions.maximumTopics, "topics"),
      NamedLimit("bytes of a payload that are shown as text", PayloadText.maximumByteCount, "bytes"),
      NamedLimit("bytes of a transcript", Transcript.maximumByteCount, "bytes"),
    ])

  private static let common = [
    FieldDeclaration("speaker", .text, "client or server: who sent it over this connection"),
    FieldDeclaration("clientID", .text, "the client of the connection"),
    FieldDeclaration("user", .text, "its user's name"),
  ]

  public init() {}

  /// CONNECT names the protocol; without it a plausible packet on the port has to do.
  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier, bytes.byteCount > 0 else { return .none }
    let isOwnPort = context.carrier.endpoint(of: .responder)?.port == 1_883
    guard case .header(let header) = PacketHeader.read(bytes) else {
      guard case .needsMore = PacketHeader.read(bytes) else { return .none }
      return bytes[0] == 0x10 || isOwnPort ? .needsMore : .none
    }
    guard header.isPlausible else { return .none }
    guard header.kind == .connect else {
      guard isOwnPort else { return .none }
      // Of messages the topic tells more than two bytes of a header do.
      guard header.kind == .publish else { return .port }
      return Publication.hasPlausibleTopic(header, bytes).map { $0 ? .port : .none } ?? .needsMore
    }
    for name: [UInt8] in [[0, 4] + Array("MQTT".utf8), [0, 6] + Array("MQIsdp".utf8)] {
      let shown = bytes.extracting(header.headerLength..<bytes.byteCount).extracting(first: name.count).array()
      if shown == name { return .content }
      if name.starts(with: shown) { return .needsMore }
    }
    return .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> MQTTSession { MQTTSession(context.carrier) }
}
