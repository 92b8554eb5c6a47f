import Foundation

/// A pass-phrase or PIN in memory of its own, which is wiped when nobody needs it any more.
///
/// At most `limit` bytes, none of them zero, so that C can read it as a string.
@safe public struct Secret: ~Copyable {
  /// As many bytes as any token or key file takes.
  public static let limit = 1024

  private let memory: UnsafeMutablePointer<UInt8>
  public private(set) var count = 0

  public init() {
    // Safe: one byte more than the limit, all zero, so that a zero ends whatever stands in it.
    unsafe memory = .allocate(capacity: Self.limit + 1)
    unsafe memory.initialize(repeating: 0, count: Self.limit + 1)
  }

  deinit {
    // Safe: the memory was allocated with this size, and nobody keeps a pointer to it.
    unsafe explicit_bzero(memory, Self.limit + 1)
    unsafe memory.deallocate()
  }

  /// Makes a secret from a text, for tests and for texts that are no secrets; nil when it is too long or holds a zero.
  public init?(_ text: String) {
    self.init()
    for byte in text.utf8 { guard append(byte) else { return nil } }
  }

  public var isEmpty: Bool { count == 0 }

  /// Appends a byte; false, and nothing appended, when it is a zero or there is no room.
  mutating func append(_ byte: UInt8) -> Bool {
    guard byte != 0, count < Self.limit else { return false }
    // Safe: `count` is below the limit.
    unsafe memory[count] = byte
    count += 1
    return true
  }

  /// Removes the last character, which may be several bytes of UTF-8.
  mutating func removeLastCharacter() {
    while let byte = removeLast() { if byte & 0xc0 != 0x80 { return } }
  }

  mutating func removeAll() { while removeLast() != nil {} }

  /// Removes a carriage return at the end, for lines that another system wrote.
  mutating func removeCarriageReturn() {
    // Safe: `count` is above zero, so that its predecessor is inside the memory.
    if count > 0, unsafe memory[count - 1] == 0x0d { _ = removeLast() }
  }

  private mutating func removeLast() -> UInt8? {
    guard count > 0 else { return nil }
    count -= 1
    // Safe: `count` is below the limit.
    defer { unsafe memory[count] = 0 }
    return unsafe memory[count]
  }

  func equals(_ other: borrowing Secret) -> Bool {
    guard count == other.count else { return false }
    // Safe: both memories hold `limit` bytes.
    return unsafe memcmp(memory, other.memory, count) == 0
  }

  /// Lends the bytes, with a zero behind them, to C; they must not be kept.
  @unsafe borrowing func withBytes<Result>(_ body: (UnsafeMutablePointer<UInt8>, Int) -> Result) -> Result {
    unsafe body(memory, count)
  }
}
