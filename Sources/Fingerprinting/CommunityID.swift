import Crypto
public import EvidenceModel

/// The Community ID flow hash, version 1, with seed 0 (corelight/community-id-spec).
public enum CommunityID {
  /// The identifier of a conversation, the same for both directions.
  public static func text(_ source: Endpoint, _ destination: Endpoint, protocolNumber: UInt8) -> String {
    let one = source.address.bytes
    let two = destination.address.bytes
    let isOrdered =
      one == two ? source.port <= destination.port : one.lexicographicallyPrecedes(two)
    let (lower, higher) = isOrdered ? (source, destination) : (destination, source)
    var bytes: [UInt8] = [0, 0]
    bytes += lower.address.bytes
    bytes += higher.address.bytes
    bytes += [protocolNumber, 0]
    // Only of these do ports count.
    for port in [1, 6, 17, 58, 132].contains(protocolNumber) ? [lower.port, higher.port] : [] {
      bytes += [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
    }
    return "1:" + base64(Array(Insecure.SHA1.hash(data: bytes)))
  }

  /// Base64 with padding (RFC 4648, 4).
  private static func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = Array(bytes[start..<min(start + 3, bytes.count)])
      let word = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (16 - 8 * UInt32($1.offset)) }
      for place in 0..<4 {
        out.append(place <= group.count ? letters[Int(word >> (18 - 6 * UInt32(place))) & 63] : 0x3d)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
