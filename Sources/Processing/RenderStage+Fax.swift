import CallAssembly
import DecoderHosting
import EvidenceModel
import MediaReading

/// The faxes of a call: pages in a TIFF and as pictures, and the messages of both machines.
extension RenderStage {
  /// One side's packets of T.38.
  struct FaxWork {
    let planned: PlannedCall.Stream
    let stream: MediaStream
    let packets: [MediaPacket]
    let trace: Trace
  }

  /// A page with what it became.
  private struct PageWork {
    let page: FaxPage
    /// Without its dots, which are stored.
    var picture: FaxPicture?
    var stored: StoredArtefact?
    var isInFile = false
    /// Whether the pages before it have as many dots as are decoded of a fax.
    var isOverDots = false
  }

  private static let faxLabel = "t38 1.0"

  /// Writes the faxes of a call, one for each pair of endpoints, and gives what the call's record says of them.
  func facsimiles(_ works: [FaxWork], _ call: PlannedCall) throws -> [Value] {
    var pairs: [[FaxWork]] = []
    for work in works {
      let other = pairs.firstIndex { pair in
        pair.count == 1 && pair[0].stream.source == work.stream.destination
          && pair[0].stream.destination == work.stream.source
      }
      if let other { pairs[other].append(work) } else { pairs.append([work]) }
    }
    return try pairs.map { .object(try facsimile($0, call)) }
  }

  private func facsimile(_ works: [FaxWork], _ call: PlannedCall) throws -> Fields {
    let step = { self.hand[.steps] &+= 1 }
    let directions = works.map {
      FaxPackets($0.packets, from: $0.stream.source, originals: originals, step: step)
    }
    let session = FaxSession(directions, originals: originals, step: step)
    var trace = Trace()
    for work in works { trace.formUnion(work.trace) }
    let sender = session.pages.first?.side ?? session.messages.first { $0.format != nil }?.side ?? 0
    var pages: [PageWork] = []
    var file = TIFFWriter()
    var dots = FaxDots()
    for page in session.pages { pages.append(try pageWork(page, &file, &dots, step)) }
    let document = try document(file, pages, works, trace, call)
    for message in session.messages { try add(message, works, call) }
    for (number, page) in pages.enumerated() { try add(page, number, works, call) }
    var fields = Self.fields(session, directions, pages, works, sender)
    if let document { fields.set("documentSha256", document.sha256.hex) }
    try noteOddities(session, directions, pages, trace, call)
    var record = fields
    record.set("origin", "computed")
    if !call.callID.isEmpty { record.set("callID", call.callID) }
    try add("fax/document", record, trace, works[sender].stream.source, works[sender].stream.destination, Self.faxLabel)
    return fields
  }

  // MARK: Pages

  /// Decodes a page, stores its picture and adds it to the TIFF; its dots are not kept, for there may be many pages.
  private func pageWork(
    _ page: FaxPage, _ file: inout TIFFWriter, _ dots: inout FaxDots, _ step: () -> Void
  ) throws -> PageWork {
    var work = PageWork(page: page)
    let picture = dots.picture(of: page, step: step)
    guard let picture else {
      work.isOverDots = dots.isSpent && page.isDecodable
      return work
    }
    if let png = picture.png() {
      // Safe: the view ends before the array does.
      work.stored = try unsafe spool.store(png.span.bytes)
    }
    if let format = page.format {
      work.isInFile = file.add(picture, horizontal: format.horizontal, vertical: format.vertical)
    }
    work.picture = picture
    work.picture?.forgetRows()
    return work
  }

  /// Stores the TIFF with all pages; nil when none could be decoded.
  private func document(
    _ file: consuming TIFFWriter, _ pages: [PageWork], _ works: [FaxWork], _ trace: Trace, _ call: PlannedCall
  ) throws -> StoredArtefact? {
    var part = Trace()
    var isComplete = true
    for work in pages {
      if work.isInFile { part.packets.formUnion(work.page.packets) }
      if !work.isInFile || !Self.isWhole(work) { isComplete = false }
    }
    guard !part.packets.isEmpty else { return nil }
    part.first = trace.first
    part.last = trace.last
    let bytes = file.file(of: pages.count { ($0.picture?.height ?? 0) > 0 })
    // Safe: the view ends before the array does.
    guard let stored = try unsafe spool.store(bytes.span.bytes) else { return nil }
    let party = works[pages.first?.page.side ?? 0].planned.party
    let role =
      switch party {
      case .caller: "fax of the caller"
      case .called: "fax of the called party"
      case .unknown: "fax of one side"
      }
    try describe(stored, role, part, call, isComplete: isComplete)
    return stored
  }

