/// How pages are sent: what a digital command signal says (ITU-T T.30, table 2).
public struct FaxFormat: Hashable, Sendable {
  public enum Coding: Hashable, Sendable {
    /// T.4, one-dimensional and two-dimensional; T.6.
    case modifiedHuffman, modifiedRead, modifiedModifiedRead
    /// JPEG, JBIG: not decoded.
    case other(String)

    public var name: String {
      switch self {
      case .modifiedHuffman: "T.4 one-dimensional (MH)"
      case .modifiedRead: "T.4 two-dimensional (MR)"
      case .modifiedModifiedRead: "T.6 (MMR)"
      case .other(let name): name
      }
    }
  }

  public let coding: Coding
  /// Picture elements of a line.
  public let width: Int
  /// Picture elements of an inch, across and down.
  public let horizontal: Int
  public let vertical: Int
  public let isErrorCorrected: Bool
  /// Bytes of a frame of error correction.
  public let frameBytes: Int
  /// Bits a second, and the modulation; zero and empty when a code is not assigned.
  public let rate: Int
  public let modulation: String

  /// Reads the information of the signal; bits that did not come are zero.
  init(_ information: [UInt8]) {
    // Bits count from 1, the first that is sent is the highest of its byte.
    func bit(_ number: Int) -> Bool {
      guard let byte = information.dropFirst((number - 1) / 8).first else { return false }
      return byte >> UInt8(7 - (number - 1) % 8) & 1 == 1
    }
    if bit(68) {
      coding = .other("JPEG (T.81)")
    } else if bit(36) {
      coding = .other("JBIG of colours (T.43)")
    } else if bit(78) || bit(79) {
      coding = .other("JBIG (T.85)")
    } else if bit(31) {
      coding = .modifiedModifiedRead
    } else {
      coding = bit(16) ? .modifiedRead : .modifiedHuffman
    }
    // Quarters of the width of A4 at 204 dots an inch.
    let base = bit(18) ? 2_432 : bit(17) ? 2_048 : 1_728
    if bit(43) {
      (width, horizontal, vertical) = (base * 2, 408, 391)
    } else if bit(42) {
      (width, horizontal, vertical) = (base * 3 / 2, 300, 300)
    } else {
      (width, horizontal, vertical) = (base, 204, bit(41) ? 391 : bit(15) ? 196 : 98)
    }
    isErrorCorrected = bit(27)
    frameBytes = bit(28) ? 64 : 256
    switch (bit(11), bit(12), bit(13), bit(14)) {
    case (false, false, false, false): (rate, modulation) = (2_400, "V.27ter")
    case (false, true, false, false): (rate, modulation) = (4_800, "V.27ter")
    case (true, false, false, false): (rate, modulation) = (9_600, "V.29")
    case (true, true, false, false): (rate, modulation) = (7_200, "V.29")
    case (false, false, false, true): (rate, modulation) = (14_400, "V.17")
    case (false, true, false, true): (rate, modulation) = (12_000, "V.17")
    case (true, false, false, true): (rate, modulation) = (9_600, "V.17")
    case (true, true, false, true): (rate, modulation) = (7_200, "V.17")
    default: (rate, modulation) = (0, "")
    }
  }
}
