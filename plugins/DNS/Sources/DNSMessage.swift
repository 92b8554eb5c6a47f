import DecoderKit

/// A message as far as it can be read.
struct DNSMessage {
  let header: MessageHeader
  private(set) var questions: [Value] = []
  private(set) var answers: [Value] = []
  private(set) var authorities: [Value] = []
  private(set) var additionals: [Value] = []
  private(set) var firstQuestion: (name: String, type: String)?
  /// The upper bits of the response code (RFC 6891, 6.1.3).
  private var extendedCode: UInt16 = 0
  /// Why the rest could not be read.
  private(set) var failure: ReadError?
  /// Names that break the rules.
  private(set) var malformedNames: [ReadError] = []
  /// Records whose data are not of their type's form.
  private(set) var malformedData: [ReadError] = []
  /// Bytes behind the message.
  private(set) var trailingCount = 0
  private let variant: Variant

  /// Reads a message; throws only when its header is not whole.
  init(_ bytes: RawSpan, _ variant: Variant) throws(ReadError) {
    self.variant = variant
    var reader = ByteReader(bytes)
    header = try MessageHeader(&reader)
    do throws(ReadError) {
      for _ in 0..<header.questions { questions.append(try readQuestion(&reader)) }
      for _ in 0..<header.answers { answers.append(try readRecord(&reader)) }
      for _ in 0..<header.authorities { authorities.append(try readRecord(&reader)) }
      for _ in 0..<header.additionals { additionals.append(try readRecord(&reader)) }
      trailingCount = reader.remaining
    } catch { failure = error }
  }

  /// A name without its final dot; one that breaks the rules, and whose end is clear, as far as it can be read.
  private mutating func readName(_ reader: inout ByteReader) throws(ReadError) -> (name: String, isCut: Bool) {
    var ahead = reader
    let (name, error) = DomainName.readAsFarAsPossible(&ahead)
    guard let error else {
      reader = ahead
      return (DomainName.withoutFinalDot(name), false)
    }
    guard malformedNames.count < 100 else { throw error }
    try DomainName.passOver(&reader)
    malformedNames.append(error)
    return (DomainName.withoutFinalDot(name), true)
  }

  private mutating func readQuestion(_ reader: inout ByteReader) throws(ReadError) -> Value {
    let (name, isCut) = try readName(&reader)
    let type = RecordType.text(try reader.read(UInt16.self, "question type"))
    var number = try reader.read(UInt16.self, "question class")
    var fields: Fields = ["name": .text(name), "type": .text(type)]
    if isCut { fields.set("isNameCut", true) }
    if variant == .mdns, number.isSet(0x8000) {
      // RFC 6762, 5.4.
      fields.set("unicastResponse", true)
      number &= 0x7fff
    }
    fields.set("class", RecordType.classText(number))
    if firstQuestion == nil { firstQuestion = (name, type) }
    return .object(fields)
  }

  private mutating func readRecord(_ reader: inout ByteReader) throws(ReadError) -> Value {
    let (name, isCut) = try readName(&reader)
    let type = try reader.read(UInt16.self, "record type")
    var number = try reader.read(UInt16.self, "record class")
    let ttl = try reader.read(UInt32.self, "time to live")
    let length = Int(try reader.read(UInt16.self, "data length"))
    let start = reader.offset
    // The data, with everything before them for the sake of pointers, and nothing behind them.
    try reader.skip(length, "record data")
    var fields: Fields = ["name": .text(name), "type": .text(RecordType.text(type)), "ttl": .integer(Int64(ttl))]
    if isCut { fields.set("isNameCut", true) }
    if type == 41 {
      extendedCode = UInt16(truncatingIfNeeded: ttl >> 24) << 4
      fields.set("class", String(number))
    } else {
      if variant == .mdns, number.isSet(0x8000) {
        // RFC 6762, 10.2.
        fields.set("cacheFlush", true)
        number &= 0x7fff
      }
      fields.set("class", RecordType.classText(number))
    }
    // In UPDATE, a record without data stands for all of a name or type (RFC 2136, 2.4).
    if length == 0, number == 254 || number == 255 { return .object(fields) }
    var data = RecordData(reader, start..<reader.offset)
    do throws(ReadError) {
      fields.set("data", type == 41 ? try data.options(payload: number, ttl: ttl) : try data.text(of: type))
    } catch {
      if malformedData.count < 100 { malformedData.append(error) }
      fields.set("data", data.generic())
    }
    return .object(fields)
  }

  /// The record's fields.
  var fields: Fields {
    var fields: Fields = [
      "transactionID": .integer(Int64(header.transactionID)), "protocol": .text(variant.rawValue),
      "operation": .text(RecordType.operationText(header.operation)),
    ]
    fields.set("flags", .list(header.flagNames(of: variant)))
    if header.isAnswer {
      fields.set("responseCode", RecordType.responseText(extendedCode | header.responseCode))
    }
    if let firstQuestion {
      fields.set("queryName", firstQuestion.name)
      fields.set("queryType", firstQuestion.type)
    }
    for (name, list) in [
      ("questions", questions), ("answers", answers), ("authorities", authorities), ("additionals", additionals),
    ] where !list.isEmpty {
      fields.set(name, .list(list))
    }
    return fields
  }
}