  /// Whether all lines are as they were sent, up to the end of the page.
  private static func isWhole(_ work: PageWork) -> Bool {
    guard let picture = work.picture, work.page.gaps.isEmpty, work.page.endedBy != nil else { return false }
    return picture.damaged.isEmpty && picture.unsure.isEmpty && picture.unreadBytes == 0 && !picture.isOverLimit
      && !work.page.isOverLimit
  }

  // MARK: Records

  private static func fields(
    _ session: FaxSession, _ directions: [FaxPackets], _ pages: [PageWork], _ works: [FaxWork], _ sender: Int
  ) -> Fields {
    var fields: Fields = [
      "party": .text(works[sender].planned.party.rawValue), "pageCount": .integer(Int64(pages.count)),
      "pagesWhole": .integer(Int64(pages.count { isWhole($0) })),
    ]
    func identity(_ names: [String], _ isSender: Bool) -> String? {
      session.messages.first { names.contains($0.name) && ($0.side == sender) == isSender }?.text
    }
    // Who polls is sent pages, and names itself by another message (T.30, 5.3.6.1.2).
    if let text = identity(["TSI"], true) { fields.set("senderIdentity", text) }
    if let text = identity(["CSI", "CIG"], false) { fields.set("receiverIdentity", text) }
    if let text = identity(["SUB"], true) { fields.set("subaddress", text) }
    if let format = session.messages.last(where: { $0.format != nil })?.format { add(format, to: &fields) }
    fields.set("pages", .list(pages.enumerated().map { .object(value($0.element, $0.offset)) }))
    fields.set(
      "sides",
      .list(
        zip(works, directions).map { work, packets in
          .object([
            "party": .text(work.planned.party.rawValue), "source": .text(work.stream.source.description),
            "destination": .text(work.stream.destination.description),
            "attachedBy": .text(work.planned.attachment.rawValue), "evidence": .text(work.planned.evidence),
            "packetsReceived": .integer(
              Int64(packets.packetCount) - packets.recoveredByCopy - packets.recoveredByParity),
            "packetsRecovered": .integer(packets.recoveredByCopy + packets.recoveredByParity),
            "packetsMissing": .integer(packets.missing),
          ])
        }))
    return fields
  }

  private static func add(_ format: FaxFormat, to fields: inout Fields) {
    fields.set("coding", format.coding.name)
    fields.set("isErrorCorrected", format.isErrorCorrected)
    if format.rate > 0 {
      fields.set("bitsPerSecond", Int64(format.rate))
      fields.set("modulation", format.modulation)
    }
  }

  private static func value(_ work: PageWork, _ number: Int) -> Fields {
    var fields: Fields = ["page": .integer(Int64(number + 1)), "isComplete": .boolean(isWhole(work))]
    if let picture = work.picture, let format = work.page.format {
      fields.set("width", Int64(picture.width))
      fields.set("height", Int64(picture.height))
      fields.set("dotsPerInchAcross", Int64(format.horizontal))
      fields.set("dotsPerInchDown", Int64(format.vertical))
      if !picture.damaged.isEmpty { fields.set("damagedLines", text(picture.damaged)) }
      if !picture.unsure.isEmpty { fields.set("unsureLines", text(picture.unsure)) }
      if picture.unreadBytes > 0 { fields.set("unreadBytes", Int64(picture.unreadBytes)) }
    }
    if let format = work.page.format { add(format, to: &fields) }
    if !work.page.gaps.isEmpty {
      fields.set(
        work.page.format?.isErrorCorrected == true ? "framesMissing" : "packetsMissing",
        work.page.gaps.reduce(Int64(0)) { $0 + $1.count })
    }
    if work.page.repeatedFrames > 0 { fields.set("framesRepeated", work.page.repeatedFrames) }
    if let message = work.page.endedBy { fields.set("endedByMessage", message) }
    if let answer = work.page.answer { fields.set("answer", answer) }
    fields.set("codedBytes", Int64(work.page.bytes.count))
    if let stored = work.stored { fields.set("pictureSha256", stored.sha256.hex) }
    return fields
  }

