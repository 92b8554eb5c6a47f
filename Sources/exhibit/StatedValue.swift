import ArgumentParser
import Custody
import EvidenceModel

/// Values of options, read so that what cannot be read is wrong usage.
enum StatedValue {
  static func time(_ text: String) throws -> CaptureTime {
    guard let time = CaptureTime(rfc3339: text) else {
      throw ValidationError("A time is given as 2026-01-02T03:04:05Z or with an offset such as +01:00 (RFC 3339).")
    }
    return time
  }

  static func length(_ text: String) throws -> LengthOfTime {
    guard let length = LengthOfTime(text) else {
      throw ValidationError("A length of time is a whole number with its unit: 90s, 30m, 12h, 2d.")
    }
    return length
  }

  static func weight(_ text: String) throws -> Weight {
    guard let weight = Weight(text) else {
      throw ValidationError("A weight is given in grams, as digits with at most six decimals: 12.5.")
    }
    return weight
  }
}
