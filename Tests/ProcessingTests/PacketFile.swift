/// A pcap file of IPv4 packets that a test makes, 20 ms apart.
struct PacketFile {
  /// An address of four bytes, and a port.
  typealias End = (address: [UInt8], port: UInt16)

  /// What both sides of a TCP connection have sent.
  struct Connection {
    fileprivate let client: End
    fileprivate let server: End
    fileprivate var sent: UInt32 = 0
    fileprivate var answered: UInt32 = 0

    init(_ client: End, _ server: End) { (self.client, self.server) = (client, server) }
  }

  private(set) var bytes: [UInt8] = [
    0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0,
  ]
  private var count: UInt32 = 0

  mutating func addDatagram(_ source: End, _ destination: End, _ payload: [UInt8]) {
    let header = Self.big(source.port) + Self.big(destination.port) + Self.big(UInt16(8 + payload.count)) + [0, 0]
    add(17, source, destination, header + payload)
  }

  mutating func open(_ connection: inout Connection) {
    addSegment(&connection, isAnswer: false, flags: 0x02, [])
    connection.sent = 1
    addSegment(&connection, isAnswer: true, flags: 0x12, [])
    connection.answered = 1
  }

  mutating func close(_ connection: inout Connection) {
    addSegment(&connection, isAnswer: false, flags: 0x11, [])
    connection.sent += 1
    addSegment(&connection, isAnswer: true, flags: 0x11, [])
  }

  /// Sends bytes in segments; with `isLost` they are sent and not recorded.
  mutating func send(_ bytes: [UInt8], _ connection: inout Connection, isAnswer: Bool, isLost: Bool = false) {
    for start in stride(from: 0, to: bytes.count, by: 1_400) {
      let part = Array(bytes[start...].prefix(1_400))
      if !isLost { addSegment(&connection, isAnswer: isAnswer, flags: 0x18, part) }
      if isAnswer { connection.answered += UInt32(part.count) } else { connection.sent += UInt32(part.count) }
    }
  }

  private mutating func addSegment(_ connection: inout Connection, isAnswer: Bool, flags: UInt8, _ payload: [UInt8]) {
    let (source, destination) =
      isAnswer ? (connection.server, connection.client) : (connection.client, connection.server)
    let (own, other) = isAnswer ? (connection.answered, connection.sent) : (connection.sent, connection.answered)
    let ports = Self.big(source.port) + Self.big(destination.port)
    add(
      6, source, destination, ports + Self.big(own) + Self.big(other) + [0x50, flags, 0xff, 0xff, 0, 0, 0, 0] + payload)
  }

  private mutating func add(_ transport: UInt8, _ source: End, _ destination: End, _ content: [UInt8]) {
    let length = Self.big(UInt16(20 + content.count))
    let packet =
      [0x45, 0] + length + [0, 0, 0, 0, 64, transport, 0, 0] + source.address + destination.address + content
    let time = [1_700_000_000 + count / 50, count % 50 * 20_000]
    for value in time + [UInt32(packet.count), UInt32(packet.count)] { bytes += Self.big(value).reversed() }
    bytes += packet
    count += 1
  }

  private static func big(_ value: UInt32) -> [UInt8] {
    (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
  private static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}
