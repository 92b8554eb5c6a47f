import PacketLayers
import Testing

/// Headers made by hand, each a function that puts itself in front of what it carries.
enum Headers {
  static func big16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }

  static func ethernet(_ type: Int, _ rest: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + big16(type) + rest
  }
  static func tag(_ next: Int, _ rest: [UInt8]) -> [UInt8] { [0, 7] + big16(next) + rest }

  static func ipv4(
    _ number: UInt8, _ rest: [UInt8], options: [UInt8] = [], totalLength: Int? = nil, fragment: Int = 0,
    versionAndLength: UInt8? = nil
  ) -> [UInt8] {
    let length = 20 + options.count
    var bytes: [UInt8] = [versionAndLength ?? (0x40 | UInt8(length / 4)), 0]
    bytes += big16(totalLength ?? length + rest.count) + [0, 1] + big16(fragment) + [64, number, 0, 0]
    bytes += [192, 0, 2, 1, 198, 51, 100, 2]
    return bytes + options + rest
  }

  static let address6: [UInt8] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

  static func ipv6(_ next: UInt8, _ rest: [UInt8], payloadLength: Int? = nil) -> [UInt8] {
    var bytes: [UInt8] = [0x60, 0, 0, 0]
    bytes += big16(payloadLength ?? rest.count)
    bytes += [next, 64]
    bytes += address6 + [1]
    bytes += address6 + [2]
    return bytes + rest
  }
  static func extensionHeader(_ next: UInt8, units: Int = 0, _ rest: [UInt8]) -> [UInt8] {
    [next, UInt8(units)] + [UInt8](repeating: 0, count: units * 8 + 6) + rest
  }
  static func fragmentHeader(_ next: UInt8, _ fragment: Int, _ rest: [UInt8]) -> [UInt8] {
    [next, 0] + big16(fragment) + [0, 0, 0, 9] + rest
  }

  static func tcp(
    _ payload: [UInt8], flags: UInt8 = 0x18, options: [UInt8] = [], offset: UInt8? = nil
  ) -> [UInt8] {
    var bytes: [UInt8] = [0, 80, 0x9c, 0x40, 1, 2, 3, 4, 5, 6, 7, 8]
    bytes += [(offset ?? UInt8(5 + options.count / 4)) << 4, flags, 1, 0, 0, 0, 0, 0]
    return bytes + options + payload
  }
  static func udp(_ payload: [UInt8], length: Int? = nil, to port: Int = 53) -> [UInt8] {
    var bytes = big16(5_060)
    bytes += big16(port)
    bytes += big16(length ?? payload.count + 8)
    return bytes + [0, 0] + payload
  }
}

/// The view of a packet.
func view(_ bytes: [UInt8], _ linkType: UInt16 = 1) -> PacketView {
  // Safe: the view ends with this call.
  unsafe PacketView(bytes.span.bytes, linkType: linkType)
}

/// The payload that a view shows.
func payload(_ bytes: [UInt8], _ linkType: UInt16 = 1) -> [UInt8] {
  let view = view(bytes, linkType)
  return Array(bytes[view.payloadStart..<view.payloadStart + view.payloadCount])
}

/// Reads every beginning of a packet, and the packet with each byte changed to each value: what is shown stays inside.
func expectNoTrap(_ bytes: [UInt8], _ linkType: UInt16) {
  for count in 0...bytes.count { expectInside(Array(bytes.prefix(count)), linkType) }
  for place in bytes.indices {
    for value in 0...255 as ClosedRange<UInt8> {
      var changed = bytes
      changed[place] = value
      expectInside(changed, linkType)
    }
  }
}

private func expectInside(_ bytes: [UInt8], _ linkType: UInt16) {
  let found = view(bytes, linkType)
  let isInside =
    found.payloadCount >= 0 && found.payloadStart >= 0 && found.payloadStart + found.payloadCount <= bytes.count
    && found.announcedPayloadCount >= found.payloadCount
  if !isInside { Issue.record("\(found) of \(bytes)") }
  _ = found.protocolName
  _ = found.tunnels.name
  _ = Slice(found)
}
