import EvidenceModel
import FlowAssembly
import PacketLayers
import Testing

struct RecentPacketsTests {
  /// Packets as originals hold them, one behind the other.
  final class Originals {
    var recent: RecentPackets
    var number: UInt64 = 0
    var files: [UInt16: [UInt8]] = [:]
    var comparisons = 0
    init(several: Bool = false) { recent = RecentPackets(hasSeveralOriginals: several) }

    /// The number of the packet that this one is a duplicate of.
    func take(_ bytes: [UInt8], at time: Int64, original: UInt16 = 1, linkType: UInt16 = 101) -> UInt64? {
      number += 1
      let offset = files[original, default: []].count
      files[original, default: []] += bytes
      // Safe: the view ends with this call.
      let span = unsafe bytes.span.bytes
      let place = RecentPackets.Place(
        position: PacketPosition(original: original, packet: number), time: CaptureTime(nanoseconds: time),
        offset: UInt64(offset), count: bytes.count)
      return recent.original(of: PacketView(span, linkType: linkType), span, place) { comparison in
        comparisons += 1
        let file = files[comparison.position.original] ?? []
        let end = Int(comparison.offset) + comparison.range.count
        return end <= file.count && Array(file[Int(comparison.offset)..<end]) == Array(bytes[comparison.range])
      }?.packet
    }
  }

  static func packet(
    _ text: String, id: UInt16, timeToLive: UInt8 = 64, destination: UInt8 = 2, fragment: UInt16 = 0
  ) -> [UInt8] {
    let payload = Array(text.utf8)
    let total = UInt16(28 + payload.count)
    var bytes: [UInt8] = [0x45, 0, UInt8(total >> 8), UInt8(total & 255), UInt8(id >> 8), UInt8(id & 255)]
    bytes += [UInt8(fragment >> 8), UInt8(fragment & 255), timeToLive, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, destination]
    bytes += [0x13, 0xc4, 0, 53, UInt8((total - 20) >> 8), UInt8((total - 20) & 255), 0, 0]
    return bytes + payload
  }
  static func packet6(_ text: String) -> [UInt8] {
    let payload = Array(text.utf8)
    var bytes: [UInt8] = [0x60, 0, 0, 0, 0, UInt8(8 + payload.count), 17, 64]
    bytes += [UInt8](repeating: 0x20, count: 32) + [0x13, 0xc4, 0, 53, 0, UInt8(8 + payload.count), 0, 0]
    return bytes + payload
  }
  private static let millisecond: Int64 = 1_000_000

  @Test func knowsWhatAMirrorPortRepeats() {
    let originals = Originals()
    #expect(originals.take(Self.packet("one", id: 7), at: 0) == nil)
    #expect(originals.take(Self.packet("one", id: 7, timeToLive: 63), at: 1) == 1, "behind a router")
    let tagged: [UInt8] = [UInt8](repeating: 2, count: 12) + [0x81, 0, 0, 9, 8, 0] + Self.packet("one", id: 7)
    #expect(originals.take(tagged, at: 2, linkType: 1) == 1, "in a VLAN")
    let padded = tagged + [UInt8](repeating: 0, count: 9)
    #expect(originals.take(padded, at: 2, linkType: 1) == 1, "with Ethernet's padding")
    #expect(originals.take(Self.packet("one", id: 7), at: 5 * Self.millisecond) == 1)
    #expect(originals.take(Self.packet("one", id: 7), at: 6 * Self.millisecond) == nil, "too late")
  }

  @Test func keepsRealRepetitions() {
    let originals = Originals()
    #expect(originals.take(Self.packet("one", id: 7), at: 0) == nil)
    #expect(originals.take(Self.packet("one", id: 8), at: 1) == nil, "its sender numbered it anew")
    #expect(originals.take(Self.packet("two", id: 7), at: 2) == nil)
    #expect(originals.take(Self.packet("one", id: 7, destination: 3), at: 3) == nil)
    #expect(originals.take(Self.packet("one", id: 0), at: 4) == nil)
    #expect(originals.take(Self.packet("one", id: 0), at: 5) == nil, "not numbered at all")
    #expect(originals.take(Self.packet6("one"), at: 6) == nil)
    #expect(originals.take(Self.packet6("one"), at: 6) == nil)
    #expect(originals.take(Self.packet("one", id: 7), at: .min) == nil, "no time")
  }

  /// RFC 6864 lets senders give all packets that are never fragmented one number.
  @Test func aConstantIdentificationProvesNothing() {
    let originals = Originals()
    #expect(originals.take(Self.packet("one", id: 1), at: 0) == nil)
    #expect(originals.take(Self.packet("two", id: 1), at: 1) == nil)
    #expect(originals.take(Self.packet("two", id: 1), at: 2) == nil)
    #expect(originals.take(Self.packet("three", id: 2), at: 3) == nil)
    #expect(originals.take(Self.packet("three", id: 2), at: 4) == 4, "it numbers after all")
  }

  @Test func knowsFragmentsByTheirPlace() {
    let originals = Originals()
    #expect(originals.take(Self.packet("12345678", id: 7, fragment: 0x2000), at: 0) == nil)
    #expect(originals.take(Self.packet("12345678", id: 7, fragment: 0x2002), at: 1) == nil)
    #expect(originals.take(Self.packet("12345678", id: 7, fragment: 0x2002), at: 2) == 2)
  }

  @Test func knowsThePacketsOfAnotherRecorder() {
    let originals = Originals(several: true)
    #expect(originals.take(Self.packet6("one"), at: 5, original: 1) == nil)
    #expect(originals.take(Self.packet6("one"), at: 5, original: 1) == nil, "the same recorder saw two")
    #expect(originals.take(Self.packet6("one"), at: 5, original: 2) == 2)
    #expect(originals.take(Self.packet6("one"), at: 6, original: 2) == nil, "another time")
    #expect(originals.take(Self.packet6("two"), at: 5, original: 2) == nil)
    #expect(originals.take([1, 2, 3], at: 7, original: 1, linkType: 147) == nil)
    #expect(originals.take([1, 2, 3], at: 7, original: 2, linkType: 147) == 6, "whatever it is")
    #expect(originals.take([1, 2, 3, 4], at: 7, original: 2, linkType: 147) == nil)
  }

  @Test func remembersTheLastPacketsOnly() {
    let originals = Originals()
    for id in 1...1_025 as ClosedRange<UInt16> { _ = originals.take(Self.packet("x\(id)", id: id), at: Int64(id)) }
    #expect(originals.take(Self.packet("x1", id: 1), at: 2_000) == nil, "pushed out by itself")
    #expect(originals.take(Self.packet("x500", id: 500), at: 2_000) == 500)
  }

  /// However many look alike, only a few are compared.
  @Test func comparesOnlyAFew() {
    let originals = Originals()
    // Alike in all that is looked at first, different behind it.
    for place in 0..<1_000 {
      let before = originals.comparisons
      _ = originals.take(Self.packet("same beginning of it \(place)".padding(40), id: 7), at: 0)
      #expect(originals.comparisons - before <= RecentPackets.comparisons)
    }
  }
}

extension String {
  fileprivate func padding(_ count: Int) -> String {
    self + String(repeating: ".", count: max(0, count - self.utf8.count))
  }
}