  /// Ranges of lines, such as `12, 40-44`.
  private static func text(_ ranges: [ClosedRange<Int>]) -> String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
  }

  private func add(_ work: PageWork, _ number: Int, _ works: [FaxWork], _ call: PlannedCall) throws {
    var trace = Trace()
    trace.packets = work.page.packets
    trace.first = work.page.first
    trace.last = work.page.last
    let side = works[work.page.side < works.count ? work.page.side : 0]
    var fields = Self.value(work, number)
    fields.set("origin", "computed")
    fields.set("party", side.planned.party.rawValue)
    if !call.callID.isEmpty { fields.set("callID", call.callID) }
    if let stored = work.stored {
      try describe(stored, "picture of a fax page", trace, call, isComplete: Self.isWhole(work))
    }
    try add("fax/page", fields, trace, side.stream.source, side.stream.destination, Self.faxLabel)
  }

  private func add(_ message: FaxMessage, _ works: [FaxWork], _ call: PlannedCall) throws {
    let side = works[message.side < works.count ? message.side : 0]
    var trace = Trace()
    trace.packets = message.packets
    trace.first = message.first
    trace.last = message.last
    var fields: Fields = [
      "message": .text(message.name), "party": .text(side.planned.party.rawValue),
      "isComplete": .boolean(message.isWhole),
      "octets": .text(message.isSecret ? FaxMessage.withheld : Hexadecimal.encode(message.bytes)),
    ]
    if let text = message.text { fields.set("text", text) }
    if let format = message.format {
      Self.add(format, to: &fields)
      fields.set("width", Int64(format.width))
      fields.set("dotsPerInchAcross", Int64(format.horizontal))
      fields.set("dotsPerInchDown", Int64(format.vertical))
    }
    if !call.callID.isEmpty { fields.set("callID", call.callID) }
    try add("fax/message", fields, trace, side.stream.source, side.stream.destination, Self.faxLabel)
  }

  // MARK: Findings

  private func noteOddities(
    _ session: FaxSession, _ directions: [FaxPackets], _ pages: [PageWork], _ trace: Trace, _ call: PlannedCall
  ) throws {
    let missing = directions.reduce(Int64(0)) { $0 + $1.missing }
    let recovered = directions.reduce(Int64(0)) { $0 + $1.recoveredByCopy + $1.recoveredByParity }
    if missing > 0 || recovered > 0 {
      try note(
        Finding(
          missing > 0 ? .warning : .notice, "fax/packetsMissing",
          "\(missing) packets of a fax are missing; \(recovered) more were not captured themselves and came back by copies or parity in others.",
          ["count": .integer(missing), "packetsRecovered": .integer(recovered)]), trace, call, Self.faxLabel)
    }
    if session.damagedPackets > 0 {
      var part = trace
      part.packets = session.damage
      try note(
        Finding(
          .warning, "fax/malformedPacket",
          "\(session.damagedPackets) packets of a fax contradict T.38 or cannot be read.",
          ["count": .integer(session.damagedPackets)]), part, call, Self.faxLabel)
    }
    for (number, work) in pages.enumerated() where !Self.isWhole(work) {
      var part = Trace()
      part.packets = work.page.packets
      part.first = work.page.first
      part.last = work.page.last
      let page = Value.integer(Int64(number + 1))
      if let picture = work.picture {
        try note(
          Finding(
            .warning, "fax/pageNotWhole",
            "Page \(number + 1) of a fax is not whole: \(picture.damagedCount) of its \(picture.height) lines could not be decoded and are white, \(picture.unsureCount) build on such, and \(picture.unreadBytes) coded bytes were not read.",
            [
              "page": page, "damagedLineCount": .integer(Int64(picture.damagedCount)),
              "unsureLineCount": .integer(Int64(picture.unsureCount)),
              "unreadBytes": .integer(Int64(picture.unreadBytes)),
            ]), part, call, Self.faxLabel)
      } else {
        let reason =
          work.isOverDots
          ? "the pages up to it have more than \(FaxDots.maximum) dots"
          : work.page.format?.coding.name ?? "the message that tells its format was not captured"
        try note(
          Finding(
            .warning, "fax/pageNotDecoded", "Page \(number + 1) of a fax is not decoded: \(reason).",
            ["page": page, "byteCount": .integer(Int64(work.page.bytes.count))]), part, call, Self.faxLabel)
      }
    }
    let omitted =
      session.omittedMessages + session.omittedPages + directions.reduce(Int64(0)) { $0 + $1.omitted }
      + Int64(pages.count { $0.picture != nil && !$0.isInFile && $0.picture?.height ?? 0 > 0 })
    if omitted > 0 {
      try note(
        Finding(
          .warning, "fax/limit", "A fax has more packets, messages or pages than the limits; the rest is left out.",
          ["count": .integer(omitted), "limit": .integer(Int64(FaxSession.maximumPages))]), trace, call, Self.faxLabel)
    }
    let undecoded = pages.count { $0.isOverDots }
    if undecoded > 0 {
      try note(
        Finding(
          .warning, "fax/limit", "The pages of a fax have more dots than the limit; \(undecoded) are not decoded.",
          ["count": .integer(Int64(undecoded)), "limit": .integer(Int64(FaxDots.maximum))]), trace, call, Self.faxLabel)
    }
  }
}
