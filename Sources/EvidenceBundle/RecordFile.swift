import Foundation

/// Reads records of a bundle, a line at a time; a bundle may be hostile too.
///
/// Limit: a line of 64 MiB. A line that is no JSON object is reported with its file and number.
public struct RecordFile: Sequence {
  public static let maximumLineLength = 64 << 20
  public let path: String

  public init(path: String) { self.path = path }

  /// The kinds of records in a bundle, by their files' names.
  public static func files(inBundle bundle: String) throws(BundleError) -> [(name: String, file: RecordFile)] {
    let directory = "\(bundle)/\(BundleLayout.records)"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
      throw BundleError(.malformed, directory, "there are no records; is this a bundle?")
    }
    return names.filter { $0.hasSuffix(".ndjson") }.sorted().map {
      (String($0.dropLast(7)), RecordFile(path: "\(directory)/\($0)"))
    }
  }

  public func makeIterator() -> LineIterator { LineIterator(path: path) }

  /// How many lines the file has.
  public var count: Int {
    let iterator = makeIterator()
    var count = 0
    while iterator.skip() { count += 1 }
    return count
  }

  /// Gives the lines of a file without their ends.
  @safe public final class LineIterator: IteratorProtocol {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var begin = 0
    private var searched = 0
    private var isAtEnd = false

    init(path: String) {
      // Safe: the path is a string of ours. NONBLOCK: a pipe must not hold us up.
      descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
      var status = stat()
      // Safe: the structure is a variable of ours.
      isAtEnd = unsafe descriptor < 0 || fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    public func next() -> [UInt8]? { take().map { Array(buffer[$0]) } }

    /// Does something with the next line where it stands, and gives what came of it; nil at the end.
    public func withNext<Result>(_ body: (RawSpan) -> Result) -> Result? {
      guard let range = take() else { return nil }
      // Safe: the view ends before the call does, and the buffer is not changed meanwhile.
      return unsafe buffer.withUnsafeBytes {
        body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: $0[range])))
      }
    }

    /// Passes over a line; false at the end.
    func skip() -> Bool { take() != nil }

    /// Where the next line stands in the buffer, until another one is asked for.
    private func take() -> Range<Int>? {
      guard let range = find() else { return nil }
      begin = Swift.min(range.upperBound + 1, buffer.count)
      searched = begin
      return range
    }

    /// Where the next line stands in the buffer.
    private func find() -> Range<Int>? {
      while true {
        // Safe: memchr looks at bytes of the array only.
        let hit = unsafe buffer.withUnsafeBytes { bytes -> Int? in
          guard searched < bytes.count, let base = bytes.baseAddress else { return nil }
          guard let found = unsafe memchr(base + searched, 0x0a, bytes.count - searched) else { return nil }
          return unsafe UnsafeRawPointer(found) - base
        }
        if let hit { return begin..<hit }
        searched = buffer.count
        if isAtEnd || buffer.count - begin > maximumLineLength {
          return begin < buffer.count ? begin..<buffer.count : nil
        }
        fill()
      }
    }

    private func fill() {
      buffer.removeFirst(begin)
      searched -= begin
      begin = 0
      let more = 1 << 18
      // Safe: the array has room for `more` bytes, of which as many are used as were read.
      let piece = unsafe [UInt8](unsafeUninitializedCapacity: more) { space, count in
        count = unsafe Swift.max(0, read(descriptor, space.baseAddress, more))
      }
      buffer += piece
      if piece.isEmpty { isAtEnd = true }
    }
  }
}
