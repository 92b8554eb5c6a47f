import ByteReading
public import EvidenceModel

/// A datagram of RTCP packets (RFC 3550, 6; RFC 5506 for reduced size).
public struct RTCPCompound {
  public static let maximumPackets = 64

  /// What `fields` gives, for a kind's declaration.
  public static let declarations = [
    FieldDeclaration("packets", .list, "its packets: type, identifier and what they report"),
    FieldDeclaration("cname", .text, "the sender's canonical name (SDES CNAME)"),
  ]

  private var packets: [Value] = []
  private var cname: [UInt8]?
  /// What senders and receivers report, for the streams that they report on; without endpoints and packets.
  public private(set) var reports: [Report] = []

  /// What one packet reports.
  public struct Report {
    public let identifier: UInt32
    public var sending: MediaReport.Sending?
    public var receptions: [MediaReport.Reception] = []
  }

  /// Why reading stopped before the end of the datagram.
  public private(set) var failure: (offset: Int, field: String)?

  /// The packet types SR, RR, SDES, BYE, APP, RTPFB, PSFB, XR (RFC 3550, 12.1; RFC 4585, 6.1; RFC 3611, 2).
  @inlinable @inline(__always)
  public static func isType(_ byte: UInt8) -> Bool { (200...207).contains(byte) }

