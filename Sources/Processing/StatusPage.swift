import EvidenceModel
import Foundation

/// A page of memory that a worker shares with its supervisor: what it has in hand, and how far it got.
@safe final class StatusPage {
  private static let byteCount = 4_096
  private let words: UnsafeMutablePointer<UInt64>

  enum Word: Int { case packet, conversation, decoder, done, total }

  /// Maps a page file, which is made when it does not exist.
  init(path: String) throws(ProcessingError) {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .writing(path, errno) }
    defer { close(descriptor) }
    guard ftruncate(descriptor, off_t(Self.byteCount)) == 0 else { throw .writing(path, errno) }
    // Safe: the mapping is as long as the file, is checked, and is unmapped when this object ends.
    let page = unsafe mmap(nil, Self.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let page = unsafe page, unsafe page != MAP_FAILED else { throw .writing(path, errno) }
    unsafe words = page.bindMemory(to: UInt64.self, capacity: Self.byteCount / 8)
  }

  deinit { unsafe munmap(words, Self.byteCount) }

  subscript(word: Word) -> UInt64 {
    // Safe: the page holds 512 words.
    @inline(__always) get { unsafe words[word.rawValue] }
    @inline(__always) set { unsafe words[word.rawValue] = newValue }
  }

  @inline(__always)
  func mark(_ decoder: Int, _ conversation: PacketPosition, _ packet: PacketPosition) {
    self[.decoder] = UInt64(bitPattern: Int64(decoder))
    self[.conversation] = conversation.rawValue
    self[.packet] = packet.rawValue
  }
}
