/// Audio that two recordings seem to share, found by their acoustic fingerprints; an aid, to be checked by ear.
public struct SharedAudio: Equatable, Sendable {
  /// Places of the two recordings in the list that was compared; the first is below the second.
  public var first: Int
  public var second: Int
  /// Where the shared part begins in each, in seconds with one decimal, to about a second.
  public var firstStart: String
  public var secondStart: String
  /// How long it is in seconds with one decimal.
  public var length: String
  /// The share of the compared bits that are the same, with three decimals.
  public var similarity: String
}

/// Compares acoustic fingerprints of many recordings with each other and finds audio that two of them share.
///
/// Silence, tones and steady noise, whose sub-fingerprints hardly change, are not compared: they would match everywhere.
public struct FingerprintComparison: Equatable, Sendable {
  /// Recordings that are compared.
  public static let maximumRecordings = 10_000
  /// Sub-fingerprints of all recordings together: about 48 days.
  public static let maximumItems = 1 << 25
  /// Pairs that are listed.
  public static let maximumPairs = 10_000
  /// Shared parts of one recording with others that are listed.
  public static let maximumPairsOfOne = 1_000
  /// Equal values that are followed up before the search ends.
  public static let maximumSteps: Int64 = 8_000_000_000
  /// Sub-fingerprints with sound that a shared part has at least: 10 seconds.
  public static let minimumItems = 81
  /// Bits of 32 that differ on average, at most: a quarter.
  static let differingBits = 8
  /// Differing bits beyond those by which a shared part ends: about 4 seconds of other sound.
  static let endingBits = 200

  /// How it is done, for records and the report.
  public static let method =
    "Chromaprint sub-fingerprints; left out where within a second they change by less than 3.5 bits on average (silence, tones, "
    + "steady noise) and where their first 20 bits occur more than 1,024 times; candidates have two equal first 20 bits within "
    + "256 sub-fingerprints (32 s) at offsets that differ by at most one; a shared part has at least 81 compared "
    + "sub-fingerprints (10 s) of which at most a quarter of the bits differ, and ends where about 4 s of other sound follow"

  /// Shared parts, in the order of the second recording, then of where they begin in it, then of the first.
  public private(set) var pairs: [SharedAudio] = []
  /// True when a limit was reached, so that there may be more pairs.
  public private(set) var isCut = false
  /// Sub-fingerprints that were left out because their value occurs too often.
  public private(set) var frequentItems: Int64 = 0
  /// Recordings that were not compared because of the limits, the last ones.
  public private(set) var leftOut = 0

  /// Compares the recordings' raw fingerprints.
  public init(_ fingerprints: [[UInt32]]) {
    var total = 0
    var taken = 0
    for fingerprint in fingerprints.prefix(Self.maximumRecordings) {
      guard total + fingerprint.count <= Self.maximumItems else { break }
      total += fingerprint.count
      taken += 1
    }
    leftOut = fingerprints.count - taken
    let index = FingerprintIndex(fingerprints.prefix(taken))
    frequentItems = index.frequentItems
    var search = FingerprintSearch(index)
    for recording in 0..<taken {
      guard pairs.count < Self.maximumPairs, search.steps < Self.maximumSteps else {
        isCut = true
        break
      }
      let found = search.find(recording)
      if found.isCut { isCut = true }
      for part in found.parts {
        guard pairs.count < Self.maximumPairs else {
          isCut = true
          break
        }
        pairs.append(
          SharedAudio(
            first: part.other, second: recording, firstStart: Self.seconds(part.otherStart),
            secondStart: Self.seconds(part.start), length: Self.seconds(part.count),
            similarity: FixedPoint.decimal(
              FixedPoint.quotient(
                Int128(part.compared * 32 - part.differing) * 1_000, Int128(part.compared * 32)), places: 3)))
      }
    }
    if leftOut > 0 { isCut = true }
  }

  /// Sub-fingerprints in seconds: 1,365 samples each at 11,025 hertz.
  private static func seconds(_ items: Int) -> String {
    FixedPoint.decimal(FixedPoint.quotient(Int128(items) * 13_650, 11_025), places: 1)
  }
}
