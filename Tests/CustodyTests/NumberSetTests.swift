import Testing

@testable import Custody

@Suite("Set of numbers")
struct NumberSetTests {
  /// Numbers that are met in order take a bit each; the far ones and those out of order are known, too.
  @Test(arguments: [
    Array(0..<300), Array((0..<300).reversed()), [0, 63, 64, 65, 1_000_000, 1, 2], [Int.max, 0, Int.max - 1],
    Array(stride(from: 0, to: 20_000, by: 7)),
  ])
  func eachNumberIsTakenOnce(numbers: [Int]) {
    var set = NumberSet()
    let first = numbers.filter { set.insert($0) }
    let again = numbers.filter { set.insert($0) }
    #expect(first == numbers)
    #expect(again.isEmpty)
    #expect(set.count == numbers.count)
    #expect(set.highest == numbers.max())
  }

  /// A number that was far away stays known when the bits have grown over its place.
  @Test func farNumbersStayKnown() {
    var set = NumberSet()
    let taken = ([5_000] + Array(0..<5_000) + [5_000, 5_001]).filter { set.insert($0) }
    #expect(taken.count == 5_002)
    #expect(set.count == 5_002)
  }
}
