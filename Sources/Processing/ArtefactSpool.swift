import CSandbox
import DecoderHosting
import EvidenceModel
import Fingerprinting
import Foundation

/// Writes artefacts into the scratch store under their SHA-256, hashing and typing them on the way.
final class ArtefactSpool {
  /// Artefacts up to this size are kept in memory until they end.
  private static let memoryBytes = 1 << 20

  /// Where its artefacts come from: MD5 and SHA-1 are for looking files up in lists, and fuzzy hashes for comparing them
  /// with others; neither says anything of what we made.
  enum Origin { case carved, computed }

  /// An artefact that still grows; an object, so that each piece finds it with one look-up and changes it in place.
  private final class Open {
    private var hash: ArtefactHash
    /// For what has a file; what is in memory is hashed when it ends, and only when it is new.
    private var fuzzy: FuzzyHashing?
    private let isCompared: Bool
    let isComputedText: Bool
    private(set) var byteCount = 0
    /// All of it, while it has no file.
    private(set) var bytes: [UInt8] = []
    private(set) var file: BufferedFile?
    let path: String

    init(_ origin: Origin, isComputedText: Bool, path: String) {
      hash = ArtefactHash(isLookedUp: origin == .carved && !isComputedText)
      isCompared = origin == .carved && !isComputedText
      self.isComputedText = isComputedText
      self.path = path
    }

    func append(_ more: RawSpan) throws(ProcessingError) {
      hash.update(more)
      byteCount += more.byteCount
      if let file {
        fuzzy?.update(more)
        return try file.write(more)
      }
      // Safe: the copy is made within the closure.
      unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      guard bytes.count > ArtefactSpool.memoryBytes else { return }
      let made = try BufferedFile(creating: path)
      try made.write(bytes)
      if isCompared {
        fuzzy = FuzzyHashing()
        // Safe: the view ends before `bytes` does.
        unsafe fuzzy?.update(bytes.span.bytes)
      }
      file = made
      bytes = []
    }

    func digests() -> (sha256: ContentHash, sha1: String?, md5: String?) { hash.finalise() }

    func fuzzyDigests() -> FuzzyDigests {
      guard isCompared else { return FuzzyDigests() }
      return fuzzy?.finish() ?? FuzzyHashing.digests(of: bytes)
    }
  }
  /// Where the bundle keeps artefacts.
  static let bundlePrefix = "data/artefacts/"

  private let root: String
  private let origin: Origin
  private var open: [Int: Open] = [:]
  private var next = 0
  private let types: FileTypeIdentifier
  /// What is stored already, so that the same bytes are typed and written once.
  private var known: [ContentHash: StoredArtefact] = [:]
  private static let maximumKnown = 200_000

  /// Makes the store of one worker at `root`, a directory that does not exist yet.
  init(root: String, types: FileTypeIdentifier, origin: Origin) throws(ProcessingError) {
    self.root = root
    self.origin = origin
    self.types = types
    try makeDirectory(root)
  }

  /// Begins an artefact; `isComputedText` of text in UTF-8 that a decoder made, whatever the origin of the others is.
  func begin(isComputedText: Bool = false) -> Int {
    next += 1
    open[next] = Open(origin, isComputedText: isComputedText, path: "\(root)/\(next).part")
    return next
  }

  /// Stores bytes that are all there; nil when there are none.
  func store(_ bytes: RawSpan) throws(ProcessingError) -> StoredArtefact? {
    let number = begin()
    try append(bytes, to: number)
    return try end(number)
  }

  /// Where a stored artefact lies until the bundle takes it.
  private func localPath(of stored: StoredArtefact) -> String {
    "\(root)/\(stored.path.dropFirst(Self.bundlePrefix.count))"
  }

  /// Opens a stored artefact; whoever asks closes it.
  func open(_ stored: StoredArtefact) throws(ProcessingError) -> Int32 { try openAgain(localPath(of: stored)) }

  func append(_ bytes: RawSpan, to number: Int) throws(ProcessingError) { try open[number]?.append(bytes) }

  /// The class of lists that we write: a JSON object a line, however many there are.
  static let lists = "list"

  /// Types of files that we make ourselves, by class: the first of a class is looked at, the others are alike.
  ///
  /// A class is of files for which libmagic has the same words, whichever comes first: not of pictures, whose size it tells, nor of
  /// text of any length.
  private var classTypes = [
    ArtefactSpool.lists: FileTypeIdentifier.FileType(
      mediaType: "application/x-ndjson", description: "New Line Delimited JSON text data")
  ]

