public import ByteReading
public import EvidenceModel

/// The head of a text message: a start line and header fields (RFC 9112, 2.1; RFC 3261, 7; RFC 5322, 2.2).
///
/// Lines end with CRLF or a bare LF, further carriage returns before it not counted; a line that begins with a space or a tab
/// continues the field before it, with one space
/// in between. Limits: `maximumByteCount` bytes and `maximumFieldCount` fields.
public struct MessageHead: Hashable, Sendable {
  public static let maximumByteCount = 256 * 1024
  public static let maximumFieldCount = 2_000

  public struct Field: Hashable, Sendable {
    /// The name as it stood.
    public let name: [UInt8]
    /// The value as it stood, without the white space around it.
    public var value: [UInt8]
    /// Whether the name equals `text`, in any case of ASCII letters.
    public func isNamed(_ text: StaticString) -> Bool { name.equalsIgnoringCase(text) }
  }

  public let startLine: [UInt8]
  public let fields: [Field]
  /// How many bytes the head takes, with the empty line that ends it.
  public let byteCount: Int
  /// Lines that were neither a field nor the continuation of one.
  public let oddLines: [[UInt8]]

  /// Makes a head of fields alone, such as that of a part which has none.
  public init(fields: [Field]) {
    startLine = []
    self.fields = fields
    byteCount = 0
    oddLines = []
  }

  /// Reads a head from the front; nil when its end has not come yet.
  ///
  /// With `hasStartLine` false the fields begin at once, as in a part of a multipart body.
  public init?(_ bytes: RawSpan, hasStartLine: Bool = true) throws(ReadError) {
    var reader = ByteReader(bytes)
    var startLine: [UInt8]?
    var fields: [Field] = []
    var oddLines: [[UInt8]] = []
    if !hasStartLine { startLine = [] }
    while true {
      guard reader.offset <= Self.maximumByteCount else {
        throw ReadError(.limitExceeded, at: reader.offset, reading: "message head")
      }
      guard let length = reader.distance(to: 0x0a, within: Self.maximumByteCount + 1) else {
        guard reader.remaining <= Self.maximumByteCount else {
          throw ReadError(.limitExceeded, at: reader.offset, reading: "message head")
        }
        return nil
      }
      var line = try reader.take(length + 1, "line").array()
      line.removeLast()
      while line.last == 0x0d { line.removeLast() }
      if startLine == nil {
        startLine = line
      } else if line.isEmpty {
        break
      } else if line[0] == 0x20 || line[0] == 0x09 {
        let more = line.trimmed
        if fields.isEmpty {
          oddLines.append(line)
        } else if !more.isEmpty {
          if !fields[fields.count - 1].value.isEmpty { fields[fields.count - 1].value.append(0x20) }
          fields[fields.count - 1].value += more
        }
      } else if let colon = line.firstIndex(of: 0x3a), colon > 0 {
        fields.append(Field(name: line[..<colon].trimmed, value: line[(colon + 1)...].trimmed))
      } else {
        oddLines.append(line)
      }
      guard fields.count <= Self.maximumFieldCount, oddLines.count <= Self.maximumFieldCount else {
        throw ReadError(.limitExceeded, at: reader.offset, reading: "header fields")
      }
    }
    self.startLine = startLine ?? []
    self.fields = fields
    self.oddLines = oddLines
    byteCount = reader.offset
  }

  /// The value of the first field of that name.
  public func first(_ name: StaticString) -> [UInt8]? { fields.first { $0.isNamed(name) }?.value }

  /// The values of all fields of that name.
  public func all(_ name: StaticString) -> [[UInt8]] { fields.filter { $0.isNamed(name) }.map(\.value) }
}

extension [MessageHead.Field] {
  /// The fields as records list them, name and value; `shown` says how a value is shown.
  public func listed(_ shown: (MessageHead.Field) -> [UInt8] = { $0.value }) -> Value {
    .list(
      map { field in
        var entry = Fields()
        entry.set("name", wire: field.name)
        entry.set("value", wire: shown(field))
        return .object(entry)
      })
  }
}
