import DecoderKit

/// Files that are sent in pieces within stanzas (XEP-0047).
struct InBandStreams {
  /// Files that are open at once; the oldest ends when there are more.
  static let maximumOpen = 64
  /// Offers that are remembered for the files that follow them.
  static let maximumOffers = 256

  struct Stream {
    let identifier: String
    let from: String?
    let to: String?
    let side: Side
    let offer: FileOffer?
    var handle: ContentHandle?
    var next = 0
    var isWhole = true
    var isOpened: Bool
    var trace: Trace
  }
  private var streams: [Stream] = []
  /// The side that is one sender, whether its stanzas name it or not (RFC 6120, 8.1.2.1).
  var client: Side?
  private var offers: [(identifier: String, side: Side, from: String?, offer: FileOffer)] = []

  private func isSame(_ one: String?, _ other: String?, _ side: Side) -> Bool {
    one == other || side == client && (one == nil || other == nil)
  }

  mutating func learn(_ offer: FileOffer, of stanza: XMLElement, from side: Side) {
    guard let identifier = offer.sessionID, offer.fileName != nil else { return }
    if offers.count >= Self.maximumOffers { offers.removeFirst() }
    offers.append((identifier, side, stanza["from"], offer))
  }

  /// What the file's sender, or else its receiver, said of it.
  private func offer(_ identifier: String, _ stanza: XMLElement, _ side: Side) -> FileOffer? {
    let own = offers.last { $0.identifier == identifier && $0.side == side && isSame($0.from, stanza["from"], side) }
    let others = offers.last {
      $0.identifier == identifier && $0.side != side
        && ($0.from == nil || stanza["to"] == nil || $0.from == stanza["to"])
    }
    return (own ?? others)?.offer
  }

  /// Takes what a stanza holds of a file; gives the records of those that ended.
  mutating func take(
    _ stanza: XMLElement, from side: Side, trace: Trace, into sink: inout EvidenceSink
  ) throws(ReadError) {
    // What comes back as an error was not delivered, and is said by nobody.
    guard stanza["type"] != "error" else { return }
    let from = stanza["from"]
    for element in stanza.elements where element.namespace == "http://jabber.org/protocol/ibb" {
      guard let identifier = element["sid"] else { continue }
      switch element.name {
      case "open": try open(identifier, stanza, side, trace, &sink, isOpened: true)
      case "data":
        if place(identifier, side, from) == nil { try open(identifier, stanza, side, trace, &sink, isOpened: false) }
        guard let place = place(identifier, side, from) else { continue }
        append(element, place, trace, &sink)
      case "close":
        // Either side may close it.
        guard let place = place(identifier, side, from) ?? place(identifier, side.other, to: from) else { continue }
        streams[place].trace.formUnion(trace)
        try end(streams.remove(at: place), isEnded: true, &sink)
      default: break
      }
    }
  }

  private func place(_ identifier: String, _ side: Side, _ from: String?) -> Int? {
    streams.firstIndex { $0.identifier == identifier && $0.side == side && isSame($0.from, from, side) }
  }

  /// The file that whoever closes it receives.
  private func place(_ identifier: String, _ side: Side, to receiver: String?) -> Int? {
    streams.firstIndex {
      $0.identifier == identifier && $0.side == side && ($0.to == nil || receiver == nil || $0.to == receiver)
    }
  }

  private mutating func open(
    _ identifier: String, _ stanza: XMLElement, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink,
    isOpened: Bool
  ) throws(ReadError) {
    if let place = place(identifier, side, stanza["from"]) { try end(streams.remove(at: place), isEnded: false, &sink) }
    if streams.count >= Self.maximumOpen { try end(streams.removeFirst(), isEnded: false, &sink) }
    streams.append(
      Stream(
        identifier: identifier, from: stanza["from"], to: stanza["to"], side: side,
        offer: offer(identifier, stanza, side), isOpened: isOpened, trace: trace))
  }

  private mutating func append(_ data: XMLElement, _ place: Int, _ trace: Trace, _ sink: inout EvidenceSink) {
    streams[place].trace.formUnion(trace)
    let letters = Array(data.text.utf8).filter { $0 > 0x20 }
    guard let bytes = Base64.decode(letters), !bytes.isEmpty else {
      if !letters.isEmpty { streams[place].isWhole = false }
      return
    }
    // Numbers of blocks turn over at 65,536 (XEP-0047, 2.2).
    let number = data["seq"].flatMap { Array($0.utf8).decimal(digits: 1...5) }
    if number != streams[place].next { streams[place].isWhole = false }
    streams[place].next = ((number ?? streams[place].next) + 1) % 65_536
    if streams[place].handle == nil {
      var content = ContentDescription(role: "xmpp file", mediaType: streams[place].offer?.mediaType ?? "")
      content.name = streams[place].offer?.fileName.map { Array($0.utf8) }
      content.announcedByteCount = streams[place].offer?.byteCount
      streams[place].handle = try? sink.open(content, from: streams[place].side)
    }
    guard let handle = streams[place].handle else { return }
    // Safe: the view ends with this call.
    unsafe sink.append(bytes.span.bytes, to: handle, from: trace)
  }

  private func end(_ stream: Stream, isEnded: Bool, _ sink: inout EvidenceSink) throws(ReadError) {
    let isWhole = isEnded && stream.isWhole && stream.isOpened
    let stored = stream.handle.flatMap { sink.close($0, isWhole: isWhole) }
    var fields: Fields = ["sessionID": .text(stream.identifier)]
    if let from = stream.from { fields.set("from", from) }
    if let to = stream.to { fields.set("to", to) }
    stream.offer?.place(in: &fields)
    fields.set("operation", "in-band")
    fields.set("byteCount", stored?.byteCount ?? 0)
    if let stored { fields.set("sha256", stored.hash.hex) }
    let isAnnounced = stream.offer?.byteCount.map { $0 == stored?.byteCount ?? 0 } ?? true
    fields.set("isComplete", isWhole && isAnnounced)
    try sink.emit("xmpp/transfer", fields, from: stream.side, trace: stream.trace)
  }

  /// Bytes are missing: no file that is open is whole.
  mutating func cut(_ side: Side) {
    for place in streams.indices where streams[place].side == side { streams[place].isWhole = false }
  }

  mutating func finish(into sink: inout EvidenceSink) throws(ReadError) {
    var failure: ReadError?
    for stream in streams {
      do throws(ReadError) { try end(stream, isEnded: false, &sink) } catch { failure = error }
    }
    streams = []
    if let failure { throw failure }
  }
}
