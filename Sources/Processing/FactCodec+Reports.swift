import ByteReading
import EvidenceModel

/// Reports on media streams on their way from the shards to the join.
extension FactCodec {
  static func write(_ report: MediaReport, into writer: inout BinaryWriter) {
    writer.write(UInt8(3))
    write(report.source, &writer)
    write(report.destination, &writer)
    writer.write(report.identifier)
    write(report.trace, &writer)
    writer.write(UInt8(report.sending == nil ? 0 : 1))
    if let sending = report.sending {
      writer.write(sending.sentAt.nanoseconds)
      writer.write(sending.timestamp)
      writer.write(sending.packetCount)
      writer.write(sending.octetCount)
    }
    writer.write(UInt16(clamping: report.receptions.count))
    for reception in report.receptions.prefix(65_535) {
      writer.write(reception.identifier)
      writer.write(reception.fractionLost)
      writer.write(UInt32(bitPattern: reception.cumulativeLost))
      writer.write(reception.highestSequence)
      writer.write(reception.jitter)
    }
  }

  static func readReport(_ reader: inout ByteReader) throws(ReadError) -> MediaReport {
    let source = try readEndpoint(&reader)
    let destination = try readEndpoint(&reader)
    let identifier: UInt32 = try reader.read("identifier")
    var report = MediaReport(
      source: source, destination: destination, identifier: identifier, trace: try readTrace(&reader))
    if try reader.read(UInt8.self, "sender's report") == 1 {
      let sentAt = CaptureTime(nanoseconds: try reader.read("sender's time"))
      let timestamp: UInt32 = try reader.read("timestamp")
      let packets: UInt32 = try reader.read("packet count")
      report.sending = .init(
        sentAt: sentAt, timestamp: timestamp, packetCount: packets, octetCount: try reader.read("octet count"))
    }
    let count: UInt16 = try reader.read("count of receptions")
    for _ in 0..<count {
      let stream: UInt32 = try reader.read("identifier")
      let fraction: UInt8 = try reader.read("fraction lost")
      let lost: UInt32 = try reader.read("cumulative lost")
      let highest: UInt32 = try reader.read("highest sequence number")
      report.receptions.append(
        .init(
          identifier: stream, fractionLost: fraction, cumulativeLost: Int32(bitPattern: lost),
          highestSequence: highest, jitter: try reader.read("jitter")))
    }
    return report
  }
}
