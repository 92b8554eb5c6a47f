import CSandbox
import DecoderHosting
import EvidenceModel
import Foundation

/// A page of memory that a worker shares with its supervisor: what it has in hand, and how far it got.
@safe final class StatusPage {
  private static let byteCount = 4_096
  private let words: UnsafeMutablePointer<UInt64>
  let hand: WorkInHand

  /// The descriptor under which a worker finds its page.
  static let inherited: Int32 = 3

  /// Makes the page of a worker.
  convenience init(_ file: MemoryFile) throws(ProcessingError) {
    guard ftruncate(file.descriptor, off_t(Self.byteCount)) == 0 else {
      throw ProcessingError(.defect, "", "no status page: \(ProcessingError.systemText(errno))")
    }
    try self.init(descriptor: file.descriptor, MAP_SHARED)
  }

  /// Maps the page that a supervisor left to this process, or one that nobody shares.
  convenience init(isInherited: Bool) throws(ProcessingError) {
    if isInherited {
      try self.init(descriptor: Self.inherited, MAP_SHARED)
    } else {
      try self.init(descriptor: -1, MAP_PRIVATE | MAP_ANONYMOUS)
      clear()
    }
  }

  private init(descriptor: Int32, _ flags: Int32) throws(ProcessingError) {
    // A shorter file would end the process at the first use.
    guard descriptor < 0 || lseek(descriptor, 0, SEEK_END) == off_t(Self.byteCount) else {
      throw ProcessingError(.defect, "", "no status page came from the supervisor")
    }
    // Safe: the mapping is as long as the file, is checked, and is unmapped when this object ends.
    let page = unsafe mmap(nil, Self.byteCount, PROT_READ | PROT_WRITE, flags, descriptor, 0)
    guard let page = unsafe page, unsafe page != MAP_FAILED else {
      throw ProcessingError(.defect, "", "no status page: \(ProcessingError.systemText(errno))")
    }
    unsafe words = page.bindMemory(to: UInt64.self, capacity: Self.byteCount / 8)
    // Safe: the page holds 512 words and stays as long as this object, which is as long as its process uses it.
    unsafe hand = WorkInHand(sharing: words)
  }

  deinit { unsafe munmap(words, Self.byteCount) }

  /// Forgets what a worker that ended had in hand.
  func clear() {
    for word in [WorkInHand.Word.conversation, .packet, .reading, .steps, .done] { hand[word] = 0 }
    hand[.holder] = UInt64(bitPattern: WorkInHand.Holder.nobody.rawValue)
    hand.file = nil
  }

  /// From now on this process ends when a file is opened while a decoder has something in hand.
  func guardFiles() -> Bool {
    // Safe: the page stays mapped until the process ends: the worker keeps this object.
    unsafe exhibit_sandbox_guard(words + WorkInHand.Word.holder.rawValue) == 0
  }
}
