public import EvidenceModel

/// What a message says of somebody who writes one (RFC 3994).
public struct ComposingState: Hashable, Sendable {
  public static let mediaType = "application/im-iscomposing+xml"
  /// A longer document is not read.
  public static let maximumByteCount = 16_384

  /// `active` or `idle`, or what stands there instead.
  public let state: String
  /// The type of what is being written; empty when none is named.
  public let composedMediaType: String
  /// After how many seconds it counts as idle.
  public let refreshSeconds: Int?
  public let lastActiveAt: CaptureTime?

  /// Nil when the document is none of RFC 3994.
  public init?(_ document: [UInt8]) {
    guard document.count <= Self.maximumByteCount, let root = try? XMLElement(document), root.name == "isComposing",
      let state = root.first("state")?.text.trimmingSpaces, !state.isEmpty
    else { return nil }
    self.state = state
    composedMediaType = root.first("contenttype")?.text.trimmingSpaces ?? ""
    refreshSeconds = root.first("refresh").flatMap { Array($0.text.utf8).trimmed.decimal() }
    lastActiveAt = root.first("lastactive").flatMap { CaptureTime(rfc3339: $0.text.trimmingSpaces) }
  }

  /// Sets what records tell of it.
  public func place(in fields: inout Fields) {
    fields.set("composingState", state)
    if !composedMediaType.isEmpty { fields.set("composedMediaType", composedMediaType) }
    if let refreshSeconds { fields.set("refreshSeconds", refreshSeconds) }
    if let lastActiveAt { fields.set("lastActiveAt", lastActiveAt) }
  }

  /// The fields that `place` sets, for a kind's declaration.
  public static let declarations = [
    FieldDeclaration("composingState", .text, "active or idle: whether the sender writes a message (RFC 3994)"),
    FieldDeclaration("composedMediaType", .text, "the type of what is being written"),
    FieldDeclaration("refreshSeconds", .integer, "after how many seconds without a word it counts as idle"),
    FieldDeclaration("lastActiveAt", .time, "when the sender wrote last, by its own words"),
  ]
}
