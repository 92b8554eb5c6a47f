import ByteReading
import EvidenceModel

/// Call signals, media streams and reports on them on their way from the shards to the join.
enum FactCodec {
  enum Fact: Sendable {
    case signal(CallSignal)
    case stream(MediaStream)
    case report(MediaReport)
  }

  // MARK: Writing

  static func write(_ signal: CallSignal, into writer: inout BinaryWriter) {
    writer.write(UInt8(1))
    writer.write(signal.signalling)
    writer.write(signal.callID)
    writer.write(signal.step.rawValue)
    writer.write(signal.transaction)
    for text in [
      signal.callerTag, signal.calledTag, signal.caller, signal.callerName, signal.called, signal.calledName,
      signal.reason, signal.key, signal.target, signal.replaces, signal.referredBy,
    ] {
      writer.write(text)
    }
    writer.write(signal.statusCode)
    writer.write(UInt8((signal.isFromCaller ? 1 : 0) | (signal.isFocus ? 2 : 0)))
    write(signal.source, &writer)
    write(signal.destination, &writer)
    write(signal.trace, &writer)
    writer.write(UInt16(clamping: signal.media.count))
    for media in signal.media.prefix(65_535) { write(media, &writer) }
  }

  static func write(_ stream: MediaStream, into writer: inout BinaryWriter) {
    writer.write(UInt8(2))
    write(stream.source, &writer)
    write(stream.destination, &writer)
    writer.write(stream.identifier)
    writer.write(stream.verdict.rawValue)
    writer.write(stream.evidence)
    writer.write(stream.packetCount)
    writer.write(stream.payloadBytes)
    writer.write(stream.firstPacket.rawValue)
    writer.write(stream.lastPacket.rawValue)
    writer.write(stream.first.nanoseconds)
    writer.write(stream.last.nanoseconds)
    writer.write(stream.indexLocation)
    writer.write(stream.tunnels)
    writer.write(stream.channel.map { UInt16($0) } ?? 0xffff)
    writer.write(stream.payloadTypes.low)
    writer.write(stream.payloadTypes.high)
    writer.write(stream.decoder)
    writer.write(UInt16(clamping: stream.counts.count))
    for count in stream.counts.prefix(65_535) {
      writer.write(count.original)
      writer.write(count.sum.packets)
      writer.write(count.sum.headerBytes)
      writer.write(count.sum.payloadBytes)
    }
  }

  private static func write(_ media: MediaOffer, _ writer: inout BinaryWriter) {
    writer.write(media.kind)
    write(media.receivesAt, &writer)
    writer.write(media.transport)
    writer.write(media.direction.rawValue)
    writer.write(media.packetTime)
    writer.write(media.index)
    writer.write(media.channel.map { UInt16($0) } ?? 0xffff)
    writer.write(media.label)
    writer.write(UInt8(media.bundledAt == nil ? 0 : 1))
    if let endpoint = media.bundledAt { write(endpoint, &writer) }
    writer.write(UInt8(clamping: media.repairs.count))
    for repair in media.repairs.prefix(255) {
      writer.write(repair.original)
      writer.write(repair.repair)
    }
    writer.write(UInt8(clamping: media.participants.count))
    for participant in media.participants.prefix(255) {
      writer.write(participant.address)
      writer.write(participant.name)
    }
    writer.write(UInt8(clamping: media.securityDescriptions.count))
    for description in media.securityDescriptions.prefix(255) { writer.write(description) }
    writer.write(UInt16(clamping: media.payloads.count))
    for payload in media.payloads.prefix(65_535) {
      writer.write(payload.type)
      writer.write(payload.encoding)
      writer.write(payload.clockRate)
      writer.write(payload.channels)
      writer.write(payload.parameters)
    }
  }

  static func write(_ endpoint: Endpoint, _ writer: inout BinaryWriter) {
    let (high, low) = endpoint.address.words
    writer.write(UInt8(endpoint.address.isVersion6 ? 6 : 4))
    writer.write(high)
    writer.write(low)
    writer.write(endpoint.port)
  }

  static func write(_ trace: Trace, _ writer: inout BinaryWriter) {
    writer.write(trace.first.nanoseconds)
    writer.write(trace.last.nanoseconds)
    writer.write(UInt32(clamping: trace.packets.ranges.count))
    for range in trace.packets.ranges {
      writer.write(range.lowerBound)
      writer.write(range.upperBound)
    }
  }

  // MARK: Reading

