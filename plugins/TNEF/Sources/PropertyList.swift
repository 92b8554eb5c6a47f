import DecoderKit

/// Properties laid end to end (MS-OXTNEF, 2.1.3.4), or rows of them, read as they come.
struct PropertyList {
  /// Longer values that are no content are passed over.
  static let maximumValueByteCount = 65_536
  static let maximumNameByteCount = 65_536

  struct Property: Equatable {
    /// MS-OXPROPS, such as 0x0037 for the subject.
    let identifier: UInt16
    /// MS-OXCDATA, 2.11.1, without the flag for several values.
    let type: UInt16
  }

  enum Step: Equatable {
    case needsMore
    /// Something was passed.
    case moved
    /// A value is longer than the limit and is passed over.
    case passedOver
    case number(Property, UInt64)
    case value(Property, [UInt8])
    /// Content of so many bytes begins; it is handed out by `content` steps.
    case beginContent(Property, byteCount: Int, isMessage: Bool)
    /// The bytes that were passed in this step are content.
    case content
    case endContent
    case endRow
    case end
  }

  private enum Place: Equatable {
    case rowCount, propertyCount, tag
    case valueCount(Property)
    case size(Property)
    case value(Property, Int)
    case content(Int, padding: Int)
    case contentEnd(padding: Int)
    case passing(Int)
    case rowEnd
    case end
  }

  /// Properties whose values are content.
  private let contentIdentifiers: [UInt16]
  private var place: Place
  private var rowsLeft: UInt32
  private var propertiesLeft: UInt32 = 0
  private var valuesLeft: UInt32 = 0
  private var current = Property(identifier: 0, type: 0)

  init(isTable: Bool, contentIdentifiers: [UInt16] = []) {
    self.contentIdentifiers = contentIdentifiers
    rowsLeft = 1
    place = isTable ? .rowCount : .propertyCount
  }

  /// Whether everything that was announced came, but for padding at the end.
  var isAtEnd: Bool {
    switch place {
    case .end: true
    case .rowEnd: rowsLeft <= 1
    case .passing, .contentEnd: valuesLeft <= 1 && propertiesLeft <= 1 && rowsLeft <= 1
    default: false
    }
  }

  /// The interface of a message in an attachment: IID_IMessage.
  private static let message: [UInt8] = [7, 3, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46]

  mutating func step(_ reader: inout ByteReader) throws(ReadError) -> Step {
    switch place {
    case .rowCount:
      guard reader.remaining >= 4 else { return .needsMore }
      rowsLeft = try reader.readLittleEndian("row count")
      place = rowsLeft > 0 ? .propertyCount : .end
    case .propertyCount:
      guard reader.remaining >= 4 else { return .needsMore }
      propertiesLeft = try reader.readLittleEndian("property count")
      place = propertiesLeft > 0 ? .tag : .rowEnd
    case .tag: return try readTag(&reader)
    case .valueCount(let property):
      guard reader.remaining >= 4 else { return .needsMore }
      valuesLeft = try reader.readLittleEndian("value count")
      current = property
      endValue(taking: 0, padding: 0)
    case .size(let property): return try readSize(property, &reader)
    case .value(let property, let size):
      guard reader.remaining >= size else { return .needsMore }
      let bytes = try reader.take(size, "value").array()
      endValue(taking: 1, padding: (4 - size % 4) % 4)
      return .value(property, bytes)
    case .content(let left, let padding):
      guard left > 0 else {
        place = .contentEnd(padding: padding)
        return .moved
      }
      let count = min(left, reader.remaining)
      guard count > 0 else { return .needsMore }
      try reader.skip(count, "content")
      place = .content(left - count, padding: padding)
      return .content
    case .contentEnd(let padding):
      endValue(taking: 1, padding: padding)
      return .endContent
    case .passing(let left):
      let count = min(left, reader.remaining)
      guard count > 0 || left == 0 else { return .needsMore }
      try reader.skip(count, "value")
      if count == left { endValue(taking: 0, padding: 0) } else { place = .passing(left - count) }
    case .rowEnd:
      rowsLeft -= 1
      place = rowsLeft > 0 ? .propertyCount : .end
      return .endRow
    case .end: return .end
    }
    return .moved
  }

  /// Bytes of a content were lost; gives how many of them belonged to it.
  mutating func skip(_ byteCount: Int) -> Int {
    guard case .content(let left, let padding) = place else { return 0 }
    let part = min(left, byteCount)
    place = .content(left - part, padding: padding)
    return part
  }

