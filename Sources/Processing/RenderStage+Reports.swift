import CallAssembly
import DecoderHosting
import EvidenceModel
import MediaReading

/// What RTCP reports of a stream, as fields of its record.
extension RenderStage {
  static func addReports(_ reports: StreamReports, _ work: StreamWork, to fields: inout Fields) {
    if let last = reports.sent.last {
      var sent: Fields = ["count": .integer(Int64(reports.sent.count))]
      sent.set("packetCount", last.sending.packetCount)
      sent.set("octetCount", last.sending.octetCount)
      addClock(reports, work, to: &sent)
      place(reports.sentTrace, in: &sent)
      fields.set("senderReports", .object(sent))
    }
    if let last = reports.received.last {
      let rate = Int64(max(1, work.analysis.clockRate))
      var received: Fields = ["count": .integer(Int64(reports.received.count))]
      received.set("cumulativeLost", last.cumulativeLost)
      received.set("fractionLostMaximum", reports.received.map(\.fractionLost).max() ?? 0)
      let most = reports.received.map(\.jitter).max() ?? 0
      received.set("jitterLast", milliseconds(last.jitter, rate))
      received.set("jitterMaximum", milliseconds(most, rate))
      place(reports.receivedTrace, in: &received)
      fields.set("receptionReports", .object(received))
    }
  }

  /// How the sender's clock and its timestamps go beside the recorder's clock.
  private static func addClock(_ reports: StreamReports, _ work: StreamWork, to fields: inout Fields) {
    let rate = Int64(max(1, work.analysis.clockRate))
    if let ahead = reports.clockAhead {
      fields.set("clockAhead", signedSeconds(ahead.first))
      fields.set("clockAheadAtEnd", signedSeconds(ahead.last))
    }
    if let first = reports.sent.first(where: { $0.sending.sentAt.isKnown }), let packet = work.captured.first {
      // The report's moment and the first packet's, both in timestamps.
      let units = Int64(Int32(bitPattern: first.sending.timestamp &- packet.timestamp))
      let sentAt = first.sending.sentAt.earlier(by: units.scaled(1_000_000_000, rate))
      fields.set("firstPacketSentAt", sentAt)
    }
    guard let span = reports.span,
      let sent = StreamReports.difference(span.last.sending.sentAt, span.first.sending.sentAt),
      let captured = StreamReports.difference(span.last.capturedAt, span.first.capturedAt), captured > 0
    else { return }
    // Millionths, rounded towards zero; beyond a tenth a clock was set, which is no drift.
    if let drift = millionths(sent - captured, of: captured) { fields.set("clockDrift", drift) }
    let units = span.last.sending.timestamp &- span.first.sending.timestamp
    // The timestamps' 32 bits wrap.
    let wrap = Int64(1 << 32).scaled(1_000_000_000, rate)
    let length = Int64(units).scaled(1_000_000_000, rate)
    let wraps = max(0, (sent - length + wrap / 2) / wrap)
    if let drift = millionths(length + wraps * wrap - sent, of: sent) { fields.set("timestampDrift", drift) }
  }

  private static func millionths(_ difference: Int64, of length: Int64) -> Int64? {
    guard length > 0, difference.magnitude <= UInt64(length / 10) else { return nil }
    return difference.scaled(1_000_000, length)
  }

  private static func milliseconds(_ units: UInt32, _ rate: Int64) -> String {
    let thousandths = Int64(units).scaled(1_000_000, rate)
    return seconds(thousandths)
  }

  private static func signedSeconds(_ nanoseconds: Int64) -> String {
    let thousandths = (Int64(clamping: nanoseconds.magnitude / 1_000) + 500) / 1_000
    return (nanoseconds < 0 && thousandths > 0 ? "-" : "") + seconds(thousandths)
  }

  private static func place(_ trace: Trace, in fields: inout Fields) {
    fields.set(
      "provenance",
      .list(
        trace.packets.byOriginal.map {
          .object(["original": .text($0.original.description), "packets": .text($0.packets)])
        }))
  }
}
