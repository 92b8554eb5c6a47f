import DecoderKit

/// Says whether bytes have the form of a DNS message, by going over all of them; nothing is allocated.
enum MessageForm {
  /// Records that a message on a foreign port may announce.
  static let maximumForeignRecordCount = 512
  /// Bytes of a message that is waited for on a foreign port.
  static let maximumForeignStreamByteCount = 8_000
  /// QUERY, IQUERY, STATUS, NOTIFY, UPDATE (IANA, DNS OpCodes).
  private static let assignedOperations: [UInt16] = [0, 1, 2, 4, 5]
  /// Records that a message on a port of DNS may announce.
  static let maximumRecordCount = 8_192

  static func judgeDatagram(_ bytes: RawSpan, isOwnPort: Bool) -> Claim {
    guard bytes.byteCount >= 12 else { return isOwnPort && bytes.byteCount > 0 ? .port : .none }
    guard hasPlausibleHeader(bytes, isOwnPort: isOwnPort) else { return .none }
    if isWhole(bytes) { return .content }
    return isOwnPort && hasAssignedOperation(bytes) ? .port : .none
  }

  /// Judges a stream, in which each message stands behind its length (RFC 1035, 4.2.2).
  static func judgeStream(_ bytes: RawSpan, isOwnPort: Bool) -> Claim {
    var reader = ByteReader(bytes)
    guard let length = try? reader.read(UInt16.self, "message length") else { return .needsMore }
    guard length >= 12, isOwnPort || length <= maximumForeignStreamByteCount else { return .none }
    guard reader.remaining >= 12 else {
      return isOwnPort || mayBecomeHeader(reader) ? .needsMore : .none
    }
    let rest = reader.remaining
    guard let message = try? reader.take(min(Int(length), rest), "message"),
      hasPlausibleHeader(message, isOwnPort: isOwnPort)
    else { return .none }
    guard rest >= Int(length) else { return isOwnPort ? .port : .needsMore }
    if isWhole(message) { return .content }
    return isOwnPort && hasAssignedOperation(message) ? .port : .none
  }

  /// Whether the operation is one that IANA assigned; another one shows in messages that are well formed to their end.
  private static func hasAssignedOperation(_ bytes: RawSpan) -> Bool {
    var reader = ByteReader(bytes)
    guard let header = try? MessageHeader(&reader) else { return false }
    return assignedOperations.contains(header.operation)
  }

  /// Whether the beginning of a header, on a foreign port, does not speak against one.
  private static func mayBecomeHeader(_ bytes: borrowing ByteReader) -> Bool {
    var reader = copy bytes
    guard reader.remaining >= 4, (try? reader.skip(2, "transaction ID")) != nil,
      let flags = try? reader.read(UInt16.self, "flags")
    else { return true }
    guard [0, 4, 5].contains(flags >> 11 & 15), !flags.isSet(0x0040) else { return false }
    let isAnswer = flags.isSet(0x8000)
    guard isAnswer || !flags.isSet(0x048f) else { return false }
    guard let questions = try? reader.read(UInt16.self, "question count") else { return true }
    return isAnswer ? questions <= 4 : questions == 1
  }

  /// Whether the header could be one, and its counts fit into the message.
  private static func hasPlausibleHeader(_ bytes: RawSpan, isOwnPort: Bool) -> Bool {
    var reader = ByteReader(bytes)
    guard let header = try? MessageHeader(&reader) else { return false }
    let records = Int(header.answers) + Int(header.authorities) + Int(header.additionals)
    let isAssigned = assignedOperations.contains(header.operation)
    guard isAssigned || isOwnPort && Int(header.questions) + records > 0 else { return false }
    if isOwnPort {
      return header.questions <= 255 && records <= maximumRecordCount
        && (Int(header.questions) + records > 0 || header.isAnswer)
    }
    guard Int(header.questions) + records > 0, !header.flags.isSet(0x0040), header.operation != 1,
      header.operation != 2,
      records <= maximumForeignRecordCount
    else { return false }
    if header.isAnswer { return header.questions <= 1 || header.questions <= 4 && header.answers > 0 }
    // Of a query: one question, no answer, no response code; IXFR and UPDATE fill other sections too.
    guard header.questions == 1, header.flags & 0x000f == 0, !header.flags.isSet(0x0480) else { return false }
    return header.operation != 0 || (header.answers == 0 && header.authorities <= 1 && header.additionals <= 2)
  }

  /// Whether all questions and records are well formed and of known types and classes, and nothing is behind them.
  private static func isWhole(_ bytes: RawSpan) -> Bool {
    var reader = ByteReader(bytes)
    do throws(ReadError) {
      let header = try MessageHeader(&reader)
      for _ in 0..<header.questions {
        try DomainName.skip(&reader)
        let type = try reader.read(UInt16.self, "type")
        let number = try reader.read(UInt16.self, "class") & 0x7fff
        guard RecordType.isKnown(type), type != 41, RecordType.isKnownClass(number) else { return false }
      }
      // Limit: each record takes 11 bytes at the least.
      for _ in 0..<(Int(header.answers) + Int(header.authorities) + Int(header.additionals)) {
        try DomainName.skip(&reader)
        let type = try reader.read(UInt16.self, "type")
        let number = try reader.read(UInt16.self, "class") & 0x7fff
        try reader.skip(4, "ttl")
        let length = Int(try reader.read(UInt16.self, "data length"))
        guard type == 41 || RecordType.isKnown(type) && RecordType.isKnownClass(number) else { return false }
        let end = reader.offset + length
        if length > 0, number == 1 { guard try hasFittingData(reader, type, length) else { return false } }
        try reader.move(to: end, "data")
      }
      return reader.remaining == 0
    } catch { return false }
  }

  private static func hasFittingData(
    _ bytes: borrowing ByteReader, _ type: UInt16, _ length: Int
  ) throws(ReadError) -> Bool {
    var reader = copy bytes
    switch type {
    case 1: return length == 4
    case 28: return length == 16
    case 2, 5, 12, 39:
      let start = reader.offset
      try DomainName.skip(&reader)
      return reader.offset - start == length
    default: return true
    }
  }
}

extension UInt16 {
  /// Whether any of the bits of `mask` is set.
  func isSet(_ mask: UInt16) -> Bool { self & mask != 0 }
}