  /// Goes on with the next value of the property, the next property or the end of the row.
  private mutating func endValue(taking count: UInt32, padding: Int) {
    valuesLeft -= min(count, valuesLeft)
    if padding > 0 {
      place = .passing(padding)
    } else if valuesLeft > 0 {
      place = Self.fixedByteCount(current.type) == nil ? .size(current) : .value(current, Self.storedByteCount(current))
    } else {
      propertiesLeft -= min(1, propertiesLeft)
      place = propertiesLeft > 0 ? .tag : .rowEnd
    }
  }

  private mutating func readTag(_ reader: inout ByteReader) throws(ReadError) -> Step {
    var ahead = copy reader
    guard ahead.remaining >= 4 else { return .needsMore }
    let type: UInt16 = try ahead.readLittleEndian("property type")
    let identifier: UInt16 = try ahead.readLittleEndian("property")
    if identifier >= 0x8000 {
      // A named property: its name space, and its number or name.
      guard ahead.remaining >= 24 else { return .needsMore }
      try ahead.skip(16, "name space")
      let kind: UInt32 = try ahead.readLittleEndian("kind of name")
      let number: UInt32 = try ahead.readLittleEndian("name")
      if kind == 1 {
        guard number <= UInt32(Self.maximumNameByteCount) else {
          throw ReadError(.limitExceeded, at: reader.offset, reading: "name of a property")
        }
        let length = (Int(number) + 3) / 4 * 4
        guard ahead.remaining >= length else { return .needsMore }
        try ahead.skip(length, "name")
      }
    }
    let property = Property(identifier: identifier, type: type & 0x0fff)
    let hasSeveral = type & 0x1000 != 0
    if Self.fixedByteCount(property.type) == nil || hasSeveral {
      guard Self.fixedByteCount(property.type) != nil || Self.isVariable(property.type) else {
        throw ReadError(.malformed, at: reader.offset, reading: "type of a property")
      }
      reader = ahead
      place = .valueCount(property)
      return .moved
    }
    let stored = Self.storedByteCount(property)
    guard ahead.remaining >= stored else { return .needsMore }
    var bytes = try ahead.take(stored, "value").array()
    reader = ahead
    current = property
    valuesLeft = 0
    endValue(taking: 0, padding: 0)
    bytes = Array(bytes.prefix(Self.fixedByteCount(property.type) ?? 0).prefix(8))
    return .number(property, bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }

  private mutating func readSize(_ property: Property, _ reader: inout ByteReader) throws(ReadError) -> Step {
    var ahead = copy reader
    guard ahead.remaining >= 4 else { return .needsMore }
    let announced: UInt32 = try ahead.readLittleEndian("value size")
    var size = Int(announced)
    let padding = (4 - size % 4) % 4
    let isContent = contentIdentifiers.contains(property.identifier)
    var isMessage = false
    if property.type == 0x000d, isContent {
      // An object begins with its interface (MS-OXTNEF, 2.1.3.4).
      guard size >= 16 else { throw ReadError(.malformed, at: reader.offset, reading: "size of an object") }
      guard ahead.remaining >= 16 else { return .needsMore }
      isMessage = try ahead.take(16, "interface").array() == Self.message
      size -= 16
    }
    reader = ahead
    if isContent {
      place = .content(size, padding: padding)
      return .beginContent(property, byteCount: size, isMessage: isMessage)
    }
    if size > Self.maximumValueByteCount {
      valuesLeft -= min(1, valuesLeft)
      place = .passing(size + padding)
      return .passedOver
    } else {
      place = .value(property, size)
    }
    return .moved
  }

  private static func isVariable(_ type: UInt16) -> Bool {
    type == 0x001e || type == 0x001f || type == 0x0102 || type == 0x000d
  }

  /// Bytes of a value of a type of fixed size (MS-OXCDATA, 2.11.1); nil of others.
  private static func fixedByteCount(_ type: UInt16) -> Int? {
    switch type {
    case 0x0002, 0x000b: 2
    case 0x0003, 0x0004, 0x000a: 4
    case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040: 8
    case 0x0048: 16
    default: nil
    }
  }

  /// With the padding to four bytes.
  private static func storedByteCount(_ property: Property) -> Int {
    ((fixedByteCount(property.type) ?? 0) + 3) / 4 * 4
  }
}
