import ByteReading
public import EvidenceModel
import Glibc

/// Decrypts a stream's packets into a file, by keys that the signalling brought.
public struct SecureStream {
  /// The number under which the file with decrypted payloads stands among the originals.
  public static let file: UInt16 = 0
  /// The payload type of packets that no key opens.
  public static let unopened: UInt8 = 0xff
  /// Keys of a stream that are tried.
  static let maximumKeys = 64
  /// Packets times keys that are tried before one fits.
  static let maximumTrials = 2_000

  /// The packets, those that were opened with their payload in the file.
  public private(set) var packets: [MediaPacket] = []
  /// How many packets no key opens.
  public private(set) var unopenedCount: Int64 = 0
  /// The suites of the keys that opened packets, in the order of their first.
  public private(set) var suites: [String] = []

  /// `output` is open for writing from `offset` on, which is moved; `step` is called for each packet. Nil when no packet is opened
  /// by any key.
  public init?(
    _ list: [MediaPacket], keys: [SecurityDescription], originals: [UInt16: Int32], output: Int32, offset: inout UInt64,
    step: () -> Void = {}
  ) {
    var transforms: [(transform: SecureTransform, suite: String)] = []
    for key in keys.prefix(Self.maximumKeys) {
      if let transform = SecureTransform(key) { transforms.append((transform, key.suiteName)) }
    }
    guard !transforms.isEmpty else { return nil }
    let source = PayloadSource(originals)
    var current = 0
    var isOpened = false
    packets.reserveCapacity(list.count)
    for packet in list {
      step()
      var bytes: [UInt8] = []
      let header = Int(packet.headerLength)
      if header > 0, packet.payloadOffset >= UInt64(header) {
        _ = source.read(packet.payloadFile, packet.payloadOffset - UInt64(header), header + Int(packet.payloadLength)) {
          bytes = $0.array()
        }
      }
      var payload: [UInt8]?
      // The last key that fitted first; before any did, not all packets are tried with all keys.
      let isTrying = isOpened || packets.count * transforms.count < Self.maximumTrials
      for other in 0..<(isTrying ? transforms.count : 0) where payload == nil && !bytes.isEmpty {
        let place = (current + other) % transforms.count
        payload = transforms[place].transform.open(bytes, headerLength: header)
        if payload != nil { current = place }
      }
      var result = packet
      if let payload {
        isOpened = true
        if !suites.contains(transforms[current].suite) { suites.append(transforms[current].suite) }
        result.payloadFile = Self.file
        result.payloadOffset = offset
        result.payloadLength = UInt16(clamping: payload.count)
        // Safe: the count is that of the array.
        guard unsafe pwrite(output, payload, payload.count, Int(offset)) == payload.count else { return nil }
        offset += UInt64(payload.count)
      } else {
        unopenedCount += 1
        result.payloadType = Self.unopened
        result.payloadLength = 0
      }
      packets.append(result)
    }
    guard isOpened else { return nil }
  }
}
