/// A media type as a header field declares it (RFC 9110, 8.3.1; RFC 2045, 5.1).
public struct MediaType: Hashable, Sendable {
  /// The type without parameters, in lower case, such as `text/html`; empty when there is none.
  public let name: String
  /// The parameters as they stood, such as `boundary=xyz`.
  public let parameters: String
  private let parsed: FieldParameters

  public init(_ bytes: some Collection<UInt8>) {
    let whole = FieldParameters(bytes)
    parsed = whole
    name = String(decoding: whole.value, as: UTF8.self)
    parameters = String(decoding: bytes.dropFirst(whole.parametersOffset).trimmed, as: UTF8.self)
  }

  /// Whether the type begins with `multipart/`.
  public var isMultipart: Bool { name.hasPrefix("multipart/") }

  /// The value of a parameter, whose name is given in lower case.
  public func parameter(_ name: StaticString) -> [UInt8]? { parsed.extended(name) }
}
