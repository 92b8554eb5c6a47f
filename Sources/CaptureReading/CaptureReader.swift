import EvidenceModel
import Glibc

/// Reads the packets of one original in order, with the file offset of each; pcap and pcapng.
///
/// Everything up to a fault is given out. Views end with the next call. Limits: a packet of 262,144 bytes as in Wireshark
/// (just under 64 MiB for USB and D-Bus link types), a block of 64 MiB.
public struct CaptureReader: ~Copyable {
  var window: ByteWindow
  private let pcapHeader: PcapHeader?
  var pcapng = PcapngState()
  private var isEnded = false
  var lastPacket: CapturedPacket?
  /// Bytes of the current pcapng block that stand behind its packet.
  var pendingTail = 0
  /// What the file said beside its packets since the last `takeFacts`.
  var facts: [CaptureFact] = []
  /// Packets given out.
  public internal(set) var packetCount: UInt64 = 0
  /// Bytes of packets given out.
  public internal(set) var packetBytes: UInt64 = 0
  /// Those among them that are blocks without a packet.
  public private(set) var blockCount: UInt64 = 0
  /// What libpcap counts of the packets given out: no such blocks, and records of pcap only up to the header's snap length.
  public private(set) var witnessPackets: UInt64 = 0
  public private(set) var witnessBytes: UInt64 = 0
  /// Facts that were not kept because `maximumFactCount` of them had not been taken.
  public internal(set) var droppedFactCount: UInt64 = 0
  /// Blocks beside packets that are damaged, or have more options or names than the limit, and where the first begins.
  public internal(set) var damagedBlockCount: UInt64 = 0
  public internal(set) var firstDamagedBlock: UInt64 = 0

  /// The format's name, as records print it.
  public var formatName: String { pcapHeader == nil ? "pcapng" : "pcap" }

  /// Opens a file read-only and reads its header. Throws when it cannot be opened or is no capture.
  public init(path: String) throws(CaptureFault) { try self.init(path: path, isGlance: false) }

  /// `isGlance` reads only as much at once as a first packet needs.
  init(path: String, isGlance: Bool) throws(CaptureFault) {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else {
      throw CaptureFault(.system, at: 0, systemMessage(errno))
    }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    try self.init(window: ByteWindow(descriptor: descriptor, capacity: isGlance ? 4_096 : ByteWindow.usualCapacity))
  }

  /// Takes ownership of an open descriptor that stands at the beginning of the file.
  public init(descriptor: Int32) throws(CaptureFault) { try self.init(window: ByteWindow(descriptor: descriptor)) }

  private init(window given: consuming ByteWindow) throws(CaptureFault) {
    var window = given
    if window.isExhausted() {
      if let number = window.readErrorNumber {
        throw CaptureFault(.system, at: 0, systemMessage(number))
      }
      throw CaptureFault(.empty, at: 0, "the file is empty")
    }
    let count = window.remaining(upTo: PcapHeader.byteCount)
    guard count >= 4 else { throw CaptureFault(.unknownFormat, at: 0, "the file has only \(count) bytes") }
    if PcapHeader.isMagic(window.view(4)) {
      let header = try PcapHeader(window.view(count))
      window.advance(PcapHeader.byteCount)
      pcapHeader = header
      facts = [header.fact]
    } else if PcapngState.isMagic(window.view(4)) {
      pcapHeader = nil
    } else {
      throw CaptureFault(.unknownFormat, at: 0, "the first bytes are those of no capture format that is known")
    }
    self.window = window
  }

  /// How far the file was read.
  public var offset: UInt64 { window.offset }

  /// Reads on to the next packet or the end.
  public mutating func next() -> CaptureStep {
    if isEnded { return .end(nil) }
    if let former = lastPacket {
      window.advance(Int(former.capturedLength))
      lastPacket = nil
    }
    let step: CaptureStep = if let header = pcapHeader { nextOfPcap(header) } else { nextOfPcapng() }
    switch step {
    case .packet(let packet):
      packetCount = packet.number
      packetBytes += UInt64(packet.capturedLength)
      if packet.isBlock {
        blockCount += 1
      } else {
        witnessPackets += 1
        witnessBytes += UInt64(min(packet.capturedLength, pcapHeader?.effectiveSnapLength ?? .max))
      }
    case .end: isEnded = true
    }
    return step
  }

  /// The bytes of the packet that `next` gave last.
  @inline(__always)
  public var bytes: RawSpan {
    @_lifetime(borrow self) get { window.view(Int(lastPacket?.capturedLength ?? 0)) }
  }

  /// What the file said beside its packets, since this was last asked.
  public mutating func takeFacts() -> [CaptureFact] {
    defer { facts = [] }
    return facts
  }

  public var hasFacts: Bool { !facts.isEmpty }

  /// The fault that a failed read stands for: the system's, if it gave one.
  mutating func truncation(_ message: String) -> CaptureFault {
    if let number = window.readErrorNumber {
      return CaptureFault(.system, at: window.offset, "read error: \(systemMessage(number))")
    }
    return CaptureFault(.truncated, at: window.offset, message)
  }
}
