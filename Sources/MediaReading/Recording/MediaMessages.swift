import CLibAV
import Glibc
import Synchronization

/// What the libav libraries say of the bytes in hand: they tell damage in words only, without an error to catch.
///
/// One at a time in a process; what they say in other threads than the one that began is not heard.
final class MediaMessages {
  /// Messages that wait to be taken.
  private static let maximumWaiting = 20
  private static let maximumBytes = 300

  private struct Heard {
    var listener: pthread_t?
    var waiting: [String] = []
  }
  private static let heard = Mutex(Heard())

  private init() {}

  static func begin() -> MediaMessages {
    heard.withLock { $0 = Heard(listener: pthread_self()) }
    av_log_set_level(AV_LOG_ERROR)
    unsafe av_log_set_callback { _, level, format, arguments in
      guard level <= AV_LOG_ERROR, let format = unsafe format, let arguments = unsafe arguments else { return }
      var text = [CChar](repeating: 0, count: MediaMessages.maximumBytes)
      // Safe: the size is that of the array, and format and arguments are libav's own.
      unsafe vsnprintf(&text, text.count, format, arguments)
      let words = RecordingFacts.text(text).trimmingPrefix { $0.isWhitespace }
      let line = words.split(separator: "\n").first.map(String.init) ?? ""
      MediaMessages.heard.withLock {
        guard $0.listener == pthread_self(), $0.waiting.count < MediaMessages.maximumWaiting else { return }
        $0.waiting.append(line.hasSuffix(".") ? String(line.dropLast()) : line)
      }
    }
    return MediaMessages()
  }

  /// What was said since it was last asked.
  func take() -> [String] {
    Self.heard.withLock { heard in
      guard !heard.waiting.isEmpty else { return [] }
      defer { heard.waiting = [] }
      return heard.waiting
    }
  }

  func end() {
    av_log_set_callback(nil)
    av_log_set_level(AV_LOG_QUIET)
  }
}
