public import EvidenceModel

/// What RTCP reports of one stream, put beside what was captured: facts, from which nothing is corrected.
public struct StreamReports: Sendable {
  /// A sender's report with the moment when it was captured.
  public struct Sent: Sendable {
    public let sending: MediaReport.Sending
    public let capturedAt: CaptureTime
  }

  public private(set) var sent: [Sent] = []
  public private(set) var received: [MediaReport.Reception] = []
  /// The packets of the sender's reports and of the receivers'.
  public private(set) var sentTrace = Trace()
  public private(set) var receivedTrace = Trace()

  /// Nanoseconds that a report may come before the stream's first packet or behind its last.
  static let tolerance: Int64 = 30_000_000_000

  public var isEmpty: Bool { sent.isEmpty && received.isEmpty }

  /// How many nanoseconds the sender's clock is ahead of the recorder's, by the first and by the last report; the way to the recorder
  /// counts to it.
  public var clockAhead: (first: Int64, last: Int64)? {
    let known = sent.filter { $0.sending.sentAt.isKnown && $0.capturedAt.isKnown }
    guard let first = known.first, let last = known.last,
      let one = Self.difference(first.sending.sentAt, first.capturedAt),
      let other = Self.difference(last.sending.sentAt, last.capturedAt)
    else { return nil }
    return (one, other)
  }

  /// Pairs of the first and last report's own clock and timestamp, where they are far enough apart to tell a drift: ten seconds.
  public var span: (first: Sent, last: Sent)? {
    let known = sent.filter { $0.sending.sentAt.isKnown && $0.capturedAt.isKnown }
    guard let first = known.first, let last = known.last,
      let length = Self.difference(last.sending.sentAt, first.sending.sentAt), length >= 10_000_000_000
    else { return nil }
    return (first, last)
  }

  public static func difference(_ one: CaptureTime, _ other: CaptureTime) -> Int64? {
    guard one.isKnown, other.isKnown else { return nil }
    let (difference, isOver) = one.nanoseconds.subtractingReportingOverflow(other.nanoseconds)
    return isOver ? nil : difference
  }

  mutating func take(_ report: MediaReport, of stream: MediaStream) {
    guard Self.isNear(report, stream) else { return }
    if report.identifier == stream.identifier, let sending = report.sending,
      report.source.address == stream.source.address, report.destination.address == stream.destination.address
    {
      sent.append(Sent(sending: sending, capturedAt: report.trace.first))
      sentTrace.formUnion(report.trace)
    }
    if report.source.address == stream.destination.address, report.destination.address == stream.source.address {
      for reception in report.receptions where reception.identifier == stream.identifier {
        received.append(reception)
        receivedTrace.formUnion(report.trace)
      }
    }
  }

  private static func isNear(_ report: MediaReport, _ stream: MediaStream) -> Bool {
    guard report.trace.first.isKnown, stream.first.isKnown else { return true }
    return report.trace.first >= stream.first.adding(-tolerance) && report.trace.first <= stream.last.adding(tolerance)
  }
}

/// All reports of a run, found by the streams that they tell of.
public struct ReportIndex {
  private var byIdentifier: [UInt32: [MediaReport]] = [:]

  /// The reports may come in any order.
  public init(_ reports: [MediaReport]) {
    for report in reports {
      for identifier in Set([report.identifier] + report.receptions.map(\.identifier)) {
        byIdentifier[identifier, default: []].append(report)
      }
    }
    for identifier in byIdentifier.keys {
      byIdentifier[identifier]?.sort { Self.order($0) < Self.order($1) }
    }
  }

  public func reports(on stream: MediaStream) -> StreamReports {
    var result = StreamReports()
    for report in byIdentifier[stream.identifier] ?? [] { result.take(report, of: stream) }
    return result
  }

  private static func order(_ report: MediaReport) -> (CaptureTime, UInt64, UInt32, UInt32) {
    (
      report.trace.first, report.trace.packets.first?.rawValue ?? 0, report.identifier,
      report.sending?.timestamp ?? 0
    )
  }
}
