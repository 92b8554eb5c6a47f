import ByteReading
import CSQLite
import Glibc

/// Reads the reference data set of the NSRL, version 3: an SQLite database with FILE, or METADATA, and VERSION.
///
/// The database may be hostile: it is opened read-only and unchangeable, runs no functions but those of SQLite that are harmless, and has limits.
@safe struct ReferenceDataReader {
  /// Limit of a text or of a row, in bytes.
  static let maximumLength: Int32 = 1 << 20
  /// Memory of SQLite, in bytes.
  static let maximumMemory: Int64 = 256 << 20
  private let database: OpaquePointer
  private let watch: StepWatch

  /// Counts what SQLite does between two rows.
  private final class StepWatch {
    var millions = 0
    let limit: Int
    init(_ limit: Int) { self.limit = limit }
  }

  init(path: String, millionsOfSteps: Int) throws(HashSetFault) {
    watch = StepWatch(millionsOfSteps)
    sqlite3_hard_heap_limit64(Self.maximumMemory)
    // Everything but letters, digits and what paths commonly have is written as an escape.
    let escaped = path.utf8.map { byte -> String in
      let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      if isPlain || [0x2d, 0x2e, 0x2f, 0x5f].contains(byte) { return String(Unicode.Scalar(byte)) }
      let digits = String(byte, radix: 16)
      return "%" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
    var opened: OpaquePointer?
    // Safe: texts are strings of ours; the handle is closed on each way out.
    let result = unsafe sqlite3_open_v2(
      "file:\(escaped)?mode=ro&immutable=1", &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nil)
    guard result == SQLITE_OK, let handle = unsafe opened else {
      let message = unsafe opened.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "no memory"
      unsafe sqlite3_close(opened)
      throw HashSetFault("SQLite cannot open it: \(message)")
    }
    unsafe database = handle
    for (limit, value) in [
      (SQLITE_LIMIT_LENGTH, Self.maximumLength), (SQLITE_LIMIT_SQL_LENGTH, 65_536), (SQLITE_LIMIT_COLUMN, 200),
      (SQLITE_LIMIT_EXPR_DEPTH, 100), (SQLITE_LIMIT_COMPOUND_SELECT, 10), (SQLITE_LIMIT_ATTACHED, 0),
      (SQLITE_LIMIT_TRIGGER_DEPTH, 1), (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
    ] { unsafe sqlite3_limit(handle, limit, value) }
    for pragma in ["trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "temp_store=MEMORY", "query_only=ON"] {
      unsafe sqlite3_exec(handle, "PRAGMA \(pragma)", nil, nil, nil)
    }
    let context = unsafe Unmanaged.passUnretained(watch).toOpaque()
    // Safe: the object lives as long as this reader, which closes the database.
    unsafe sqlite3_progress_handler(
      handle, 1_000_000,
      { context in
        guard let context = unsafe context else { return 1 }
        let watch = unsafe Unmanaged<StepWatch>.fromOpaque(context).takeUnretainedValue()
        watch.millions += 1
        return watch.millions > watch.limit ? 1 : 0
      }, context)
  }

  func close() { unsafe sqlite3_close(database) }

  private var message: String { unsafe String(cString: sqlite3_errmsg(database)) }

  private func prepare(_ query: String) -> OpaquePointer? {
    var statement: OpaquePointer?
    // Safe: the text is a string of ours; the statement is finalised by who asked for it.
    guard unsafe sqlite3_prepare_v2(database, query, -1, &statement, nil) == SQLITE_OK else { return nil }
    return unsafe statement
  }

  private static let queries = [
    "SELECT sha256, sha1, md5, file_name, file_size FROM FILE",
    "SELECT sha256, sha1, md5, file_name, NULL FROM FILE",
    "SELECT sha256, sha1, md5, NULL, bytes FROM METADATA",
    "SELECT sha256, sha1, md5, NULL, NULL FROM METADATA",
  ]

  func read(into sink: any HashSetSink) throws(HashSetFault) {
    var statement: OpaquePointer?
    for query in Self.queries where unsafe statement == nil { unsafe statement = prepare(query) }
    guard let rows = unsafe statement else {
      throw HashSetFault(
        "it is an SQLite database without a table FILE or METADATA with sha256, sha1 and md5: \(message)")
    }
    defer { unsafe sqlite3_finalize(rows) }
    var row: UInt64 = 0
    while true {
      watch.millions = 0
      let state = unsafe sqlite3_step(rows)
      if state == SQLITE_DONE { return }
      row += 1
      guard state == SQLITE_ROW else { throw HashSetFault("SQLite cannot read it: \(message)", unit: .row, at: row) }
      var entry = HashSetEntry()
      for (column, algorithm) in [(Int32(0), FileDigest.Algorithm.sha256), (1, .sha1), (2, .md5)] {
        let digits = unsafe text(rows, column)
        guard !digits.isEmpty else { continue }
        guard let digest = FileDigest(algorithm, hex: digits) else {
          throw HashSetFault(
            "its \(algorithm.rawValue) is none: \(DigestListReader.quoted(digits))", unit: .row, at: row)
        }
        entry.take(digest)
      }
      entry.name = unsafe text(rows, 3)
      let size = unsafe sqlite3_column_type(rows, 4) == SQLITE_INTEGER ? sqlite3_column_int64(rows, 4) : -1
      if size >= 0, size < 1 << 53 { entry.byteCount = size }
      try sink.add(entry)
    }
  }

  /// The last version that the set names, and how it describes itself.
  var version: (version: String, description: String)? {
    for order in ["release_date DESC, version DESC", "version DESC"] {
      guard let statement = unsafe prepare("SELECT version, description FROM VERSION ORDER BY \(order) LIMIT 1") else {
        continue
      }
      defer { unsafe sqlite3_finalize(statement) }
      watch.millions = 0
      guard unsafe sqlite3_step(statement) == SQLITE_ROW else { return nil }
      let texts = unsafe (text(statement, 0), text(statement, 1))
      return (
        String(decoding: texts.0.prefix(200), as: UTF8.self), String(decoding: texts.1.prefix(200), as: UTF8.self)
      )
    }
    return nil
  }

  private func text(_ statement: OpaquePointer, _ column: Int32) -> [UInt8] {
    // Safe: the text stays until the next step, and its length is SQLite's own.
    guard let start = unsafe sqlite3_column_text(statement, column) else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
  }
}
