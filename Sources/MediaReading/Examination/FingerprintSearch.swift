/// Looks for parts of a recording in those before it.
struct FingerprintSearch {
  /// A part that two recordings share; numbers of sub-fingerprints from the recordings' beginnings.
  struct Part {
    let other: Int
    let otherStart: Int
    let start: Int
    let count: Int
    let compared: Int
    let differing: Int

    /// Bits that may differ beyond those that do.
    var score: Int { compared * FingerprintComparison.differingBits - differing }
  }

  /// Sub-fingerprints that are looked up together.
  private static let block = 256

  private let index: FingerprintIndex
  /// Equal keys that were followed up.
  private(set) var steps: Int64 = 0
  /// Offset of two items with equal keys, and the later item's place in its block.
  private var hits: [UInt64] = []

  init(_ index: FingerprintIndex) { self.index = index }

  mutating func find(_ recording: Int) -> (parts: [Part], isCut: Bool) {
    let range = index.starts[recording]..<index.starts[recording + 1]
    var parts: [Part] = []
    var isCut = false
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.block) {
      guard steps < FingerprintComparison.maximumSteps, !isCut else { return (parts, true) }
      gather(start..<min(range.upperBound, start + Self.block), before: range.lowerBound)
      for (one, next) in zip(hits, hits.dropFirst()) {
        // Two hits at one offset or at neighbouring ones.
        guard (next >> 8) - (one >> 8) <= 1 else { continue }
        let place = start + Int(next & 255)
        let other = place - Int(next >> 8)
        let found = index.recording(other)
        guard index.recording(start + Int(one & 255) - Int(one >> 8)) == found else { continue }
        if isKnown(parts, found, other - index.starts[found], place - range.lowerBound) { continue }
        guard let part = align(place, other, range, found) else { continue }
        guard parts.count < FingerprintComparison.maximumPairsOfOne else {
          isCut = true
          break
        }
        parts.append(part)
      }
    }
    parts.sort { ($0.start, $0.other, $0.otherStart) < ($1.start, $1.other, $1.otherStart) }
    return (parts, isCut)
  }

  /// Collects the places of equal keys in earlier recordings.
  private mutating func gather(_ range: Range<Int>, before limit: Int) {
    hits.removeAll(keepingCapacity: true)
    for place in range where index.isVaried[place] {
      let key = FingerprintIndex.key(index.items[place])
      for entry in Int(index.firsts[key])..<Int(index.firsts[key + 1]) {
        let other = Int(index.places[entry])
        guard other < limit else { break }
        hits.append(UInt64(place - other) << 8 | UInt64(place - range.lowerBound))
      }
    }
    steps += Int64(hits.count)
    hits.sort()
  }

  private func isKnown(_ parts: [Part], _ other: Int, _ otherPlace: Int, _ place: Int) -> Bool {
    parts.contains { part in
      part.other == other && (part.start..<(part.start + part.count)).contains(place)
        && abs((place - otherPlace) - (part.start - part.otherStart)) <= 2
    }
  }

  /// The longest alike part around two items, at the best of the offsets about them; nil when there is none.
  ///
  /// A sub-fingerprint is like its neighbours, so that offsets beside the right one may be found first.
  private func align(_ place: Int, _ other: Int, _ range: Range<Int>, _ recording: Int) -> Part? {
    guard extend(place, other, range, recording) != nil else { return nil }
    let others = index.starts[recording]..<index.starts[recording + 1]
    let all = (-2...2).filter { others.contains(other + $0) }.compactMap {
      extend(place, other + $0, range, recording)
    }
    return all.max { $0.score < $1.score }
  }

  /// Extends two items to both sides as far as they stay alike; nil when that is too short.
  private func extend(_ place: Int, _ other: Int, _ range: Range<Int>, _ recording: Int) -> Part? {
    let others = index.starts[recording]..<index.starts[recording + 1]
    let forward = extend(place, other, min(range.upperBound - place, others.upperBound - other), 1)
    let backward = extend(
      place - 1, other - 1, min(place - range.lowerBound, other - others.lowerBound), -1)
    let part = Part(
      other: recording, otherStart: other - backward.count - others.lowerBound,
      start: place - backward.count - range.lowerBound, count: forward.count + backward.count,
      compared: forward.compared + backward.compared, differing: forward.differing + backward.differing)
    return part.compared >= FingerprintComparison.minimumItems && part.score >= 0 ? part : nil
  }

  /// The stretch from an item on, in steps of 1 or -1, that has the fewest differing bits against those allowed.
  private func extend(
    _ place: Int, _ other: Int, _ room: Int, _ step: Int
  ) -> (count: Int, compared: Int, differing: Int) {
    var (score, best) = (0, 0)
    var (compared, differing) = (0, 0)
    var result = (count: 0, compared: 0, differing: 0)
    for count in 0..<max(0, room) {
      let (one, two) = (place + count * step, other + count * step)
      guard index.isVaried[one], index.isVaried[two] else { continue }
      let bits = (index.items[one] ^ index.items[two]).nonzeroBitCount
      compared += 1
      differing += bits
      score += FingerprintComparison.differingBits - bits
      if score > best {
        best = score
        result = (count + 1, compared, differing)
      }
      if score < best - FingerprintComparison.endingBits { break }
    }
    return result
  }
}
