import EvidenceBundle
public import EvidenceModel
import Foundation
import Synchronization

/// The hashes of files of a bundle, computed on all cores, each byte read once.
public struct FileHashes: Sendable {
  /// What is computed of each file.
  enum Depth: Sendable {
    /// SHA-256.
    case short
    /// SHA-256 and SHA-512, and of items also their chunk trees.
    case long(items: ItemList?)
  }

  /// What came of one file.
  struct Digest: Sendable {
    let sha256: ContentHash
    /// None when only SHA-256 was asked for.
    let sha512: LongHash.Digest?
    let byteCount: UInt64
    let chunks: ChunkTree.Summary?
  }

  private let bundle: String
  /// Nil for what is no plain file or cannot be read.
  private(set) var digests = PathTable<Digest?>()

  public init(_ bundle: String) { self.bundle = bundle }

  public subscript(path: String) -> ContentHash? { digest(path)?.sha256 }

  func digest(_ path: String) -> Digest? { digests[path].flatMap { $0 } }

  public mutating func compute(_ paths: Set<String>) { compute(PathTable(paths.map { ($0, 0) }), .short) }

  /// Files from this size on are read one after another, each with several cores.
  private static let largeBytes = 8 << 20

  /// Computes the hashes of files whose sizes are about as the table says, in place of what was known of others.
  mutating func compute(_ files: PathTable<UInt64>, _ depth: Depth) {
    var wanted = files.indices.filter { BundleLayout.isAllowed(files.key($0)) }
    var found = [Digest?](repeating: nil, count: files.count)
    if case .long = depth {
      let places = wanted
      wanted = places.filter { files.values[$0] < Self.largeBytes }
      run(files, places.filter { files.values[$0] >= Self.largeBytes }, lanes: 2, depth, &found)
    }
    run(files, wanted, lanes: 1, depth, &found)
    digests = files.with(found)
  }

  /// Hashes files at the same time, as many as there are cores for `lanes` each.
  private func run(
    _ files: PathTable<UInt64>, _ places: [Int], lanes: Int, _ depth: Depth, _ found: inout [Digest?]
  ) {
    let results = Mutex<(next: Int, found: [Digest?])>((0, found))
    found = []
    let bundle = bundle
    let workers = max(1, ProcessInfo.processInfo.activeProcessorCount / lanes)
    let step = 16 / lanes
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      let pass = FilePass(lanes: lanes)
      var done: [(Int, Digest?)] = []
      while true {
        let start = results.withLock { state in
          for (place, digest) in done { state.found[place] = digest }
          defer { state.next += step }
          return state.next
        }
        guard start < places.count else { break }
        done = places[start..<min(start + step, places.count)].map { place in
          let path = files.key(place)
          return (place, pass.digest("\(bundle)/\(path)", path, depth))
        }
      }
    }
    found = results.withLock { $0.found }
  }

  /// The SHA-256 of a plain file; nil when it is none or cannot be read.
  public static func hash(_ path: String) -> ContentHash? {
    FilePass(lanes: 1).digest(path, path, .short)?.sha256
  }

  /// Both hashes of a plain file; nil when it is none or cannot be read.
  static func digest(_ path: String) -> Digest? {
    FilePass(lanes: 2).digest(path, path, .long(items: nil))
  }
}

/// Reads one file after another, hashing while it reads.
@safe private final class FilePass: @unchecked Sendable {
  private static let blockBytes = 1 << 20
  private let lanes: Int
  /// One block is hashed while the next is read.
  private let blocks: [UnsafeMutableRawBufferPointer]

  init(lanes: Int) {
    self.lanes = lanes
    unsafe blocks = (0..<2).map { _ in
      UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes, alignment: 4_096)
    }
  }

  deinit { for place in unsafe blocks.indices { unsafe blocks[place].deallocate() } }

  /// What is computed of the file that is read.
  private struct State {
    var sha256 = ShortHash()
    var sha512: LongHash?
    var chunks: ChunkTree?
    var byteCount: UInt64 = 0
  }

  /// A place that two lanes write to, each its own part of it.
  @safe private final class Shared<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
  }

  /// The digest of a plain file; nil when it is none or cannot be read.
  func digest(_ path: String, _ name: String, _ depth: FileHashes.Depth) -> FileHashes.Digest? {
    // Safe: the path is a string of ours. NONBLOCK: a pipe must not hold us up.
    let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    // Safe: the structure is a variable of ours.
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    guard var count = fill(descriptor, 0) else { return nil }
    let first = Shared(State())
    let second = Shared(State())
    if case .long(let items) = depth {
      second.value.sha512 = LongHash()
      // Safe: the block holds `count` bytes that were read.
      let prefix = unsafe RawSpan(_unsafeBytes: bytes(0, min(count, ChunkScheme.prefixBytes)))
      if let scheme = ChunkScheme(name, prefix), let key = items?.chunkKey(of: name) {
        first.value.chunks = ChunkTree(scheme, key, fileBytes: UInt64(status.st_size))
      }
    }
    var place = 0
    while count > 0 {
      let length = count
      let following = Shared<Int?>(nil)
      let (current, next) = (place, 1 - place)
      if lanes == 2 {
        DispatchQueue.concurrentPerform(iterations: 2) { lane in
          // SHA-512 with the reading takes about as long as SHA-256 with that of the chunks.
          if lane == 0 {
            self.long(current, length, second)
            following.value = self.fill(descriptor, next)
          } else {
            self.short(current, length, first)
          }
        }
      } else {
        long(current, length, second)
        short(current, length, first)
        following.value = fill(descriptor, next)
      }
      guard let read = following.value else { return nil }
      (count, place) = (read, next)
    }
    return FileHashes.Digest(
      sha256: first.value.sha256.finalise(), sha512: second.value.sha512?.finalise(),
      byteCount: first.value.byteCount,
      chunks: first.value.chunks?.finalise())
  }

  private func bytes(_ block: Int, _ count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: blocks[block].prefix(count))
  }

  private func short(_ block: Int, _ count: Int, _ state: Shared<State>) {
    // Safe: the block holds `count` bytes that were read, and is not written while they are hashed.
    let bytes = unsafe self.bytes(block, count)
    unsafe state.value.sha256.update(bytes)
    if state.value.chunks != nil { unsafe state.value.chunks?.update(RawSpan(_unsafeBytes: bytes)) }
    state.value.byteCount += UInt64(count)
  }

  private func long(_ block: Int, _ count: Int, _ state: Shared<State>) {
    guard state.value.sha512 != nil else { return }
    // Safe: as above.
    unsafe state.value.sha512?.update(bytes(block, count))
  }

  /// Fills a block as far as the file goes; nil when it cannot be read.
  private func fill(_ descriptor: Int32, _ block: Int) -> Int? {
    var done = 0
    while done < Self.blockBytes {
      // Safe: the range from `done` to the end is inside the block.
      let step = unsafe read(descriptor, blocks[block].baseAddress! + done, Self.blockBytes - done)
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { return nil }
      if step == 0 { break }
      done += step
    }
    return done
  }
}
