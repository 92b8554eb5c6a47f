import CaptureReading
import EvidenceModel
import TestSupport
import Testing

struct TimelineTests {
  /// Notes which packet came when: `original.number`.
  final class Log: TimelineReceiver {
    var order: [String] = []
    var ends: [Int] = []
    var faults: [Int] = []
    func unreadable(_ place: Int, _ fault: CaptureFault) { faults.append(place) }
    func packet(_ packet: CapturedPacket, of place: Int, _ reader: inout CaptureReader) {
      order.append("\(place).\(packet.number)")
      #expect(reader.bytes.byteCount == Int(packet.capturedLength) && reader.packetCount == packet.number)
    }
    func ended(_ place: Int, _ reader: inout CaptureReader, _ fault: CaptureFault?) { ends.append(place) }
  }

  private static func capture(_ seconds: [UInt32]) -> [UInt8] {
    var builder = PcapBuilder()
    for second in seconds { builder.add([1, 2, 3], seconds: second) }
    return builder.bytes
  }

  private static func read(_ captures: [[UInt8]]) throws -> (log: Log, hadToWait: Bool) {
    let folder = try TemporaryFolder()
    var paths: [String] = []
    for (place, bytes) in captures.enumerated() { paths.append(try folder.write(bytes, "\(place).pcap")) }
    let log = Log()
    let timeline = Timeline(paths: paths, receiver: log)
    timeline.run()
    return (log, timeline.hadToWait)
  }

  @Test func readsRotatedFilesInTheOrderOfTime() throws {
    let log = try Self.read([Self.capture([7, 8]), Self.capture([1, 2]), Self.capture([3, 5])]).log
    #expect(log.order == ["1.1", "1.2", "2.1", "2.2", "0.1", "0.2"] && log.ends == [1, 2, 0])
  }

  @Test func readsOverlappingFilesTogether() throws {
    let log = try Self.read([Self.capture([1, 3, 5, 9]), Self.capture([2, 4, 6])]).log
    #expect(log.order == ["0.1", "1.1", "0.2", "1.2", "0.3", "1.3", "0.4"])
  }

  @Test func settlesTiesByTheOrderOfTheOriginals() throws {
    let log = try Self.read([Self.capture([1, 2, 2]), Self.capture([2, 2, 3])]).log
    #expect(log.order == ["0.1", "0.2", "0.3", "1.1", "1.2", "1.3"])
    let same = try Self.read([Self.capture([1, 2, 3]), Self.capture([1, 2, 3])]).log
    #expect(same.order == ["0.1", "1.1", "0.2", "1.2", "0.3", "1.3"])
  }

  /// The order within an original is the recorder's, whatever its clock did.
  @Test func neverReordersAnOriginal() throws {
    let log = try Self.read([Self.capture([5, 1, 6]), Self.capture([2, 5, 7])]).log
    #expect(log.order == ["1.1", "0.1", "0.2", "1.2", "0.3", "1.3"])
    var generator = SeededGenerator(testSeed("timeline"))
    for _ in 0..<50 {
      let captures = (0..<5).map { _ in
        Self.capture((0..<Int.random(in: 0...9, using: &generator)).map { _ in .random(in: 1...9, using: &generator) })
      }
      let order = try Self.read(captures).log.order
      for place in captures.indices {
        let own = order.filter { $0.hasPrefix("\(place).") }
        #expect(own == (1...max(1, own.count)).prefix(own.count).map { "\(place).\($0)" })
      }
      #expect(order.count == captures.reduce(0) { $0 + ($1.count - 24) / 19 })
    }
  }

  @Test func passesOverWhatIsNoCapture() throws {
    let log = try Self.read([Self.capture([2]), Array("hello, world".utf8), [], Self.capture([]), Self.capture([1])])
      .log
    #expect(log.order == ["4.1", "0.1"] && log.faults == [1, 2] && Set(log.ends) == [0, 3, 4])
  }

  /// More originals than may be open wait, and none is left out.
  @Test func opensAHandfulAtOnce() throws {
    let many = (0..<(Timeline.maximumOpen + 3)).map { _ in Self.capture([1, 2]) }
    let (log, hadToWait) = try Self.read(many)
    #expect(hadToWait && log.order.count == 2 * many.count && Set(log.order).count == log.order.count)
    #expect(try Self.read(Array(many.prefix(Timeline.maximumOpen))).hadToWait == false)
    let apart = (0..<100).map { Self.capture([2 * UInt32($0), 2 * UInt32($0) + 1]) }
    #expect(try Self.read(apart).hadToWait == false, "what follows in time is never open together")
  }

  @Test func readsBytesAgain() throws {
    let folder = try TemporaryFolder()
    let paths = try (0..<40).map { try folder.write(Array("original \($0)".utf8), "\($0)") }
    let earlier = EarlierBytes(paths: Dictionary(uniqueKeysWithValues: paths.enumerated().map { (UInt16($0), $1) }))
    for _ in 0..<2 {
      for place in 0..<40 as Range<UInt16> {
        // Safe: the view ends with the statement.
        #expect(unsafe earlier.isSame(place, at: 9, as: Array("\(place)".utf8).span.bytes) == true)
        #expect(unsafe earlier.isSame(place, at: 8, as: Array("\(place)".utf8).span.bytes) == false)
        #expect(unsafe earlier.isSame(place, at: 10, as: Array("\(place)!".utf8).span.bytes) == nil, "the file ends")
      }
    }
    #expect(earlier.read(99, at: 0, 1) { _ in true } == nil)
    #expect(earlier.read(1, at: .max, 1) { _ in true } == nil)
    #expect(earlier.read(1, at: 0, EarlierBytes.maximumSpan + 1) { _ in true } == nil)
  }
}
