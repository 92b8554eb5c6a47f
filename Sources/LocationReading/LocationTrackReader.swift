import ByteReading
import Glibc

/// What makes events of a format's bytes.
protocol LocationParser: AnyObject {
  /// Reads the next bytes.
  func append(_ bytes: RawSpan) throws(LocationFault)
  /// Says that nothing follows.
  func finish() throws(LocationFault)
  /// Gives out what is whole and waited for something behind it: reading has stopped.
  func abandon()
}

/// Reads a location track from front to back, in pieces of any size, and gives what is in it as it comes.
///
/// Memory does not grow with the file; `LocationLimits` names what bounds it. Where reading stops, what was given before stays, and an
/// open track is ended as not complete.
public final class LocationTrackReader {
  static let pieceByteCount = 1 << 16

  private let queue: EventQueue
  private let parser: any LocationParser
  private var fault: LocationFault?
  private var isFinished = false

  /// Prepares to read a file of this format. Throws `system` when there is no memory.
  public init(_ format: LocationFormat, limits: LocationLimits = LocationLimits()) throws(LocationFault) {
    queue = EventQueue(limits)
    parser = try Self.parser(format, queue, limits)
  }

  private static func parser(
    _ format: LocationFormat, _ queue: EventQueue, _ limits: LocationLimits
  ) throws(LocationFault) -> any LocationParser {
    switch format {
    case .gpx: return try XMLParserOfTracks(GPXReader(queue, limits), limits)
    case .kml: return try XMLParserOfTracks(KMLReader(queue, limits), limits)
    case .nmea: return NMEAReader(queue, limits)
    default: throw LocationFault(.otherFormat, at: 0, "\(format) is not read yet")
    }
  }

  /// How many sentences with right checksums came, by type: `GGA`, `P` for makers' own, `other`; empty for other formats than NMEA.
  public var sentenceCounts: [String: Int] { (parser as? NMEAReader)?.sentenceCounts ?? [:] }

  /// Reads the next bytes of the file. Throws where it cannot be read on, and the same again at every further call.
  public func append(_ bytes: RawSpan, _ receive: (LocationEvent) -> Void) throws(LocationFault) {
    var reader = ByteReader(bytes)
    while reader.remaining > 0 {
      guard let piece = try? reader.take(min(reader.remaining, Self.pieceByteCount), "piece") else { return }
      if let fault { throw fault }
      do throws(LocationFault) { try parser.append(piece) } catch { try stop(error, receive) }
      queue.flush(receive)
    }
  }

  /// Says that the file ends here. Throws `truncated` when it should not.
  public func finish(_ receive: (LocationEvent) -> Void) throws(LocationFault) {
    if let fault { throw fault }
    guard !isFinished else { return }
    isFinished = true
    do throws(LocationFault) { try parser.finish() } catch { try stop(error, receive) }
    queue.end()
    queue.settle()
    queue.flush(receive)
  }

  private func stop(_ error: LocationFault, _ receive: (LocationEvent) -> Void) throws(LocationFault) {
    fault = error
    parser.abandon()
    queue.end(isComplete: false)
    queue.settle()
    queue.flush(receive)
    throw error
  }

  /// Reads a whole file by an open descriptor, which stays open and whose place does not move.
  public func read(descriptor: Int32, _ receive: (LocationEvent) -> Void) throws(LocationFault) {
    var buffer = [UInt8](repeating: 0, count: Self.pieceByteCount)
    var offset: UInt64 = 0
    while true {
      // Safe: the system writes no more than the buffer holds.
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe pread(descriptor, bytes.baseAddress, bytes.count, off_t(clamping: offset))
      }
      if count < 0 {
        if errno == EINTR { continue }
        try stop(LocationFault(.system, at: offset, "the system cannot read the file (error \(errno))"), receive)
      }
      guard count > 0 else { break }
      try append(buffer.view.extracting(0..<count), receive)
      offset += UInt64(count)
    }
    try finish(receive)
  }
}

/// Reads a format that is XML.
final class XMLParserOfTracks: LocationParser {
  private let stream: XMLStream
  private let receiver: any XMLReceiver

  init(_ receiver: any XMLReceiver, _ limits: LocationLimits) throws(LocationFault) {
    self.receiver = receiver
    stream = try XMLStream(receiver, limits)
  }

  func append(_ bytes: RawSpan) throws(LocationFault) { try stream.append(bytes) }
  func finish() throws(LocationFault) { try stream.finish() }
  func abandon() { receiver.abandon() }
}
