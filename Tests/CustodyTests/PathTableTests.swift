import Testing

@testable import Custody

@Suite("Table of paths")
struct PathTableTests {
  @Test func entriesStandInTheOrderOfTheirBytes() {
    let table = PathTable([("data/b", 1), ("data/a/z", 2), ("data/a", 3), ("data/a-b", 4), ("é", 5)])
    #expect(Array(table.keys) == ["data/a", "data/a-b", "data/a/z", "data/b", "é"])
    #expect(table.values == [3, 4, 2, 1, 5])
    for (path, value) in table { #expect(table[path] == value) }
  }

  @Test(arguments: ["", "data", "data/", "data/aa", "data/c", "zz"])
  func whatIsNotThereIsNotFound(path: String) {
    let table = PathTable([("data/a", 1), ("data/b", 2)])
    #expect(table[path] == nil)
    #expect(!table.contains(path))
    #expect(PathTable<Int>()[path] == nil)
  }

  @Test func appendingTellsHowAPathStandsToTheOneBefore() {
    var table = PathTable<Int>()
    let orders = [("b", 1), ("b", 2), ("a", 3), ("ab", 4)].map { table.append($0.0.utf8, $0.1) }
    #expect(orders == [.behind, .same, .before, .behind])
    #expect(table.lastKey == "ab")
    let repeated = table.sort()
    #expect(repeated == ["b"])
    #expect(Array(table.keys) == ["a", "ab", "b"])
    #expect(table["b"] == 2, "of the same path the last entry stays")
  }

  @Test func mergingVisitsEachPathOfBothOnce() {
    let left = PathTable([("a", 1), ("c", 2), ("d", 3)])
    let right = PathTable([("b", "x"), ("c", "y"), ("e", "z")])
    var seen: [String] = []
    left.merge(right) { one, other in
      seen.append("\(one.map(left.key) ?? "-")\(other.map(right.key) ?? "-")")
    }
    #expect(seen == ["a-", "-b", "cc", "d-", "-e"])
    let all = left.union(right, 9)
    #expect(Array(all.keys) == ["a", "b", "c", "d", "e"])
    #expect(all.values == [1, 9, 2, 3, 9])
    #expect(Array(all.keeping { $0 > "b" }.keys) == ["c", "d", "e"])
  }

  @Test func beginningsAreOfBytes() {
    let table = PathTable([("data", 1), ("data/x", 2)])
    #expect(!table.hasPrefix("data/", 0))
    #expect(table.hasPrefix("data/", 1))
    #expect(table.hasPrefix("", 0))
    for (prefix, isOne) in [("data/x", true), ("data/xy", false)] {
      let begins = table.hasPrefix(prefix.utf8.span, 1)
      #expect(begins == isOne)
    }
  }

  @Test func othersValuesTakeTheSamePaths() {
    let table = PathTable([("a", 1), ("b", 2)]).with(["x", "y"])
    #expect(table["b"] == "y")
  }
}
