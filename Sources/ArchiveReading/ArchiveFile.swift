import CArchive
import EvidenceModel
import Glibc

/// One archive, or one compressed file, whose members are read one behind the other through libarchive; nothing is written.
@safe public final class ArchiveFile {
  private let archive: OpaquePointer
  private var entry: OpaquePointer?
  private var count = 0
  private var hasEnded = false
  /// Whether the member whose head was read last is a file.
  private var isFile = false
  private let byteCount: UInt64
  private let read: (UInt64, Int) -> [UInt8]
  /// Of a zip, while its entries are those that libarchive gives.
  private var directory: ZipDirectory?
  /// Places at which heads could not be read although the archive goes on: behind which member, and why.
  public private(set) var gaps: [(after: Int, reason: String)] = []
  /// How many there were, of which the first stand in `gaps`.
  public private(set) var gapCount = 0
  /// What whoever packed a zip wrote about all of it.
  public private(set) var comment: [UInt8] = []

  // Safe: made once and never changed.
  nonisolated(unsafe) private static let locale = unsafe exhibit_archive_locale()

  /// Loads what the system reads files for; to be called before a sandbox is entered. False where it is missing.
  public static func prepare() -> Bool { unsafe locale != nil }

  /// Opens a regular file that stays open as long as this object.
  public init(descriptor: Int32) throws(ArchiveFault) {
    byteCount = UInt64(clamping: lseek(descriptor, 0, SEEK_END))
    read = { offset, count in
      unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
        // Safe: no more is read than there is room.
        done = max(0, unsafe pread(descriptor, buffer.baseAddress, count, off_t(clamping: offset)))
      }
    }
    unsafe archive = try Self.make()
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw ArchiveFault(.system, "the file cannot be read") }
    let status = Self.inLocale { unsafe archive_read_open_fd(archive, descriptor, 1 << 16) }
    try check(status)
  }

  /// Opens bytes that stay where they are as long as this object.
  @unsafe public init(memory: UnsafeRawBufferPointer) throws(ArchiveFault) {
    byteCount = UInt64(memory.count)
    read = { offset, count in
      let start = min(Int(clamping: offset), memory.count)
      // Safe: the range is inside the bytes.
      return unsafe [UInt8](memory[start..<min(memory.count, start + count)])
    }
    unsafe archive = try Self.make()
    let status = Self.inLocale { unsafe archive_read_open_memory(archive, memory.baseAddress, memory.count) }
    try check(status)
  }

  deinit { unsafe _ = archive_read_free(archive) }

  /// Formats and compressions that are read; none of them looks at other files or starts a program.
  private static func make() throws(ArchiveFault) -> OpaquePointer {
    guard unsafe locale != nil, let made = unsafe archive_read_new() else {
      throw ArchiveFault(.system, "libarchive or the locale C.UTF-8 cannot be used")
    }
    unsafe archive_read_support_filter_gzip(made)
    unsafe archive_read_support_filter_bzip2(made)
    unsafe archive_read_support_filter_xz(made)
    unsafe archive_read_support_filter_lzma(made)
    unsafe archive_read_support_filter_zstd(made)
    unsafe archive_read_support_filter_lz4(made)
    unsafe archive_read_support_filter_compress(made)
    unsafe archive_read_support_format_zip(made)
    unsafe archive_read_support_format_7zip(made)
    unsafe archive_read_support_format_rar(made)
    unsafe archive_read_support_format_rar5(made)
    unsafe archive_read_support_format_tar(made)
    unsafe archive_read_support_format_cab(made)
    unsafe archive_read_support_format_iso9660(made)
    unsafe archive_read_support_format_cpio(made)
    unsafe archive_read_support_format_ar(made)
    unsafe archive_read_support_format_raw(made)
    return unsafe made
  }

  private static func inLocale<Result>(_ body: () -> Result) -> Result {
    // Safe: the locale is never freed, and the thread gets its own back.
    let former = unsafe uselocale(locale)
    defer { unsafe _ = uselocale(former) }
    return body()
  }

  private func check(_ status: Int32) throws(ArchiveFault) {
    guard status != ARCHIVE_OK, status != ARCHIVE_WARN else { return }
    throw ArchiveFault(count == 0 ? .unknownFormat : .damaged, message)
  }

  private var message: String {
    // Safe: libarchive keeps the text until its next call.
    guard let text = unsafe archive_error_string(archive) else { return "it is damaged" }
    return unsafe String(cString: text)
  }

  /// The archive's format, once a member was read: `zip`, `tar` …; `compressed` of one file that is only compressed.
  public var format: String {
    let family = unsafe archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK
    return switch family {
    case ARCHIVE_FORMAT_ZIP: "zip"
    case ARCHIVE_FORMAT_7ZIP: "7z"
    case ARCHIVE_FORMAT_RAR, ARCHIVE_FORMAT_RAR_V5: "rar"
    case ARCHIVE_FORMAT_TAR: "tar"
    case ARCHIVE_FORMAT_CAB: "cab"
    case ARCHIVE_FORMAT_ISO9660: "iso9660"
    case ARCHIVE_FORMAT_CPIO: "cpio"
    case ARCHIVE_FORMAT_AR: "ar"
    case ARCHIVE_FORMAT_RAW: "compressed"
    default: "unknown"
    }
  }

  /// The compressions around all of it, outermost last, such as `gzip`.
  public var compressions: [String] {
    let count = unsafe archive_filter_count(archive)
    return (0..<max(0, count)).compactMap { place in
      switch unsafe archive_filter_code(archive, place) {
      case ARCHIVE_FILTER_GZIP: "gzip"
      case ARCHIVE_FILTER_BZIP2: "bzip2"
      case ARCHIVE_FILTER_XZ: "xz"
      case ARCHIVE_FILTER_LZMA: "lzma"
      case ARCHIVE_FILTER_ZSTD: "zstd"
      case ARCHIVE_FILTER_LZ4: "lz4"
      case ARCHIVE_FILTER_COMPRESS: "compress"
      default: nil
      }
    }
  }

  // MARK: Members

  /// Reads the head of the next member; nil behind the last. Throws when there is no way on: what came before stands.
  public func next() throws(ArchiveFault) -> ArchiveMember? {
    guard !hasEnded else { return nil }
    var status = ARCHIVE_OK
    var tries = 0
    repeat {
      Self.inLocale { unsafe status = archive_read_next_header(archive, &entry) }
      guard status == ARCHIVE_RETRY || status == ARCHIVE_FAILED else { break }
      // Where nothing was read yet it is perhaps no archive at all.
      guard count > 0 else { break }
      if tries == 0 { noteGap() }
      tries += 1
    } while tries < ArchiveLimits.unreadableHeads
    guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let head = unsafe entry else {
      hasEnded = true
      guard status != ARCHIVE_EOF else { return nil }
      if count == 0, unsafe archive_read_has_encrypted_entries(archive) > 0 {
        throw ArchiveFault(.encrypted, message)
      }
      throw ArchiveFault(count == 0 && format == "unknown" ? .unknownFormat : .damaged, message)
    }
    // A file that is not compressed at all is what it is.
    if format == "compressed", compressions.isEmpty {
      hasEnded = true
      throw ArchiveFault(.unknownFormat, "Unrecognized archive format")
    }
    count += 1
    var made = Self.inLocale { unsafe member(head, warning: status == ARCHIVE_WARN ? message : nil) }
    isFile = made.kind == .file
    if format == "zip", compressions.isEmpty { complete(&made) }
    return made
  }

  private func noteGap() {
    gapCount += 1
    if gaps.count < ArchiveLimits.namedMembers { gaps.append((count, message)) }
    // The directory counts members that are missing here.
    directory = nil
  }

  /// Adds what the directory of a zip says of a member, as long as both agree on the names.
  private func complete(_ member: inout ArchiveMember) {
    if count == 1 {
      directory = ZipDirectory(byteCount: byteCount, read: read)
      comment = directory?.comment ?? []
    }
    guard let known = directory, known.entries.indices.contains(count - 1) else { return }
    let entry = known.entries[count - 1]
    // libarchive's name ends at the first zero, and a UTF-8 name that is none is repaired.
    guard let name = member.name, entry.name.prefix(name.count).elementsEqual(name),
      entry.name.count == name.count || entry.name[name.count] == 0
    else {
      directory = nil
      return
    }
    member.name = entry.name
    member.modifiedLocal = entry.local
    member.modified = entry.universal
  }

  private func member(_ head: OpaquePointer, warning: String?) -> ArchiveMember {
    let format = format
    let hardLink = unsafe Self.text(archive_entry_hardlink(head)) ?? Self.text(archive_entry_hardlink_utf8(head))
    let kind: ArchiveMember.Kind =
      if hardLink != nil { .hardLink } else {
        switch unsafe UInt32(archive_entry_filetype(head)) {
        case 0o100_000: .file
        case 0o040_000: .directory
        case 0o120_000: .symbolicLink
        case 0o020_000: .characterDevice
        case 0o060_000: .blockDevice
        case 0o010_000: .fifo
        case 0o140_000: .socket
        // Of formats that do not tell, and of compressed files.
        case 0: .file
        default: .unknown
        }
      }
    var made = unsafe ArchiveMember(index: count, kind: kind, method: String(cString: archive_format_name(archive)))
    made.warning = warning
    if format != "compressed" {
      let name = unsafe Self.text(archive_entry_pathname(head)) ?? Self.text(archive_entry_pathname_utf8(head))
      made.name = name?.bytes
      made.isNameCut = name?.isCut == true
    }
    if unsafe archive_entry_size_is_set(head) != 0 {
      made.statedByteCount = unsafe UInt64(clamping: archive_entry_size(head))
    }
    if unsafe archive_entry_mtime_is_set(head) != 0 {
      let seconds = unsafe Int64(archive_entry_mtime(head))
      let time = Self.time(seconds, unsafe Int64(archive_entry_mtime_nsec(head)))
      switch format {
      // RAR 5 has universal time, RAR 4 that of a clock.
      case "rar" where unsafe archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_RAR_V5:
        made.modified = time
      // It may be either; the directory tells.
      case "zip": break
      case "cab", "rar": made.modifiedLocal = time.map { String($0.description.prefix(19)) }
      // Without a time, it is zero.
      case "compressed": made.modified = seconds == 0 ? nil : time
      default: made.modified = time
      }
    }
    if ["tar", "cpio", "ar", "iso9660"].contains(format) {
      made.mode = unsafe UInt16(truncatingIfNeeded: archive_entry_perm(head))
      made.userID = unsafe archive_entry_uid(head)
      made.groupID = unsafe archive_entry_gid(head)
      made.userName = unsafe Self.text(archive_entry_uname(head))?.bytes
      made.groupName = unsafe Self.text(archive_entry_gname(head))?.bytes
    }
    made.linkTarget =
      unsafe (hardLink ?? Self.text(archive_entry_symlink(head)) ?? Self.text(archive_entry_symlink_utf8(head)))?.bytes
    made.isEncrypted = unsafe archive_entry_is_encrypted(head) != 0
    return made
  }

  /// A text of libarchive's; nil when it is absent or empty.
  @unsafe private static func text(_ start: UnsafePointer<CChar>?) -> (bytes: [UInt8], isCut: Bool)? {
    guard let start = unsafe start else { return nil }
    // Safe: libarchive ends its texts with a zero, and no more is looked at than may be kept.
    let count = unsafe strnlen(start, ArchiveLimits.nameBytes + 1)
    guard count > 0 else { return nil }
    let kept = min(count, ArchiveLimits.nameBytes)
    return unsafe (
      [UInt8](UnsafeRawBufferPointer(start: start, count: kept)), count > kept
    )
  }

  private static func time(_ seconds: Int64, _ nanoseconds: Int64) -> CaptureTime? {
    let (product, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow) = product.addingReportingOverflow(nanoseconds)
    return isTooLarge || overflow || sum == .min ? nil : CaptureTime(nanoseconds: sum)
  }

  // MARK: Content

  private static let zeros = [UInt8](repeating: 0, count: 65_536)

  /// Hands out the content of the member whose head was read last, until `take` says that it wants no more.
  public func content(_ take: (RawSpan) -> Bool) -> ArchiveContent {
    var result = ArchiveContent()
    // Each turn hands out bytes or ends; `take` bounds how many.
    while true {
      var start: UnsafeRawPointer?
      var size = 0
      var offset: Int64 = 0
      var status = ARCHIVE_OK
      Self.inLocale { unsafe status = archive_read_data_block(archive, &start, &size, &offset) }
      let isData = status == ARCHIVE_OK || status == ARCHIVE_WARN
      if status == ARCHIVE_WARN { result.fault = message }
      guard isData || status == ARCHIVE_EOF else {
        result.fault = message
        if status == ARCHIVE_FATAL { hasEnded = true }
        return result
      }
      guard let place = UInt64(exactly: offset), place >= result.byteCount else {
        if isData { result.fault = "its pieces do not follow each other" }
        return result
      }
      // Links have the size of what they lead to, and mostly no content.
      guard isData || isFile || result.byteCount > 0 else { return result }
      guard fill(upTo: place, &result, take) else { return result }
      guard isData else { return result }
      guard size > 0, let first = unsafe start else { continue }
      // Safe: libarchive keeps `size` bytes there until its next call.
      guard take(unsafe UnsafeRawBufferPointer(start: first, count: size).bytes) else {
        result.isStopped = true
        return result
      }
      result.byteCount += UInt64(size)
    }
  }

  /// Hands out the zeros of a place that the archive leaves out because there is nothing (sparse files).
  private func fill(upTo place: UInt64, _ result: inout ArchiveContent, _ take: (RawSpan) -> Bool) -> Bool {
    while result.byteCount < place {
      let step = Int(min(place - result.byteCount, UInt64(Self.zeros.count)))
      // Safe: the array is never freed.
      guard take(unsafe Self.zeros.span.bytes.extracting(first: step)) else {
        result.isStopped = true
        return false
      }
      result.byteCount += UInt64(step)
    }
    return true
  }
}
