import CSandbox
import DecoderHosting
import EvidenceModel
import Foundation

/// A page of memory that a worker shares with its supervisor: what it has in hand, and how far it got.
@safe final class StatusPage {
  private static let byteCount = 4_096
  private let words: UnsafeMutablePointer<UInt64>
  let hand: WorkInHand

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
    // Safe: the page holds 512 words and stays as long as this object, which is as long as its process uses it.
    unsafe hand = WorkInHand(sharing: words)
  }

  deinit { unsafe munmap(words, Self.byteCount) }

  /// Forgets what a worker that ended had in hand.
  func clear() {
    for word in [WorkInHand.Word.conversation, .packet, .reading, .steps, .done] { hand[word] = 0 }
    hand[.holder] = UInt64(bitPattern: WorkInHand.Holder.nobody.rawValue)
  }

  /// From now on this process ends when a file is opened while a decoder has something in hand.
  func guardFiles() -> Bool {
    // Safe: the page stays mapped until the process ends: the worker keeps this object.
    unsafe exhibit_sandbox_guard(words + WorkInHand.Word.holder.rawValue) == 0
  }
}
