public import EvidenceModel

/// What a worker has in hand, written where it outlives the worker: so that a crash can be laid at the right door.
///
/// Two stores before each call of a decoder and one behind it: nothing is allocated and nothing is locked.
@safe public final class WorkInHand {
  /// Who has it: a decoder by its place, or a part of the program itself.
  public struct Holder: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    /// A decoder, by its place in the host's list.
    public init(decoder: Int) { rawValue = Int64(decoder) }
    /// Nothing that could be left out if it failed.
    public static let nobody = Holder(rawValue: -1)
    /// Packet layers and the assembly of conversations, with one packet.
    public static let packets = Holder(rawValue: -2)
    public static let expansion = Holder(rawValue: -3)
    public static let witness = Holder(rawValue: -4)
    public static let audio = Holder(rawValue: -5)
    public static let recording = Holder(rawValue: -6)
    public static let inspection = Holder(rawValue: -7)
    /// What documents say of themselves, and pictures; each of one file among those that are looked into.
    public static let document = Holder(rawValue: -8)
    public static let picture = Holder(rawValue: -9)
  }

  /// The words of the page, in this order.
  ///
  /// `conversation` and `packet` are a decoder's; `reading` is the packet that was read last.
  public enum Word: Int, Sendable { case holder, conversation, packet, reading, steps, done }
  public static let wordCount = 10
  /// Behind them, the SHA-256 of the file in hand; zeros for none.
  private static let fileWords = 6..<10

  private let words: UnsafeMutablePointer<UInt64>
  private let isOwn: Bool

  /// A page of its own, which ends with the object.
  public init() {
    unsafe words = .allocate(capacity: Self.wordCount)
    unsafe words.initialize(repeating: 0, count: Self.wordCount)
    isOwn = true
    self[.holder] = UInt64(bitPattern: Holder.nobody.rawValue)
  }

  /// Writes to memory that holds `wordCount` words and outlives this object.
  @unsafe public init(sharing words: UnsafeMutablePointer<UInt64>) {
    unsafe self.words = unsafe words
    isOwn = false
  }

  deinit { if isOwn { unsafe words.deallocate() } }

  public subscript(word: Word) -> UInt64 {
    // Safe: there is a word for each case.
    @inline(__always) get { unsafe words[word.rawValue] }
    @inline(__always) set { unsafe words[word.rawValue] = newValue }
  }

  public var holder: Holder { Holder(rawValue: Int64(bitPattern: self[.holder])) }

  /// The file that is read, where it is more than what stands at a packet.
  public var file: ContentHash? {
    get {
      var bytes: [UInt8] = []
      for place in Self.fileWords {
        // Safe: there are `wordCount` words.
        let word = unsafe words[place]
        for shift: UInt64 in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
      }
      return bytes.allSatisfy { $0 == 0 } ? nil : ContentHash(bytes)
    }
    set {
      for (index, place) in Self.fileWords.enumerated() {
        var word: UInt64 = 0
        if let hash = newValue {
          for shift in 0..<8 { word |= UInt64(hash.bytes[index * 8 + shift]) << UInt64(8 * shift) }
        }
        // Safe: there are `wordCount` words.
        unsafe words[place] = word
      }
    }
  }

  /// Notes who gets what next; gives who had it before.
  @inline(__always)
  public func give(_ holder: Holder, _ conversation: PacketPosition, _ packet: PacketPosition) -> Holder {
    let former = self.holder
    self[.conversation] = conversation.rawValue
    self[.packet] = packet.rawValue
    self[.steps] &+= 1
    self[.holder] = UInt64(bitPattern: holder.rawValue)
    return former
  }

  /// Notes that it is back with `holder`.
  @inline(__always)
  public func giveBack(_ holder: Holder) {
    self[.holder] = UInt64(bitPattern: holder.rawValue)
    self[.steps] &+= 1
  }
}