  /// What text of ours is, whatever somebody wrote into it that looks like another type.
  private static let computedText = FileTypeIdentifier.FileType(
    mediaType: "text/plain", description: "Unicode text, UTF-8 text")

  private func type(_ ended: Open, _ class: String?) throws(ProcessingError) -> FileTypeIdentifier.FileType {
    if ended.isComputedText { return Self.computedText }
    if let name = `class`, let known = classTypes[name] { return known }
    let type = ended.file == nil ? types.identify(ended.bytes) : try identify(ended.path)
    if let name = `class` { classTypes[name] = type }
    return type
  }

  private func identify(_ path: String) throws(ProcessingError) -> FileTypeIdentifier.FileType {
    let descriptor = try openAgain(path)
    defer { close(descriptor) }
    return types.identify(descriptor: descriptor)
  }

  private func openAgain(_ path: String) throws(ProcessingError) -> Int32 {
    // Safe: the path is a string of ours. A decoder has the bytes in hand, so this is the only way to open a file.
    let descriptor = unsafe exhibit_sandbox_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw .writing(path, errno) }
    return descriptor
  }

  private func beginning(of path: String) throws(ProcessingError) -> [UInt8] {
    let descriptor = try openAgain(path)
    defer { close(descriptor) }
    return unsafe [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      // Safe: no more is read than there is room.
      count = max(0, unsafe read(descriptor, buffer.baseAddress, 64))
    }
  }

  /// Ends an artefact; nil when it has no bytes. `class` names files of ours whose type is always the same.
  func end(_ number: Int, class: String? = nil) throws(ProcessingError) -> StoredArtefact? {
    guard let ended = open.removeValue(forKey: number), ended.byteCount > 0 else { return nil }
    let hashes = ended.digests()
    if var stored = known[hashes.sha256] {
      // Captured bytes that are those of a text of ours, or the other way round: each is described as what it is.
      if (stored.sha1 == nil) != (hashes.sha1 == nil) {
        if let file = ended.file { try file.flush() }
        let (type, fuzzy) = (try type(ended, `class`), ended.fuzzyDigests())
        (stored.sha1, stored.md5) = (hashes.sha1, hashes.md5)
        (stored.ssdeep, stored.tlsh) = (fuzzy.ssdeep, fuzzy.tlsh)
        (stored.mediaType, stored.typeDescription) = (type.mediaType, type.description)
      }
      if ended.file != nil { unlinkQuietly(ended.path) }
      return stored
    }
    if let file = ended.file { try file.flush() }
    let type = try type(ended, `class`)
    let hex = hashes.sha256.hex
    let suffix = try FileTypeIdentifier.fileExtension(forMediaType: type.mediaType) { () throws(ProcessingError) in
      ended.file == nil ? ended.bytes : try beginning(of: ended.path)
    }
    let name = "\(hex.prefix(2))/\(hex).\(suffix)"
    let target = "\(root)/\(name)"
    try makeDirectory("\(root)/\(hex.prefix(2))")
    if ended.file == nil {
      try write(ended.bytes, target)
    } else {
      try move(ended.path, target)
    }
    let fuzzy = ended.fuzzyDigests()
    var stored = StoredArtefact(
      sha256: hashes.sha256, sha1: hashes.sha1, md5: hashes.md5, byteCount: ended.byteCount,
      mediaType: type.mediaType, typeDescription: type.description, path: "\(Self.bundlePrefix)\(name)")
    stored.ssdeep = fuzzy.ssdeep
    stored.tlsh = fuzzy.tlsh
    if known.count < Self.maximumKnown { known[hashes.sha256] = stored }
    return stored
  }

  /// Writes a small artefact under its final name at once; what is no longer known and comes again is there.
  private func write(_ bytes: [UInt8], _ target: String) throws(ProcessingError) {
    // Safe: the path is a string of ours.
    if known.count >= Self.maximumKnown, unsafe access(target, F_OK) == 0 { return }
    try BufferedFile(creating: target, capacity: 1).write(bytes)
  }

  private func unlinkQuietly(_ path: String) {
    // Safe: the path is a string of ours.
    unsafe _ = unlink(path)
  }

  private var madeDirectories: Set<String> = []

  private func makeDirectory(_ path: String) throws(ProcessingError) {
    guard madeDirectories.insert(path).inserted else { return }
    // Safe: the path is a string of ours.
    guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .writing(path, errno) }
  }

  private func move(_ path: String, _ target: String) throws(ProcessingError) {
    // Safe: both paths are strings of ours. What comes a second time replaces the same bytes by the same bytes.
    guard unsafe rename(path, target) == 0 else { throw .writing(target, errno) }
  }
}
