import EvidenceModel
import TestSupport
import Testing

/// `PacketSet` against the standard library's `Set`.
struct PacketSetTests {
  private static func position(_ value: UInt64) -> PacketPosition {
    PacketPosition(original: UInt16(value / 60), packet: value % 60 + 1)
  }

  private static func check(_ set: PacketSet, _ model: Set<PacketPosition>) {
    let members = set.ranges.flatMap { $0.map { PacketPosition(rawValue: $0) } }
    #expect(members == model.sorted())
    #expect(set.count == model.count && set.isEmpty == model.isEmpty)
    #expect(set.first == model.min() && set.last == model.max())
    for (one, next) in zip(set.ranges, set.ranges.dropFirst()) { #expect(one.upperBound + 1 < next.lowerBound) }
    let printed = set.byOriginal
    let texts = printed.map(\.packets).joined(separator: ",").split(separator: ",").flatMap { part in
      let ends = part.split(separator: "-").compactMap { UInt64($0) }
      return ends.isEmpty ? [] : Array(ends[0]...(ends.last ?? ends[0]))
    }
    #expect(texts == model.sorted().map(\.packet))
    #expect(printed.map { $0.original.number } == Set(model.map(\.original)).sorted())
  }

  @Test func isASet() {
    var random = SeededGenerator(testSeed("packet sets"))
    for _ in 0..<300 {
      var set = PacketSet()
      var model: Set<PacketPosition> = []
      for _ in 0..<Int.random(in: 0...40, using: &random) {
        let value = UInt64.random(in: 0..<180, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          let end = min(value / 60 * 60 + 59, value + UInt64.random(in: 0..<20, using: &random))
          set.insert(from: Self.position(value), through: Self.position(end))
          model.formUnion((value...end).map(Self.position))
        case 1:
          var other = PacketSet()
          for _ in 0..<5 {
            let member = Self.position(UInt64.random(in: 0..<180, using: &random))
            other.insert(member)
            model.insert(member)
          }
          set.formUnion(other)
        default:
          set.insert(Self.position(value))
          model.insert(Self.position(value))
        }
      }
      Self.check(set, model)
    }
  }

  @Test func staysSmallForPacketsInARow() {
    var set = PacketSet()
    for packet in 1...100_000 as ClosedRange<UInt64> { set.insert(PacketPosition(original: 3, packet: packet)) }
    #expect(set.ranges.count == 1 && set.count == 100_000)
    #expect(set.byOriginal.map { "\($0.original) \($0.packets)" } == ["O-0003 1-100000"])
  }

  @Test func anEmptyRangeAddsNothing() {
    var set = PacketSet()
    set.insert(from: Self.position(5), through: Self.position(4))
    set.formUnion(PacketSet())
    #expect(set.isEmpty && set.byOriginal.isEmpty && set.first == nil)
  }

  @Test func printsNumbersOfAnyLength() {
    var random = SeededGenerator(testSeed("packet numbers"))
    for _ in 0..<300 {
      var set = PacketSet()
      var texts: [UInt64: String] = [:]
      for _ in 0..<20 {
        let limit = UInt64(1) << UInt64.random(in: 1...38, using: &random)
        let packet = UInt64.random(in: 1..<limit, using: &random) * 3
        let last = packet + UInt64.random(in: 0...1, using: &random)
        if texts[packet] != nil { continue }
        set.insert(PacketPosition(original: 7, packet: packet))
        set.insert(PacketPosition(original: 7, packet: last))
        texts[packet] = last > packet ? "\(packet)-\(last)" : "\(packet)"
      }
      let expected = texts.sorted { $0.key < $1.key }.map { $0.value }.joined(separator: ",")
      #expect(set.byOriginal.map { $0.packets } == [expected])
    }
  }

  @Test func positionsReachFar() {
    let last = PacketPosition(original: .max, packet: (1 << 40) - 1)
    #expect(last.original == .max && last.packet == (1 << 40) - 1 && last.description == "O-65535 packet 1099511627775")
    #expect(PacketPosition(original: 1, packet: (1 << 40) - 1) < PacketPosition(original: 2, packet: 1))
  }
}
