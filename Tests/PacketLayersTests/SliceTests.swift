import EvidenceModel
import PacketLayers
import TestSupport
import Testing

struct SliceTests {
  @Test func isTheSameBothWays() {
    var random = SeededGenerator(testSeed("slices"))
    for _ in 0..<2_000 {
      let one = InternetAddress(version4: UInt32(truncatingIfNeeded: random.next()))
      let two = InternetAddress(version6: random.next(), random.next())
      #expect(Slice(one, two) == Slice(two, one))
    }
  }

  /// Computed from the description by another program.
  ///
  /// A change of these numbers moves evidence between workers of different versions: it needs a new version.
  @Test func keepsItsNumbers() throws {
    let pairs = [
      ("192.0.2.1", "198.51.100.2"), ("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2"),
      ("0.0.0.0", "255.255.255.255"),
      ("127.0.0.1", "127.0.0.1"),
    ]
    let numbers = try pairs.map { try Slice(#require(InternetAddress($0.0)), #require(InternetAddress($0.1))).number }
    #expect(numbers == Self.known)
  }
  static let known: [UInt8] = [40, 54, 80, 220, 39]

  @Test func spreadsNeighboursEvenly() {
    // 64 clients of a network with 256 servers of another, as in a real exchange.
    var counts = [Int](repeating: 0, count: Slice.count)
    for client in 0..<64 as Range<UInt32> {
      for server in 0..<256 as Range<UInt32> {
        let slice = Slice(
          InternetAddress(version4: 0x0a00_0000 + client), InternetAddress(version4: 0xc0a8_0000 + server))
        counts[Int(slice.number)] += 1
      }
    }
    let mean = 64 * 256 / Slice.count
    #expect(
      counts.allSatisfy { $0 > mean / 2 && $0 < mean * 2 }, "\(counts.min() ?? 0)...\(counts.max() ?? 0) of \(mean)")
    // Many clients of one server.
    counts = [Int](repeating: 0, count: Slice.count)
    for client in 0..<65_536 as Range<UInt32> {
      counts[
        Int(Slice(InternetAddress(version4: 0x0a00_0000 + client), InternetAddress(version4: 0xc633_6402)).number)] += 1
    }
    #expect(counts.allSatisfy { $0 > 128 && $0 < 512 }, "\(counts.min() ?? 0)...\(counts.max() ?? 0) of 256")
    // A network of IPv6 hosts that differ in their last bytes.
    counts = [Int](repeating: 0, count: Slice.count)
    for client in 0..<65_536 as Range<UInt64> {
      let one = InternetAddress(version6: 0x2001_0db8_0000_0000, client)
      counts[Int(Slice(one, InternetAddress(version6: 0x2001_0db8_0000_0000, 1 << 40)).number)] += 1
    }
    #expect(counts.allSatisfy { $0 > 128 && $0 < 512 }, "\(counts.min() ?? 0)...\(counts.max() ?? 0) of 256")
  }

  @Test func putsPacketsWithoutAddressesIntoTheFirst() {
    #expect(Slice(PacketView()).number == 0)
  }
}
