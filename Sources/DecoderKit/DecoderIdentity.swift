/// Who a decoder is, what it writes and where it stops; documentation and the report's columns are made from it.
public struct DecoderIdentity: Hashable, Sendable {
  /// Its folder under plugins/ in lower case, such as `dns`.
  public let name: String
  public let version: String
  public let summary: String
  public let kinds: [RecordKind]
  public let limits: [NamedLimit]

  public init(name: String, version: String, summary: String, kinds: [RecordKind], limits: [NamedLimit] = []) {
    self.name = name
    self.version = version
    self.summary = summary
    self.kinds = kinds
    self.limits = limits
  }

  /// Name and version as records print them: `dns 1.0`.
  public var label: String { "\(name) \(version)" }
}

/// A kind of record and its fields, beside those that every record has.
public struct RecordKind: Hashable, Sendable {
  /// `decoder/what`, such as `dns/answer`.
  public let name: String
  public let summary: String
  public let fields: [FieldDeclaration]

  public init(_ name: String, _ summary: String, _ fields: [FieldDeclaration]) {
    self.name = name
    self.summary = summary
    self.fields = fields
  }
}

/// A field's name, type and meaning; the same name has the same type in every decoder.
public struct FieldDeclaration: Hashable, Sendable {
  public enum FieldType: String, Sendable { case text, integer, boolean, time, list, object }
  public let name: String
  public let type: FieldType
  public let meaning: String

  public init(_ name: String, _ type: FieldType, _ meaning: String) {
    self.name = name
    self.type = type
    self.meaning = meaning
  }
}

/// A bound that hostile input meets.
public struct NamedLimit: Hashable, Sendable {
  public let name: String
  public let value: Int
  public let unit: String

  public init(_ name: String, _ value: Int, _ unit: String) {
    self.name = name
    self.value = value
    self.unit = unit
  }
}
