import ByteReading
import DecoderKit
import EvidenceModel

/// Undoes the compression of one side of a stream, from the place on where its decoder said that it begins.
final class StreamExpansion {
  /// So many compressed bytes are undone at a time: they become at most about four million.
  static let stepByteCount = 4_096

  private let reverser: InflateReverser
  private let limits: HostLimits
  private var received = 0
  private var given = 0
  /// Packets since the last that gave something, and that one: its last bits may belong to what the next packet completes.
  private var open = Trace()

  init(_ compression: StreamCompression, _ limits: HostLimits) {
    self.limits = limits
    reverser =
      switch compression {
      case .deflate: InflateReverser(.none)
      case .zlib: InflateReverser(.zlib)
      }
  }

  /// Undoes bytes of one packet; hands out what was compressed, with the packets that held it.
  ///
  /// What it copies from before came in other packets, too; only those that held its compressed form are told.
  func push(
    _ bytes: RawSpan, _ packet: PacketContext, _ emit: (RawSpan, DecodingUnit.Run) -> Void
  ) throws(ReadError) {
    let start = received
    received += bytes.byteCount
    open.insert(packet.position, at: packet.time)
    var place = packet
    place.fileOffset = PacketContext.scattered
    var hasGiven = false
    let state = reverser.push(bytes) { part in
      hasGiven = true
      given += part.byteCount
      emit(part, .init(count: part.byteCount, trace: open, packet: place))
    }
    if reverser.isAtBoundary {
      open = Trace()
    } else if hasGiven {
      open = Trace(packet.position, at: packet.time)
    }
    guard given <= limits.expansionFloor || given / limits.expansionRatio <= received else {
      throw ReadError(.limitExceeded, at: start, reading: "ratio of compression")
    }
    switch state {
    case .fine: return
    case .ended(let trailing):
      // What follows the end is nothing that was announced.
      if trailing > 0 { throw ReadError(.malformed, at: received - trailing, reading: "end of compressed bytes") }
    case .damaged: throw ReadError(.malformed, at: start, reading: "compressed bytes")
    }
  }
}
