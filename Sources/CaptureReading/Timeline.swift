import EvidenceModel

/// Takes the packets of several originals; `place` is that of the original in the list of paths.
public protocol TimelineReceiver: AnyObject {
  /// An original that is no capture or cannot be opened.
  func unreadable(_ place: Int, _ fault: CaptureFault)
  /// The next packet; what the original said before it can be taken from `reader`.
  func packet(_ packet: CapturedPacket, of place: Int, _ reader: inout CaptureReader)
  /// An original was read to its end, or to a fault.
  func ended(_ place: Int, _ reader: inout CaptureReader, _ fault: CaptureFault?)
}

/// The order in which the packets of several originals are read: by time, ties by the order of the originals.
///
/// Files that follow each other in time are read one after another, those that overlap together. Packets of one original keep their
/// order, also where its recorder's clock went back; packets without a time follow the one before them. Limit: `maximumOpen`
/// originals are read at once; when more overlap, the others wait until one ends.
public final class Timeline {
  public static let maximumOpen = 32

  /// An original that is being read; its reader is taken out while it is its turn.
  private final class Source {
    let place: Int
    var reader: CaptureReader?
    var head: CapturedPacket

    init(_ place: Int, _ reader: consuming CaptureReader, _ head: CapturedPacket) {
      self.place = place
      self.reader = consume reader
      self.head = head
    }
  }

  private let paths: [String]
  private let receiver: any TimelineReceiver
  /// Originals that were not opened yet, the first in time at the end.
  private var waiting: [(time: CaptureTime, place: Int)] = []
  private var open: [Source] = []
  /// Whether originals had to wait because too many overlap.
  public private(set) var hadToWait = false

  /// Looks at the first packet of each original, when there are several.
  public init(paths: [String], receiver: any TimelineReceiver) {
    self.paths = paths
    self.receiver = receiver
    // An original without times stands behind the one that was named before it.
    var last = CaptureTime.unknown
    for place in paths.indices {
      if paths.count > 1 { last = Self.firstTime(paths[place]) ?? last }
      waiting.append((last, place))
    }
    waiting.sort { ($0.time, $0.place) > ($1.time, $1.place) }
  }

  private static func firstTime(_ path: String) -> CaptureTime? {
    guard var reader = try? CaptureReader(path: path, isGlance: true), case .packet(let packet) = reader.next(),
      packet.time.isKnown
    else { return nil }
    return packet.time
  }

  /// Gives all packets to the receiver.
  public func run() {
    while true {
      openDue()
      guard let next = open.indices.min(by: { precedes(open[$0], open[$1]) }) else {
        if waiting.isEmpty { return }
        continue
      }
      var limit: (CaptureTime, Int)?
      for place in open.indices where place != next {
        let other = (open[place].head.time, open[place].place)
        if limit.map({ other < $0 }) ?? true { limit = other }
      }
      // One that waits is opened before packets of its time.
      if let first = waiting.last, open.count < Self.maximumOpen, limit.map({ (first.time, -1) < $0 }) ?? true {
        limit = (first.time, -1)
      }
      if read(open[next], until: limit) { open.remove(at: next) }
    }
  }

  private func precedes(_ one: Source, _ other: Source) -> Bool {
    (one.head.time, one.place) < (other.head.time, other.place)
  }

  /// Opens the originals whose first packets are not later than all that are open.
  private func openDue() {
    while let first = waiting.last {
      guard open.allSatisfy({ $0.head.time >= first.time }) else { return }
      guard open.count < Self.maximumOpen else {
        hadToWait = true
        return
      }
      waiting.removeLast()
      start(first.place)
    }
  }

  private func start(_ place: Int) {
    do throws(CaptureFault) {
      var reader = try CaptureReader(path: paths[place])
      switch reader.next() {
      case .packet(let packet): open.append(Source(place, reader, packet))
      case .end(let fault): receiver.ended(place, &reader, fault)
      }
    } catch {
      receiver.unreadable(place, error)
    }
  }

  /// Gives packets of one original as long as they come before `limit`; true when it is read to its end.
  private func read(_ source: Source, until limit: (time: CaptureTime, place: Int)?) -> Bool {
    guard var reader = source.reader.take() else { return true }
    while true {
      receiver.packet(source.head, of: source.place, &reader)
      switch reader.next() {
      case .packet(let packet):
        source.head = packet
        if let limit, (packet.time, source.place) >= (limit.time, limit.place) {
          source.reader = consume reader
          return false
        }
      case .end(let fault):
        receiver.ended(source.place, &reader, fault)
        return true
      }
    }
  }
}
