extension MediaOffer.Payload {
  /// What a payload type stands for without any signalling (RFC 3551, 6); nil for those that have no fixed meaning.
  public static func assigned(_ type: UInt8) -> MediaOffer.Payload? {
    let (encoding, rate): (String, UInt32)
    switch type {
    case 0: (encoding, rate) = ("PCMU", 8_000)
    case 3: (encoding, rate) = ("GSM", 8_000)
    case 4: (encoding, rate) = ("G723", 8_000)
    case 5: (encoding, rate) = ("DVI4", 8_000)
    case 6: (encoding, rate) = ("DVI4", 16_000)
    case 7: (encoding, rate) = ("LPC", 8_000)
    case 8: (encoding, rate) = ("PCMA", 8_000)
    case 9: (encoding, rate) = ("G722", 8_000)
    case 10, 11: (encoding, rate) = ("L16", 44_100)
    case 12: (encoding, rate) = ("QCELP", 8_000)
    case 13: (encoding, rate) = ("CN", 8_000)
    case 14: (encoding, rate) = ("MPA", 90_000)
    case 15: (encoding, rate) = ("G728", 8_000)
    case 16: (encoding, rate) = ("DVI4", 11_025)
    case 17: (encoding, rate) = ("DVI4", 22_050)
    case 18: (encoding, rate) = ("G729", 8_000)
    case 25: (encoding, rate) = ("CELB", 90_000)
    case 26: (encoding, rate) = ("JPEG", 90_000)
    case 28: (encoding, rate) = ("NV", 90_000)
    case 31: (encoding, rate) = ("H261", 90_000)
    case 32: (encoding, rate) = ("MPV", 90_000)
    case 33: (encoding, rate) = ("MP2T", 90_000)
    case 34: (encoding, rate) = ("H263", 90_000)
    default: return nil
    }
    return MediaOffer.Payload(type: type, encoding: encoding, clockRate: rate, channels: type == 10 ? 2 : 1)
  }
}
