/// A value of a record's field: JSON without floats and without null.
public enum Value: Hashable, Sendable {
  case text(String)
  /// Limit: below 2^53 in magnitude, so that every JSON reader keeps it.
  case integer(Int64)
  case boolean(Bool)
  case time(CaptureTime)
  case list([Value])
  case object(Fields)
}

/// The fields of a record or of an object in it; a name stands once, the order does not matter.
public struct Fields: Hashable, Sendable {
  public private(set) var entries: [Entry] = []

  public struct Entry: Hashable, Sendable {
    public let name: String
    public var value: Value
    public init(name: String, value: Value) {
      self.name = name
      self.value = value
    }
  }

  public init() {}

  /// Takes entries whose names all differ; nil when two are the same.
  public init?(distinct entries: [Entry]) {
    if entries.count > 16 {
      guard Set(entries.map(\.name)).count == entries.count else { return nil }
    } else {
      for index in entries.indices {
        for other in entries[..<index] where other.name == entries[index].name { return nil }
      }
    }
    self.entries = entries
  }

  /// Sets a field, in place of a former one of that name.
  public mutating func set(_ name: String, _ value: Value) {
    if let place = entries.firstIndex(where: { $0.name == name }) {
      entries[place].value = value
    } else {
      entries.append(Entry(name: name, value: value))
    }
  }
  public mutating func set(_ name: String, _ text: String) { set(name, .text(text)) }
  public mutating func set(_ name: String, _ number: some BinaryInteger) {
    set(name, .integer(Int64(clamping: number)))
  }
  public mutating func set(_ name: String, _ flag: Bool) { set(name, .boolean(flag)) }
  public mutating func set(_ name: String, _ time: CaptureTime) { set(name, .time(time)) }

  /// Sets text that came from the wire.
  ///
  /// Where it is not UTF-8, `name` holds the repaired text (U+FFFD for what is not) and `nameHex` all bytes in hexadecimal.
  public mutating func set(_ name: String, wire bytes: some Collection<UInt8>) {
    if let text = String(validating: bytes, as: UTF8.self) {
      set(name, .text(text))
    } else {
      set(name, .text(String(decoding: bytes, as: UTF8.self)))
      set(name + "Hex", .text(Hexadecimal.encode(bytes)))
    }
  }

  public subscript(name: String) -> Value? { entries.first { $0.name == name }?.value }
}

extension Fields: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, Value)...) {
    for (name, value) in elements { set(name, value) }
  }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
}
