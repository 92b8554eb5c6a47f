import CLibAV
import Glibc

/// What the libav libraries say of the bytes in hand: they tell damage in words only, without an error to catch.
///
/// One at a time in a process, whose only thread it is.
final class MediaMessages {
  /// Messages that wait to be taken.
  private static let maximumWaiting = 20
  private static let maximumBytes = 300

  private nonisolated(unsafe) static var waiting: [String] = []
  /// Messages of errors since `begin`.
  private nonisolated(unsafe) static var errorCount = 0

  private init() {}

  static func begin() -> MediaMessages {
    unsafe waiting = []
    unsafe errorCount = 0
    av_log_set_level(AV_LOG_ERROR)
    unsafe av_log_set_callback { _, level, format, arguments in
      guard level <= AV_LOG_ERROR, let format = unsafe format, let arguments = unsafe arguments else { return }
      unsafe MediaMessages.errorCount += 1
      guard unsafe MediaMessages.waiting.count < MediaMessages.maximumWaiting else { return }
      var text = [CChar](repeating: 0, count: MediaMessages.maximumBytes)
      // Safe: the size is that of the array, and format and arguments are libav's own.
      unsafe vsnprintf(&text, text.count, format, arguments)
      let words = RecordingFacts.text(text).trimmingPrefix { $0.isWhitespace }
      let line = words.split(separator: "\n").first.map(String.init) ?? ""
      unsafe MediaMessages.waiting.append(line.hasSuffix(".") ? String(line.dropLast()) : line)
    }
    return MediaMessages()
  }

  /// What was said since it was last asked.
  func take() -> [String] {
    let said = unsafe Self.waiting
    if !said.isEmpty { unsafe Self.waiting = [] }
    return said
  }

  var errorCount: Int { unsafe Self.errorCount }

  func end() {
    av_log_set_callback(nil)
    av_log_set_level(AV_LOG_QUIET)
  }
}
