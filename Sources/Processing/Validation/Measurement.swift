import EvidenceModel

/// How what was found compares with what is known: each expected fact is there once, and nothing else is.
struct Measurement: Sendable {
  /// Facts that are named where they differ; all are counted.
  static let maximumNamed = 50

  private(set) var expected: UInt64 = 0
  private(set) var exact: UInt64 = 0
  private(set) var missed: UInt64 = 0
  /// Found, and not expected.
  private(set) var surplus: UInt64 = 0
  private(set) var details: [String] = []
  /// What kind of facts these are, in the plural.
  let what: String

  /// Compares two lists of facts in any order.
  init(_ what: String, expected: [String], found: [String]) {
    self.what = what
    self.expected = UInt64(expected.count)
    var open: [String: Int] = [:]
    for fact in found { open[fact, default: 0] += 1 }
    for fact in expected.sorted() {
      if let count = open[fact], count > 0 {
        open[fact] = count - 1
        exact += 1
      } else {
        missed += 1
        note("missed: \(fact)")
      }
    }
    for (fact, count) in open.sorted(by: { $0.key < $1.key }) where count > 0 {
      surplus += UInt64(count)
      note("not expected: \(fact)")
    }
  }

  /// Facts that could not be compared at all.
  init(_ what: String, failure: String) {
    self.what = what
    expected = 1
    missed = 1
    note(failure)
  }

  private mutating func note(_ text: String) {
    if details.count < Self.maximumNamed { details.append(text) }
  }

  enum Verdict: String, Sendable { case passed, failed, notTested }

  var verdict: Verdict { expected == 0 && surplus == 0 ? .notTested : missed == 0 && surplus == 0 ? .passed : .failed }

  var expectedWords: String { "\(expected) \(what), nothing else" }

  var actualWords: String { "\(exact) of \(expected) \(what), \(surplus) not expected" }
}
