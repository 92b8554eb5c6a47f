import DecoderKit

/// The names of types, classes, operations and response codes (IANA, Domain Name System Parameters).
enum RecordType {
  /// The type's mnemonic; nil when it has none.
  static func name(_ type: UInt16) -> String? {
    switch type {
    case 1: "A"
    case 2: "NS"
    case 3: "MD"
    case 4: "MF"
    case 5: "CNAME"
    case 6: "SOA"
    case 7: "MB"
    case 8: "MG"
    case 9: "MR"
    case 10: "NULL"
    case 11: "WKS"
    case 12: "PTR"
    case 13: "HINFO"
    case 14: "MINFO"
    case 15: "MX"
    case 16: "TXT"
    case 17: "RP"
    case 18: "AFSDB"
    case 19: "X25"
    case 20: "ISDN"
    case 21: "RT"
    case 24: "SIG"
    case 25: "KEY"
    case 26: "PX"
    case 28: "AAAA"
    case 29: "LOC"
    case 30: "NXT"
    case 33: "SRV"
    case 35: "NAPTR"
    case 36: "KX"
    case 37: "CERT"
    case 39: "DNAME"
    case 41: "OPT"
    case 42: "APL"
    case 43: "DS"
    case 44: "SSHFP"
    case 45: "IPSECKEY"
    case 46: "RRSIG"
    case 47: "NSEC"
    case 48: "DNSKEY"
    case 49: "DHCID"
    case 50: "NSEC3"
    case 51: "NSEC3PARAM"
    case 52: "TLSA"
    case 53: "SMIMEA"
    case 55: "HIP"
    case 59: "CDS"
    case 60: "CDNSKEY"
    case 61: "OPENPGPKEY"
    case 62: "CSYNC"
    case 63: "ZONEMD"
    case 64: "SVCB"
    case 65: "HTTPS"
    case 99: "SPF"
    case 108: "EUI48"
    case 109: "EUI64"
    case 249: "TKEY"
    case 250: "TSIG"
    case 251: "IXFR"
    case 252: "AXFR"
    case 253: "MAILB"
    case 254: "MAILA"
    case 255: "ANY"
    case 256: "URI"
    case 257: "CAA"
    case 258: "AVC"
    case 32768: "TA"
    case 32769: "DLV"
    default: nil
    }
  }

  /// Whether the type has a mnemonic; nothing is allocated.
  static func isKnown(_ type: UInt16) -> Bool {
    switch type {
    case 1...21, 24...26, 28...30, 33, 35...37, 39, 41...53, 55, 59...65, 99, 108, 109, 249...258, 32768, 32769: true
    default: false
    }
  }

  /// The mnemonic, or `TYPE731` (RFC 3597, 5).
  static func text(_ type: UInt16) -> String { name(type) ?? "TYPE\(type)" }

  static func classText(_ number: UInt16) -> String {
    switch number {
    case 1: "IN"
    case 3: "CH"
    case 4: "HS"
    case 254: "NONE"
    case 255: "ANY"
    default: "CLASS\(number)"
    }
  }

  static func isKnownClass(_ number: UInt16) -> Bool { [1, 3, 4, 254, 255].contains(number) }

  static func operationText(_ code: UInt16) -> String {
    switch code {
    case 0: "QUERY"
    case 1: "IQUERY"
    case 2: "STATUS"
    case 4: "NOTIFY"
    case 5: "UPDATE"
    case 6: "DSO"
    default: "OPCODE\(code)"
    }
  }

  static func responseText(_ code: UInt16) -> String {
    let names = [
      "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
      "NOTZONE", "DSOTYPENI", "RCODE12", "RCODE13", "RCODE14", "RCODE15", "BADVERS", "BADKEY", "BADTIME", "BADMODE",
      "BADNAME", "BADALG", "BADTRUNC", "BADCOOKIE",
    ]
    return names.indices.contains(Int(code)) ? names[Int(code)] : "RCODE\(code)"
  }
}