  /// Whether the lengths of the packets add up to the datagram's, and each has room for what it must hold.
  ///
  /// Padding stands in the last packet only (RFC 3550, 6.4.1). What SRTCP encrypts does not pass (RFC 3711, 3.4).
  public static func isWhole(_ bytes: RawSpan) -> Bool {
    var offset = 0
    var count = 0
    while offset < bytes.byteCount {
      guard bytes.byteCount - offset >= 4, bytes[offset] >> 6 == 2, isType(bytes[offset + 1]),
        count < maximumPackets
      else { return false }
      let length = (Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])) * 4
      let number = Int(bytes[offset] & 31)
      let least: Int
      switch bytes[offset + 1] {
      case 200: least = 24 + 24 * number
      case 201: least = 4 + 24 * number
      case 202: least = 8 * number
      case 203: least = 4 * number
      case 207: least = 4
      default: least = 8
      }
      let isLast = offset + 4 + length == bytes.byteCount
      guard length >= least, isLast || bytes[offset] & 0x20 == 0 else { return false }
      offset += length + 4
      count += 1
    }
    return offset == bytes.byteCount && bytes.byteCount >= 8
  }

  /// Reads packets up to the end, or up to what contradicts itself.
  public init(_ bytes: RawSpan) {
    var reader = ByteReader(bytes)
    while reader.remaining > 0, failure == nil {
      do throws(ReadError) { try readPacket(&reader) } catch { failure = (error.offset, error.field) }
    }
  }

  private mutating func readPacket(_ reader: inout ByteReader) throws(ReadError) {
    let start = reader.offset
    guard packets.count < Self.maximumPackets else {
      throw ReadError(.limitExceeded, at: start, reading: "RTCP packets")
    }
    let first: UInt8 = try reader.read("version")
    guard first >> 6 == 2 else { throw ReadError(.malformed, at: start, reading: "RTCP version") }
    let type: UInt8 = try reader.read("packet type")
    let length: UInt16 = try reader.read("length")
    var body = ByteReader(try reader.take(Int(length) * 4, "RTCP packet"))
    var fields: Fields = ["type": .text(Self.name(type))]
    do throws(ReadError) {
      try read(type, Int(first & 31), &body, &fields)
      packets.append(.object(fields))
    } catch {
      packets.append(.object(fields))
      failure = (start + 4 + error.offset, error.field)
    }
  }

  /// The fields that `declarations` names.
  public var fields: Fields {
    var fields: Fields = ["packets": .list(packets)]
    if let cname { fields.set("cname", wire: cname) }
    return fields
  }

  private mutating func read(
    _ type: UInt8, _ count: Int, _ body: inout ByteReader, _ fields: inout Fields
  ) throws(ReadError) {
    switch type {
    case 200, 201:
      let identifier = try body.read(UInt32.self, "SSRC")
      fields.set("identifier", identifier)
      reports.append(Report(identifier: identifier))
      if type == 200 { try readSending(&body, &fields) }
      fields.set("reports", .list(try receptions(count, &body)))
    case 202: fields.set("sources", .list(try descriptions(count, &body)))
    case 203:
      var sources: [Value] = []
      for _ in 0..<count { sources.append(.integer(Int64(try body.read(UInt32.self, "SSRC")))) }
      fields.set("identifiers", .list(sources))
      if let length = body.peek(), length > 0 {
        try body.skip(1, "reason length")
        fields.set("reason", wire: try body.take(Int(length), "reason").array())
      }
    default:
      if body.remaining >= 4 { fields.set("identifier", try body.read(UInt32.self, "SSRC")) }
      if type == 204 { fields.set("name", wire: try body.take(4, "name").array()) }
      if type == 205 || type == 206 { fields.set("mediaIdentifier", try body.read(UInt32.self, "media SSRC")) }
      if type != 207 { fields.set("format", count) }
      fields.set("byteCount", body.remaining)
    }
  }

  private static func name(_ type: UInt8) -> String {
    switch type {
    case 200: "SR"
    case 201: "RR"
    case 202: "SDES"
    case 203: "BYE"
    case 204: "APP"
    case 205: "RTPFB"
    case 206: "PSFB"
    case 207: "XR"
    default: String(type)
    }
  }

  /// NTP's 32.32 seconds since 1900 (RFC 3550, 4).
  private static func time(_ seconds: UInt32, _ fraction: UInt32) -> CaptureTime {
    CaptureTime(
      nanoseconds: (Int64(seconds) - 2_208_988_800) * 1_000_000_000
        + Int64((UInt64(fraction) * 1_000_000_000) >> 32))
  }

  private mutating func readSending(_ body: inout ByteReader, _ fields: inout Fields) throws(ReadError) {
    let seconds: UInt32 = try body.read("NTP seconds")
    let fraction: UInt32 = try body.read("NTP fraction")
    // A sender without a clock writes zero (RFC 3550, 6.4.1).
    let sentAt = seconds != 0 ? Self.time(seconds, fraction) : .unknown
    if seconds != 0 { fields.set("sentAt", sentAt) }
    let timestamp: UInt32 = try body.read("RTP timestamp")
    fields.set("timestamp", timestamp)
    let packets: UInt32 = try body.read("packet count")
    fields.set("packetCount", packets)
    let octets: UInt32 = try body.read("octet count")
    fields.set("octetCount", octets)
    reports[reports.count - 1].sending = .init(
      sentAt: sentAt, timestamp: timestamp, packetCount: packets, octetCount: octets)
  }

  private mutating func receptions(_ count: Int, _ body: inout ByteReader) throws(ReadError) -> [Value] {
    var values: [Value] = []
    for _ in 0..<count {
      let identifier: UInt32 = try body.read("SSRC")
      let loss: UInt32 = try body.read("loss")
      let lost = Int32(bitPattern: loss << 8) >> 8
      let highest: UInt32 = try body.read("highest sequence number")
      let jitter: UInt32 = try body.read("jitter")
      var fields: Fields = ["identifier": .integer(Int64(identifier))]
      fields.set("fractionLost", loss >> 24)
      fields.set("cumulativeLost", lost)
      fields.set("highestSequence", highest)
      fields.set("jitter", jitter)
      fields.set("lastReport", try body.read(UInt32.self, "last SR"))
      fields.set("delaySinceLastReport", try body.read(UInt32.self, "delay since last SR"))
      values.append(.object(fields))
      reports[reports.count - 1].receptions.append(
        .init(
          identifier: identifier, fractionLost: UInt8(loss >> 24), cumulativeLost: lost, highestSequence: highest,
          jitter: jitter))
    }
    return values
  }

  /// Hands on what parties report of streams, as long as `left` lasts.
  public func report(from side: Side, trace: Trace, left: inout Int, into sink: inout EvidenceSink) {
    guard let sender = sink.carrier.endpoint(of: side), let receiver = sink.carrier.endpoint(of: side.other) else {
      return
    }
    for report in reports where left > 0 {
      left -= 1
      var whole = MediaReport(source: sender, destination: receiver, identifier: report.identifier, trace: trace)
      whole.sending = report.sending
      whole.receptions = report.receptions
      sink.report(whole)
    }
  }

  private mutating func descriptions(_ count: Int, _ body: inout ByteReader) throws(ReadError) -> [Value] {
    var sources: [Value] = []
    for _ in 0..<count {
      var fields: Fields = ["identifier": .integer(Int64(try body.read(UInt32.self, "SSRC")))]
      let begin = body.offset
      while true {
        let type: UInt8 = try body.read("SDES item")
        if type == 0 { break }
        let length: UInt8 = try body.read("SDES length")
        let text = try body.take(Int(length), "SDES text").array()
        if type == 1, cname == nil { cname = text }
        fields.set(Self.item(type), wire: text)
      }
      let padding = (4 - (body.offset - begin) % 4) % 4
      try body.skip(min(padding, body.remaining), "SDES padding")
      sources.append(.object(fields))
    }
    return sources
  }

  private static func item(_ type: UInt8) -> String {
    switch type {
    case 1: "cname"
    case 2: "name"
    case 3: "email"
    case 4: "phone"
    case 5: "location"
    case 6: "tool"
    case 7: "note"
    default: "item\(type)"
    }
  }
}
