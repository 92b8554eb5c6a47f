/// A key of the telephone whose tones were heard in audio. It is a conclusion: a voice or music may hold such tones by chance.
public struct HeardKey: Hashable, Sendable {
  public let key: String
  /// Its samples, `from` up to and without `to`, to about 6 milliseconds.
  public let from: Int64
  public let to: Int64
  /// Levels of the low and the high tone in tenths of dBm0, the strongest of its blocks.
  public let lowLevel: Int64
  public let highLevel: Int64

  /// How they are found, in words for a record.
  public static let method =
    "Goertzel at the frequencies of ITU-T Q.23 in blocks of 12.75 ms: both tones at least -36 dBm0, the high one at most 5.5 dB stronger "
    + "and 9.5 dB weaker, 85 % of all power, other rows and columns 6 dB weaker, off by less than 2.5 %, for 32 ms or more"
}

/// Finds the tones of keys (DTMF) in audio that it is given piece by piece, with the limits of ITU-T Q.24.
///
/// Every other block is looked at; where one holds a key's tones, blocks that overlap by half are looked at all around. Four of them
/// with the same key in a row make one: tones of 40 ms are found, those of 24 ms are not. Interruptions of up to 10 ms count as part
/// of a key, pauses of 40 ms part two.
public final class KeyDetector {
  /// Keys that are kept.
  public static let maximumKeys = 10_000
  /// Rates that are looked at, in hertz.
  public static let sampleRates: ClosedRange<Int64> = 8_000...48_000

  private static let leastHits = 4
  private static let mostMisses = 3

  private struct Run {
    let row: Int
    let column: Int
    let from: Int64
    var to: Int64
    var low: Int64
    var high: Int64
    var hits = 1
    var misses = 0
    /// Whether its frequencies are right, once enough was heard to tell.
    var isConfirmed: Bool?
  }

  public private(set) var keys: [HeardKey] = []
  public private(set) var omittedCount: Int64 = 0

  private let tones: KeyTones
  private let block: Int
  private let hop: Int64
  private let stride: Int64
  /// The samples from `base` on that may still be needed.
  private var samples: [Int16] = []
  private var base: Int64 = 0
  /// Where the next block of the wide mesh begins, and of the fine one where that is in use.
  private var next: Int64 = 0
  private var fine: Int64?
  private var fineUntil: Int64 = 0
  private var settled: Int64 = 0
  private var run: Run?

  /// Nil when the rate is none that is looked at.
  public init?(sampleRate: Int64) {
    guard Self.sampleRates.contains(sampleRate) else { return nil }
    tones = KeyTones(sampleRate: sampleRate)
    block = KeyTones.blockSamples(at: sampleRate)
    hop = Int64(block) / 2
    stride = Int64(block) * 2
  }

  /// Takes the next samples.
  public func take(_ part: UnsafeBufferPointer<Int16>) {
    // Safe: the buffer is the caller's for this call.
    unsafe samples.append(contentsOf: part)
    advance()
    // A key may begin two blocks of the wide mesh before the one that shows it, and is confirmed within as many.
    let needed = min(fine ?? next, next) - 4 * stride
    if needed - base > Int64(block) * 64 {
      samples.removeFirst(Int(needed - base))
      base = needed
    }
  }

  /// Ends a key that lasts to the end.
  public func finish() {
    if run != nil { end() }
  }

  private func slice(_ from: Int64, _ to: Int64) -> ArraySlice<Int16> { samples[Int(from - base)..<Int(to - base)] }

  private func advance() {
    let end = base + Int64(samples.count)
    while true {
      if let place = fine {
        guard place + Int64(block) <= end else { return }
        takeFine(tones.strength(slice(place, place + Int64(block)), isNear: true), at: place)
        if run == nil, place >= fineUntil {
          fine = nil
          settled = place
          next = max(next, place)
        } else {
          fine = place + hop
        }
      } else {
        guard next + Int64(block) <= end else { return }
        if tones.strength(slice(next, next + Int64(block))) != nil {
          fine = max(base, settled, next - stride)
          fineUntil = next + hop
        }
        next += stride
      }
    }
  }

  private func takeFine(_ strength: KeyTones.Strength?, at place: Int64) {
    if var current = run {
      if let strength, strength.row == current.row, strength.column == current.column {
        current.hits += 1
        current.misses = 0
        current.to = place + Int64(block)
        current.low = max(current.low, strength.low)
        current.high = max(current.high, strength.high)
        // A voice that glides past the frequencies of a key does not keep to them.
        if current.hits >= Self.leastHits, current.isConfirmed != false {
          let from = max(current.from, current.to - Int64(block) - hop * Int64(Self.leastHits - 1))
          current.isConfirmed = tones.isOnFrequency(
            slice(from, current.to), row: current.row, column: current.column)
        }
        run = current
        return
      }
      run?.misses += 1
      if strength == nil, current.misses + 1 <= Self.mostMisses { return }
      end()
    }
    if let strength {
      run = Run(
        row: strength.row, column: strength.column, from: place, to: place + Int64(block), low: strength.low,
        high: strength.high)
    }
  }

  private func end() {
    guard let current = run else { return }
    run = nil
    guard current.isConfirmed == true else { return }
    guard keys.count < Self.maximumKeys else {
      omittedCount += 1
      return
    }
    keys.append(
      HeardKey(
        key: KeyTones.keys[current.row][current.column], from: current.from, to: current.to,
        lowLevel: KeyTones.level(current.low, count: Int64(block)),
        highLevel: KeyTones.level(current.high, count: Int64(block))))
  }
}