  /// Reads all facts of a file.
  static func read(_ bytes: [UInt8]) throws(ReadError) -> [Fact] {
    var facts: [Fact] = []
    // Safe: the view ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    while reader.remaining > 0 {
      switch try reader.read(UInt8.self, "fact") {
      case 1: facts.append(.signal(try readSignal(&reader)))
      case 2: facts.append(.stream(try readStream(&reader)))
      case 3: facts.append(.report(try readReport(&reader)))
      default: throw ReadError(.malformed, at: reader.offset - 1, reading: "fact")
      }
    }
    return facts
  }

  private static func text(_ reader: inout ByteReader) throws(ReadError) -> String {
    let count: UInt32 = try reader.read("text length")
    return String(repairing: try reader.take(Int(count), "text"))
  }

  private static func readSignal(_ reader: inout ByteReader) throws(ReadError) -> CallSignal {
    let signalling = try text(&reader)
    let callID = try text(&reader)
    let step = CallSignal.Step(rawValue: try reader.read("step")) ?? .proceeding
    let transaction: UInt32 = try reader.read("transaction")
    var texts: [String] = []
    for _ in 0..<11 { texts.append(try text(&reader)) }
    let status: UInt16 = try reader.read("status")
    let flags = try reader.read(UInt8.self, "direction")
    let source = try readEndpoint(&reader)
    let destination = try readEndpoint(&reader)
    var signal = CallSignal(
      signalling: signalling, callID: callID, step: step, transaction: transaction, isFromCaller: flags & 1 != 0,
      source: source, destination: destination, trace: try readTrace(&reader))
    signal.callerTag = texts[0]
    signal.calledTag = texts[1]
    signal.caller = texts[2]
    signal.callerName = texts[3]
    signal.called = texts[4]
    signal.calledName = texts[5]
    signal.reason = texts[6]
    signal.key = texts[7]
    signal.target = texts[8]
    signal.replaces = texts[9]
    signal.referredBy = texts[10]
    signal.isFocus = flags & 2 != 0
    signal.statusCode = status
    let count: UInt16 = try reader.read("media count")
    for _ in 0..<count { signal.media.append(try readMedia(&reader)) }
    return signal
  }

  private static func readMedia(_ reader: inout ByteReader) throws(ReadError) -> MediaOffer {
    let kind = try text(&reader)
    let endpoint = try readEndpoint(&reader)
    let transport = try text(&reader)
    let direction = MediaOffer.Direction(rawValue: try reader.read("direction")) ?? .sendReceive
    let packetTime: UInt16 = try reader.read("packet time")
    var media = MediaOffer(
      kind: kind, receivesAt: endpoint, transport: transport, index: try reader.read("media index"))
    media.direction = direction
    media.packetTime = packetTime
    media.channel = UInt8(exactly: try reader.read(UInt16.self, "channel"))
    media.label = try text(&reader)
    if try reader.read(UInt8.self, "bundled endpoint") == 1 { media.bundledAt = try readEndpoint(&reader) }
    let repairs: UInt8 = try reader.read("count of repairs")
    for _ in 0..<repairs {
      media.repairs.append(.init(original: try reader.read("original"), repair: try reader.read("repair")))
    }
    let participants: UInt8 = try reader.read("count of participants")
    for _ in 0..<participants {
      media.participants.append(.init(address: try text(&reader), name: try text(&reader)))
    }
    let descriptions: UInt8 = try reader.read("count of keys")
    for _ in 0..<descriptions { media.securityDescriptions.append(try text(&reader)) }
    let count: UInt16 = try reader.read("payload count")
    for _ in 0..<count {
      let type: UInt8 = try reader.read("payload type")
      let encoding = try text(&reader)
      let rate: UInt32 = try reader.read("clock rate")
      let channels: UInt8 = try reader.read("channels")
      media.payloads.append(
        .init(type: type, encoding: encoding, clockRate: rate, channels: channels, parameters: try text(&reader)))
    }
    return media
  }

  private static func readStream(_ reader: inout ByteReader) throws(ReadError) -> MediaStream {
    let source = try readEndpoint(&reader)
    let destination = try readEndpoint(&reader)
    var stream = MediaStream(source: source, destination: destination, identifier: try reader.read("identifier"))
    stream.verdict = MediaStream.Verdict(rawValue: try reader.read("verdict")) ?? .candidate
    stream.evidence = try text(&reader)
    stream.packetCount = try reader.read("packet count")
    stream.payloadBytes = try reader.read("payload bytes")
    stream.firstPacket = PacketPosition(rawValue: try reader.read("first packet"))
    stream.lastPacket = PacketPosition(rawValue: try reader.read("last packet"))
    stream.first = CaptureTime(nanoseconds: try reader.read("first time"))
    stream.last = CaptureTime(nanoseconds: try reader.read("last time"))
    stream.indexLocation = try reader.read("index location")
    stream.tunnels = try text(&reader)
    stream.channel = UInt8(exactly: try reader.read(UInt16.self, "channel"))
    stream.payloadTypes = (low: try reader.read("payload types"), high: try reader.read("payload types"))
    stream.decoder = try text(&reader)
    let count: UInt16 = try reader.read("count of originals")
    for _ in 0..<count {
      let original: UInt16 = try reader.read("original")
      let packets: UInt64 = try reader.read("packets")
      let headers: UInt64 = try reader.read("header bytes")
      let payload: UInt64 = try reader.read("payload bytes")
      stream.count(LedgerSum(packets: packets, headerBytes: headers, payloadBytes: payload), original: original)
    }
    return stream
  }

  static func readEndpoint(_ reader: inout ByteReader) throws(ReadError) -> Endpoint {
    let version: UInt8 = try reader.read("version")
    let high: UInt64 = try reader.read("address")
    let low: UInt64 = try reader.read("address")
    let address =
      version == 6
      ? InternetAddress(version6: high, low) : InternetAddress(version4: UInt32(truncatingIfNeeded: low))
    return Endpoint(address, port: try reader.read("port"))
  }

  static func readTrace(_ reader: inout ByteReader) throws(ReadError) -> Trace {
    var trace = Trace()
    trace.first = CaptureTime(nanoseconds: try reader.read("first time"))
    trace.last = CaptureTime(nanoseconds: try reader.read("last time"))
    let count: UInt32 = try reader.read("range count")
    for _ in 0..<count {
      let lower: UInt64 = try reader.read("range begin")
      let upper: UInt64 = try reader.read("range end")
      trace.packets.insert(from: PacketPosition(rawValue: lower), through: PacketPosition(rawValue: upper))
    }
    return trace
  }
}
