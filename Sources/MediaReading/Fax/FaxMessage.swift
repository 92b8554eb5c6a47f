public import EvidenceModel

/// A message of the procedure between two fax machines (ITU-T T.30, 5.3.6), as T.38 carries it: the bit that is sent first is the highest.
public struct FaxMessage: Hashable, Sendable {
  /// The standard's name, such as `DCS`; the code in hexadecimal when it has none.
  public let name: String
  /// Which of the two sides sent it, by its place in the list of sides.
  public let side: Int
  /// Of a secret, no more than what names the message.
  public let bytes: [UInt8]
  /// Whether its check is right and no packet of it is missing.
  public let isWhole: Bool
  /// The identity, number or address that it tells.
  public let text: String?
  public let format: FaxFormat?
  /// Whether it tells a password, which is not shown.
  public let isSecret: Bool
  public internal(set) var packets: PacketSet
  public let first: CaptureTime
  public let last: CaptureTime

  init(_ bytes: [UInt8], from side: Int, isWhole: Bool, _ packets: PacketSet, _ first: CaptureTime, _ last: CaptureTime)
  {
    self.side = side
    self.isWhole = isWhole
    self.packets = packets
    self.first = first
    self.last = last
    let code = Self.code(bytes)
    isSecret = code.map { Self.secrets.contains($0) } == true
    self.bytes = isSecret ? Array(bytes.prefix(3)) : bytes
    let information = Array(bytes.dropFirst(3))
    let isBlockEnd = code == Self.partialPageSignal && !information.isEmpty
    name =
      (code.map(Self.name) ?? "?") + (isBlockEnd ? "-" + Self.blockEnd(information.first ?? 0) : "")
    let isText = isWhole && code.map { Self.texts.contains($0) } == true
    text = !isText ? nil : isSecret ? Self.withheld : Self.text(information)
    format = isWhole && code == Self.commandSignal ? FaxFormat(information) : nil
  }

  static let commandSignal: UInt8 = 0x41
  /// PWD, and SID, with which a sender proves that it may (T.30, 5.3.6.1.2 and 5.3.6.1.3).
  private static let secrets: Set<UInt8> = [0x83, 0x45]
  /// Stands for what is not shown.
  public static let withheld = "[withheld]"
  static let partialPageSignal: UInt8 = 0x7d

  /// What a partial page signal says of the page: `NULL` when it goes on (T.30, A.4.3).
  private static func blockEnd(_ code: UInt8) -> String { code == 0 ? "NULL" : name(code & 0x7f) }
  /// TSI, CSI, CIG, SUB, PWD and SEP, SID, PSA, TSA, CIA, IRA, CSA: digits and letters, the last one first (T.30, 5.3.6.2).
  private static let texts: Set<UInt8> = [
    0x42, 0x02, 0x82, 0x43, 0x83, 0x85, 0x45, 0x86, 0x46, 0x87, 0x47, 0x24, 0x88,
  ]

  /// The facsimile control field without the bit that says who speaks; nil when the address is not T.30's.
  static func code(_ bytes: [UInt8]) -> UInt8? {
    guard bytes.count >= 3, bytes.first == 0xff, let code = bytes.dropFirst(2).first else { return nil }
    return code & 0x70 == 0 ? code : code & 0x7f
  }

  static func reversed(_ byte: UInt8) -> UInt8 {
    var result: UInt8 = 0
    for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 { result |= 0x80 >> UInt8(bit) }
    return result
  }

  private static func text(_ information: [UInt8]) -> String {
    var text = Substring(String(decoding: information.reversed().map(reversed), as: UTF8.self))
    while text.first == " " || text.first == "\0" { text.removeFirst() }
    while text.last == " " || text.last == "\0" { text.removeLast() }
    return String(text)
  }

  static func name(_ code: UInt8) -> String {
    switch code {
    case 0x01: "DIS"
    case 0x02: "CSI"
    case 0x04: "NSF"
    case 0x81: "DTC"
    case 0x82: "CIG"
    case 0x83: "PWD"
    case 0x84: "NSC"
    case 0x85: "SEP"
    case 0x86: "PSA"
    case 0x87: "CIA"
    case 0x88: "ISP"
    case 0x41: "DCS"
    case 0x42: "TSI"
    case 0x43: "SUB"
    case 0x44: "NSS"
    case 0x45: "SID"
    case 0x46: "TSA"
    case 0x47: "IRA"
    case 0x48: "CTC"
    case 0x21: "CFR"
    case 0x22: "FTT"
    case 0x23: "CTR"
    case 0x24: "CSA"
    case 0x71: "EOM"
    case 0x72: "MPS"
    case 0x74: "EOP"
    case 0x78: "EOS"
    case 0x79: "PRI-EOM"
    case 0x7a: "PRI-MPS"
    case 0x7c: "PRI-EOP"
    case 0x7d: "PPS"
    case 0x73: "EOR"
    case 0x76: "RR"
    case 0x31: "MCF"
    case 0x33: "RTP"
    case 0x32: "RTN"
    case 0x34: "PIN"
    case 0x35: "PIP"
    case 0x36: "PID"
    case 0x37: "RNR"
    case 0x38: "ERR"
    case 0x3d: "PPR"
    case 0x3f: "FDM"
    case 0x53: "FNV"
    case 0x56: "TR"
    case 0x57: "TNR"
    case 0x58: "CRP"
    case 0x5f: "DCN"
    default: "0x" + (code < 16 ? "0" : "") + String(code, radix: 16)
    }
  }
}
