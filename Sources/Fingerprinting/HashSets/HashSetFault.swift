import Glibc

/// Why a set of hashes cannot be used.
public struct HashSetFault: Error, Hashable, Sendable {
  /// What a place in the set is counted in.
  public enum Unit: String, Sendable { case line, row }
  public let unit: Unit
  /// From 1; 0 when it concerns the whole file.
  public let place: UInt64
  public let message: String

  init(_ message: String, unit: Unit = .line, at place: UInt64 = 0) {
    self.unit = unit
    self.place = place
    self.message = message
  }

  /// The message with its place.
  public var text: String { place == 0 ? message : "\(unit.rawValue) \(place): \(message)" }

  static func system(_ number: Int32) -> HashSetFault {
    // Safe: strerror gives a string that stays.
    HashSetFault(unsafe String(cString: strerror(number)))
  }
}
