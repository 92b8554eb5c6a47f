import EvidenceModel
import Foundation

/// The computer's clock.
enum SystemClock {
  /// Now: RFC 3339 in UTC with nanoseconds.
  static var now: String {
    var time = timespec()
    // Safe: the structure is a variable of ours.
    unsafe _ = clock_gettime(CLOCK_REALTIME, &time)
    return CaptureTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)).description
  }
}
