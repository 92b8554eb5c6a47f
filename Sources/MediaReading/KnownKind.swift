/// What payload types carry, for those who ask for the same one over and over.
struct KnownKind {
  private let kinds: [UInt8: PayloadKind]
  private var type: UInt8?
  private var kind: PayloadKind?

  init(_ kinds: [UInt8: PayloadKind]) { self.kinds = kinds }

  subscript(type: UInt8) -> PayloadKind? {
    mutating get {
      if type != self.type {
        self.type = type
        kind = kinds[type]
      }
      return kind
    }
  }
}
