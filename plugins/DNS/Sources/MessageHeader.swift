import DecoderKit

/// The twelve bytes that every message begins with (RFC 1035, 4.1.1).
struct MessageHeader {
  let transactionID: UInt16
  let flags: UInt16
  let questions: UInt16
  let answers: UInt16
  let authorities: UInt16
  let additionals: UInt16

  init(_ reader: inout ByteReader) throws(ReadError) {
    transactionID = try reader.read("transaction ID")
    flags = try reader.read("flags")
    questions = try reader.read("question count")
    answers = try reader.read("answer count")
    authorities = try reader.read("authority count")
    additionals = try reader.read("additional count")
  }

  var isAnswer: Bool { flags.isSet(0x8000) }
  var operation: UInt16 { flags >> 11 & 15 }
  var responseCode: UInt16 { flags & 15 }

  /// The names of the flags that are set (RFC 1035, 4.1.1; RFC 4035, 3; RFC 4795, 2.1.1).
  func flagNames(of variant: Variant) -> [Value] {
    let names: [(UInt16, String)] =
      variant == .llmnr
      ? [(0x0400, "C"), (0x0200, "TC"), (0x0100, "T")]
      : [
        (0x0400, "AA"), (0x0200, "TC"), (0x0100, "RD"), (0x0080, "RA"), (0x0040, "Z"), (0x0020, "AD"), (0x0010, "CD"),
      ]
    return names.filter { flags.isSet($0.0) }.map { .text($0.1) }
  }
}

/// Which of the protocols that share the form.
enum Variant: String {
  case dns
  case mdns
  case llmnr

  init(_ carrier: DecodingContext.Carrier) {
    self = carrier.usesPort(53) ? .dns : carrier.usesPort(5353) ? .mdns : carrier.usesPort(5355) ? .llmnr : .dns
  }
}
